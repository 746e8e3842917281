import type { LogCell } from "../../server/ports/report-store.ts";
import { MOST_UNMERGED } from "../../server/pyramid/compaction-work.ts";
import { CITY_CENTER, cityReports, cityTraffic } from "../../test/kit/cities/city.ts";
import { appendWhole, type CityStore, fill, openCityStore } from "../../test/kit/cities/city-store.ts";
import { createTestClock, type TestClock } from "../../test/kit/clock.ts";
import { createDynamoModel, type DynamoModel } from "../../test/kit/dynamo/dynamo-model.ts";
import { seededRandom } from "../../test/kit/random.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { formatReportId } from "../../tiles/report-id.ts";

const NOW_MS = Date.UTC(2026, 5, 1);
/** In the last age band, and far from leaving it. */
const CITY_AGE_MS = 40 * 86_400_000;

/** As the server does it, see `server/runtime/node/serve.ts`. */
export const COMPACT_EVERY_MS = 300_000;

export const CONFIRM_EVERY_MS = 200;

export interface WriteCosts {
  readonly reports: number;
  /** Write units a report, all and by kind of item. */
  readonly write: number;
  readonly by: Readonly<Record<string, number>>;
  /** Read units a report that compaction costs. */
  readonly read: number;
}

/** Reports one by one at ten a second for `minutes`, compacted every five; the clock is moved, nobody waits. */
export async function measureTraffic(
  city: CityStore,
  options: { model: DynamoModel; clock: TestClock; minutes: number; layers: readonly ReportLayer[]; seed: number },
): Promise<WriteCosts> {
  const { model, clock, minutes, layers, seed } = options;
  const everyMs = 100;
  const count = (minutes * 60_000) / everyMs;
  const traffic = cityTraffic({ startMs: clock.now(), everyMs, layers, seed });
  model.reset();
  for (let i = 0; i < count; i++) {
    const { value } = traffic.next();
    if (value) await appendWhole(city, value);
    clock.advance(everyMs);
    // As the server's loop does.
    if (i % 2 === 1) await city.store.confirm();
    if (((i + 1) * everyMs) % COMPACT_EVERY_MS === 0) await city.compactor.run();
  }
  const by = Object.fromEntries(Object.entries(model.used.writeBy).map(([kind, units]) => [kind, units / count]));
  return { reports: count, write: model.used.write / count, by, read: model.used.read / count };
}

export interface LoneReportCosts {
  /** Write units until it is acknowledged, and of the compaction that follows, less what an idle one writes. */
  readonly first: number;
  /** Mean of many, none in the cell of another: compactions take in what earlier ones have left unmerged. */
  readonly mean: number;
}

/** All of them younger than a day in the end: what it costs that reports age comes beside. */
const LONE_REPORTS = 2 * MOST_UNMERGED + 2;

/** Reports one every five minutes, each where there is none near, and the compactions after each of them. */
export async function measureLoneReports(
  city: CityStore,
  options: { model: DynamoModel; clock: TestClock; places: Iterable<readonly [number, number]> },
): Promise<LoneReportCosts> {
  const { model, clock, places } = options;
  // What was told a moment ago is told twice.
  for (let times = 0; times < 2; times++) {
    await city.compactor.run();
    clock.advance(COMPACT_EVERY_MS);
  }
  model.reset();
  await city.compactor.run();
  const idle = model.used.write;
  model.reset();
  let count = 0;
  let first = 0;
  for (const [lonDeg, latDeg] of places) {
    await appendWhole(city, loneReport(lonDeg, latDeg, clock.now()));
    clock.advance(CONFIRM_EVERY_MS);
    await city.store.confirm();
    clock.advance(COMPACT_EVERY_MS);
    await city.compactor.run();
    if (++count === 1) first = model.used.write - idle;
    if (count === LONE_REPORTS) break;
  }
  return { first, mean: model.used.write / count - idle };
}

/** Lone reports up to 200 km around a city whose own reports do not age meanwhile. */
export async function measureLoneReportsNearCity(): Promise<LoneReportCosts> {
  const clock = createTestClock(NOW_MS);
  const model = createDynamoModel();
  const city = openCityStore({ client: model.client, table: "bench", clock, onConsumed() {} });
  const taken = new Set<string>();
  function* settled(): Generator<Report> {
    for (const report of cityReports({ count: 20_000, nowMs: NOW_MS, layers: ["safety"] })) {
      taken.add(encodeGeohash(report.lonDeg, report.latDeg, 5));
      yield loneReport(report.lonDeg, report.latDeg, NOW_MS - CITY_AGE_MS, report.id.slice(-8));
    }
  }
  await fill(city, settled());
  await city.compactor.rebuild();
  const random = seededRandom(5);
  const near = emptyPlaces(taken, () => [CITY_CENTER[0] + 4 * random() - 2, CITY_CENTER[1] + 3.6 * random() - 1.8]);
  return measureLoneReports(city, { model, clock, places: near });
}

/** Lone reports anywhere between 60 degrees south and 70 north, in a world that has no others. */
export async function measureLoneReportsInEmptyWorld(): Promise<LoneReportCosts> {
  const clock = createTestClock(NOW_MS);
  const model = createDynamoModel();
  const world = openCityStore({ client: model.client, table: "bench", clock, onConsumed() {} });
  const random = seededRandom(6);
  const places = emptyPlaces(new Set(), () => [360 * random() - 180, 130 * random() - 60]);
  return measureLoneReports(world, { model, clock, places });
}

function* emptyPlaces(
  taken: Set<string>,
  place: () => readonly [number, number],
): Generator<readonly [number, number]> {
  for (;;) {
    const [lonDeg, latDeg] = place();
    const rounded = [roundDegrees(lonDeg), roundDegrees(latDeg)] as const;
    const cell = encodeGeohash(...rounded, 5);
    if (taken.has(cell)) continue;
    taken.add(cell);
    yield rounded;
  }
}

/** Read units of asking again for a cell that a process holds, when nothing is new, and of a poll that brings nothing. */
export async function measureRefresh(
  city: CityStore,
  { model, clock, cell }: { model: DynamoModel; clock: TestClock; cell: LogCell },
): Promise<{ cell: number; poll: number }> {
  const pyramid = await city.startProcess();
  clock.advance(60_000);
  await pyramid.poll();
  clock.advance(1000);
  model.reset();
  await pyramid.poll();
  const poll = model.used.read;
  const [newest] = await city.store.readNewest(cell, 1);
  model.reset();
  await city.store.readCell(cell, { from: `${newest?.id}0` });
  return { cell: model.used.read, poll };
}

function loneReport(lonDeg: number, latDeg: number, createdAtMs: number, tail = "00000000"): Report {
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  const id = formatReportId({ createdAtMs, geohash5, layer: "safety", shard: 0, tail });
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  return { id, layer: "safety", category: "theft", severity: 3, lonDeg, latDeg, createdAtMs, expiresAtMs };
}
