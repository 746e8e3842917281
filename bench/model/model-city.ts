import { type CityStore, fill, openCityStore } from "../../test/kit/cities/city-store.ts";
import { createTestClock, type TestClock } from "../../test/kit/clock.ts";
import { createDynamoModel, type DynamoModel } from "../../test/kit/dynamo/dynamo-model.ts";
import { type Check, printTable } from "../../test/kit/output.ts";
import { MAX_ZOOM } from "../../tiles/geo/tile-address.ts";
import type { Report } from "../../tiles/report.ts";
import { createTileCensus, type SampleTile, type TileCensus } from "../kit/sample-tiles.ts";
import { measureZoom, type ZoomCosts } from "./model-tiles.ts";
import { createNaiveStore, type NaiveStore } from "./naive.ts";

export const NOW_MS = Date.UTC(2026, 5, 1);
export const ZOOMS = Array.from({ length: MAX_ZOOM + 1 }, (_, z) => z);
const SAMPLE = 12;

export const samplesOf = ({ census }: City): SampleTile[][] => ZOOMS.map((z) => census.sample(z, SAMPLE));

export interface City {
  readonly name: string;
  readonly store: CityStore;
  readonly model: DynamoModel;
  readonly clock: TestClock;
  readonly census: TileCensus;
  readonly naive: NaiveStore;
}

export async function load(name: string, reports: Iterable<Report>): Promise<City> {
  const clock = createTestClock(NOW_MS);
  const model = createDynamoModel();
  const store = openCityStore({ client: model.client, table: "bench", clock, onConsumed() {} });
  const census = createTileCensus(0, MAX_ZOOM);
  const naive = createNaiveStore();
  const city: City = { name, store, model, clock, census, naive };
  function* noted(): Generator<Report> {
    for (const report of reports) {
      census.add(report);
      naive.add(report);
      yield report;
    }
  }
  const start = performance.now();
  await fill(store, noted());
  const filledMs = performance.now() - start;
  clock.advance(20_000);
  model.reset();
  await store.compactor.rebuild();
  clock.advance(20_000);
  const stored = Object.entries(model.stored()).map(
    ([kind, { items, bytes }]) => `${kind} ${items} items ${mb(bytes)} MB`,
  );
  console.log(
    `\n${name}: stored in ${seconds(filledMs)} s, first compaction ${seconds(performance.now() - start - filledMs)} s, ` +
      `${model.used.write} write units; ${stored.join(", ")}`,
  );
  return city;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(0);
const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

export async function printTileCosts(
  city: City,
  tiles: readonly (readonly SampleTile[])[],
  what: string,
): Promise<ZoomCosts[]> {
  const stores = { city: city.store, model: city.model, naive: city.naive };
  const costs: ZoomCosts[] = [];
  for (const z of ZOOMS) costs.push(await measureZoom(z, tiles[z] ?? [], stores));
  printTable(
    `cold tile, ${city.name}, ${what}: read units; naive: every geohash-6 asked / only those known to hold rows`,
    [
      "zoom",
      "tiles",
      "median",
      "p95",
      "max",
      "requests",
      "round trips",
      "naive queries",
      "naive units",
      "known",
      "units",
    ],
    costs.map(({ z, tiles: n, read, requests, roundTrips, naive }) => [
      `z${z}`,
      n,
      read.median,
      read.p95,
      read.max,
      requests,
      roundTrips,
      naive.queries,
      naive.read,
      naive.knownQueries,
      naive.knownRead,
    ]),
  );
  return costs;
}

export function tileChecks(costs: readonly ZoomCosts[], what: string): Check[] {
  const check = (name: string, limit: number, of: (costs: ZoomCosts) => number): Check => {
    const over = costs.filter((each) => of(each) > limit).map(({ z }) => z);
    const found = Math.max(...costs.map(of));
    const zooms = over.length === 0 ? "" : ` (over at z${over.join(" ")})`;
    return {
      what: `cold tile, ${what}: ${name}`,
      limit: String(limit),
      found: `${found}${zooms}`,
      met: over.length === 0,
    };
  };
  return [
    check("read units", 50, ({ read }) => read.max),
    check("requests", 9, ({ requests }) => requests),
    check("round trips", 2, ({ roundTrips }) => roundTrips),
  ];
}
