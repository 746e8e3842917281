import { checkAreas } from "../../server/area-import/check-areas.ts";
import { readFeatures } from "../../server/area-import/read-features.ts";
import { findCity } from "../../server/areas/cities.ts";
import { openAreas } from "../../test/kit/area-world.ts";
import { CITY_CENTER, cityReports, cityTraffic } from "../../test/kit/cities/city.ts";
import { fill, openCityStore } from "../../test/kit/cities/city-store.ts";
import { createTestClock, type TestClock } from "../../test/kit/clock.ts";
import { createDynamoModel } from "../../test/kit/dynamo/dynamo-model.ts";
import { makeGrid } from "../../test/kit/made-up-areas.ts";
import { seededRandom } from "../../test/kit/random.ts";
import type { Area } from "../../tiles/areas/area.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { Report } from "../../tiles/report.ts";
import { formatReportId, TAIL_LENGTH } from "../../tiles/report-id.ts";

/** The city whose box the made-up city is fitted into, so that real borders can be measured, too. */
const PLACE = findCity("san-francisco") as NonNullable<ReturnType<typeof findCity>>;
const [WEST, SOUTH, EAST, NORTH] = PLACE.bbox;
/** Of the made-up city, degrees. */
const MADE_UP_WIDTH = 0.52;
const MADE_UP_HEIGHT = 0.36;

/** The made-up city's report at its place in the box. */
function fitted(report: Report): Report {
  const across = (report.lonDeg - CITY_CENTER[0]) / MADE_UP_WIDTH + 0.5;
  const up = (report.latDeg - CITY_CENTER[1]) / MADE_UP_HEIGHT + 0.5;
  const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
  const lonDeg = round(WEST + Math.min(0.999, Math.max(0.001, across)) * (EAST - WEST));
  const latDeg = round(SOUTH + Math.min(0.999, Math.max(0.001, up)) * (NORTH - SOUTH));
  const { createdAtMs, layer, id } = report;
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  return {
    ...report,
    lonDeg,
    latDeg,
    id: formatReportId({ createdAtMs, geohash5, layer, shard: 0, tail: id.slice(-TAIL_LENGTH) }),
  };
}

/** Reports of all layers in the box, up to 89 days old. */
export const reportsOf = (count: number, nowMs: number): Report[] => [...cityReports({ count, nowMs })].map(fitted);

/** One report after another. */
export function* trafficOf(clock: TestClock, everyMs: number): Generator<Report> {
  for (const report of cityTraffic({ startMs: clock.now(), everyMs, seed: 3 })) yield fitted(report);
}

/** So many areas a side, of about the same size, which fill the box. */
export const gridOfAreas = (side: number): Area[] =>
  makeGrid({
    west: Math.round(WEST * 1e6),
    south: Math.round(SOUTH * 1e6),
    size: side,
    stepE6: Math.floor(((EAST - WEST) * 1e6) / side),
    heightE6: Math.floor(((NORTH - SOUTH) * 1e6) / side),
    random: seededRandom(side),
  });

/** Real borders, of a file as `npm run areas` takes it. */
export async function areasOfFile(path: string, nameProperty: string): Promise<Area[]> {
  const checked = checkAreas(await readFeatures(path), { city: PLACE.id, kind: "neighborhood", nameProperty });
  return [...checked.areas];
}

/** A counted city, compacted, with areas if there are any. */
export async function openAreaCity(reports: readonly Report[], areas: readonly Area[], nowMs: number) {
  const clock = createTestClock(nowMs);
  const model = createDynamoModel();
  const city = openCityStore({ client: model.client, table: "bench", clock, onConsumed() {} });
  await fill(city, reports);
  const world = openAreas({ ...city, clock });
  if (areas.length > 0) await world.bring(areas, { city: PLACE });
  clock.advance(20_000);
  await city.compactor.rebuild();
  clock.advance(20_000);
  return { city, model, clock };
}

export type AreaCity = Awaited<ReturnType<typeof openAreaCity>>;
