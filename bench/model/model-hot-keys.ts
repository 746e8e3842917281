import { WORLD_CITIES } from "../../server/basemap/world-cities.ts";
import { createDynamoStore } from "../../server/store/dynamo/dynamo.ts";
import { randomTail } from "../../test/kit/cities/city.ts";
import { createTestClock } from "../../test/kit/clock.ts";
import { createDynamoModel } from "../../test/kit/dynamo/dynamo-model.ts";
import { type Check, printTable } from "../../test/kit/output.ts";
import { seededRandom } from "../../test/kit/random.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { CATEGORIES, REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { formatReportId } from "../../tiles/report-id.ts";

/** What the busiest partition keys take and give while the whole world reports. */
export interface HotKeys {
  readonly reportsPerSecond: number;
  readonly pollers: number;
  /** Units a second of the busiest keys. */
  readonly write: readonly KeyRate[];
  readonly read: readonly KeyRate[];
  /** Partitions of the change feed. */
  readonly feedShards: number;
  /** Write units a report, all of it but compaction. */
  readonly writeUnits: number;
  /** Queries, and read units, of one poll. */
  readonly poll: { readonly queries: number; readonly read: number };
}

interface KeyRate {
  readonly key: string;
  readonly perSecond: number;
}

const START_MS = Date.UTC(2026, 5, 1, 12, 4);
const REPORTS_PER_SECOND = 10_000;
const POLLERS = 300;
/** Processes that are played; each writes its share, and polls for its share of the pollers. */
const PROCESSES = 10;
const WARM_UP_SECONDS = 9;
const SECONDS = 3;
const STEPS = 40;

/**
 * Ten thousand reports a second around 250 cities, the first of which get most, written by ten processes that all read the feed
 * once a second; what three hundred pollers would read is reckoned from them.
 */
export async function measureHotKeys(): Promise<HotKeys> {
  const units = { read: new Map<string, number>(), write: new Map<string, number>() };
  const model = createDynamoModel({
    onKey: (pk, kind, count) => units[kind].set(pk, (units[kind].get(pk) ?? 0) + count),
  });
  const clock = createTestClock(START_MS);
  const stores = Array.from({ length: PROCESSES }, () =>
    createDynamoStore({ client: model.client, table: "bench", clock, onConsumed() {} }),
  );
  const cursors = await Promise.all(stores.map(async (store) => (await store.readChanges()).cursor));
  const random = seededRandom(11);
  let reports = 0;
  for (let second = 0; second < WARM_UP_SECONDS + SECONDS; second++) {
    if (second === WARM_UP_SECONDS) {
      for (const kind of [units.read, units.write]) kind.clear();
      model.reset();
      reports = 0;
    }
    for (let step = 0; step < STEPS; step++) {
      const count = REPORTS_PER_SECOND / STEPS;
      const writes = Array.from({ length: count }, (_, i) => {
        const store = stores[i % PROCESSES] as (typeof stores)[number];
        return store.append(reportIn(random, clock.now(), (cell) => store.shardFor(cell)));
      });
      await Promise.all(writes);
      reports += count;
      clock.advance(1000 / STEPS);
      if (step % 4 === 0) await Promise.all(stores.map((store) => store.confirm()));
      // Each at a time of its own.
      await Promise.all(
        stores.map(async (store, i) => {
          if (i % STEPS !== step) return;
          cursors[i] = (await store.readChanges(cursors[i])).cursor;
        }),
      );
    }
  }
  const feedKeys = new Set([...units.write.keys()].filter((key) => key.startsWith("feed#")));
  const feedReads = [...units.read].filter(([key]) => key.startsWith("feed#"));
  const polls = SECONDS * PROCESSES;
  return {
    reportsPerSecond: REPORTS_PER_SECOND,
    pollers: POLLERS,
    write: busiest(units.write, 1 / SECONDS),
    read: busiest(units.read, POLLERS / PROCESSES / SECONDS),
    feedShards: feedKeys.size,
    writeUnits: model.used.write / reports,
    poll: { queries: feedKeys.size, read: feedReads.reduce((sum, [, count]) => sum + count, 0) / polls },
  };
}

function busiest(units: ReadonlyMap<string, number>, factor: number): KeyRate[] {
  const rates = [...units].map(([key, count]) => ({ key, perSecond: count * factor }));
  return rates.sort((a, b) => b.perSecond - a.perSecond).slice(0, 5);
}

/** About a city, the more likely the earlier it stands in the list; two kilometres around its middle in every fifth case. */
function reportIn(
  random: () => number,
  nowMs: number,
  shardFor: (cell: { layer: Report["layer"]; geohash5: string }) => number,
): Report {
  const city = WORLD_CITIES[Math.floor(WORLD_CITIES.length * random() ** 2)];
  const [lon = 0, lat = 0] = city?.geometry.coordinates ?? [];
  const spread = random() < 0.2 ? 0.02 : 0.25;
  const lonDeg = roundDegrees(lon + spread * (random() + random() - 1));
  const latDeg = roundDegrees(lat + spread * (random() + random() - 1));
  const layer = REPORT_LAYERS[Math.floor(random() * REPORT_LAYERS.length)] ?? "safety";
  const cell = { layer, geohash5: encodeGeohash(lonDeg, latDeg, 5) };
  const id = formatReportId({
    ...cell,
    createdAtMs: Math.floor(nowMs),
    shard: shardFor(cell),
    tail: randomTail(random),
  });
  const createdAtMs = Math.floor(nowMs);
  const category = CATEGORIES[layer][0] ?? "";
  return {
    id,
    layer,
    category,
    severity: 3,
    lonDeg,
    latDeg,
    text: "Street light out since Tuesday, the whole corner is dark.",
    createdAtMs,
    expiresAtMs: createdAtMs + REPORT_LIFETIME_MS,
  };
}

/** What a key may take and give, of the thousand and the three thousand that DynamoDB allows. */
const MOST_WRITES = 500;
const MOST_READS = 1500;

/** Prints the busiest keys, and checks them. */
export async function printHotKeys(): Promise<{ checks: Check[]; figures: HotKeys }> {
  const hot = await measureHotKeys();
  const rows = [
    ...hot.write.map(({ key, perSecond }) => ["write", key, perSecond]),
    ...hot.read.map(({ key, perSecond }) => ["read", key, perSecond]),
  ];
  printTable(
    `${hot.reportsPerSecond} reports a second over the world, ${hot.pollers} pollers: units a second of the busiest keys; ` +
      `${hot.feedShards} feed partitions, ${hot.writeUnits.toFixed(2)} write units a report, ${hot.poll.read.toFixed(0)} read units a poll`,
    ["units", "key", "a second"],
    rows,
  );
  const check = (what: string, limit: number, [busiest]: readonly KeyRate[]): Check => ({
    what: `${what} units a second of one key, 10 000 reports a second over the world`,
    limit: String(limit),
    found: (busiest?.perSecond ?? 0).toFixed(0),
    met: (busiest?.perSecond ?? 0) <= limit,
  });
  return {
    checks: [check("write", MOST_WRITES, hot.write), check("read, 300 pollers,", MOST_READS, hot.read)],
    figures: hot,
  };
}
