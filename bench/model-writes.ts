import type { LogCell } from "../server/ports.ts";
import { encodeGeohash } from "../tiles/geohash.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../tiles/layers.ts";
import type { Report } from "../tiles/report.ts";
import { formatReportId } from "../tiles/report-id.ts";
import { cityTraffic } from "./city.ts";
import { type BenchClock, type CityStore, openCityStore } from "./city-store.ts";
import type { DynamoModel } from "./dynamo-model.ts";

/** As the server does it, see `server/serve.ts`. */
export const COMPACT_EVERY_MS = 300_000;

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
  options: { model: DynamoModel; clock: BenchClock; minutes: number; layers: readonly ReportLayer[]; seed: number },
): Promise<WriteCosts> {
  const { model, clock, minutes, layers, seed } = options;
  const everyMs = 100;
  const count = (minutes * 60_000) / everyMs;
  const traffic = cityTraffic({ startMs: clock.now(), everyMs, layers, seed });
  model.reset();
  for (let i = 0; i < count; i++) {
    const { value } = traffic.next();
    if (value) await city.store.put(value);
    clock.advance(everyMs);
    if (((i + 1) * everyMs) % COMPACT_EVERY_MS === 0) await city.compactor.run();
  }
  const by = Object.fromEntries(Object.entries(model.used.writeBy).map(([kind, units]) => [kind, units / count]));
  return { reports: count, write: model.used.write / count, by, read: model.used.read / count };
}

export interface LoneReportCosts {
  readonly put: number;
  readonly compaction: number;
  readonly by: Readonly<Record<string, number>>;
}

/** One report where there is none near, and the compaction that takes it in, less what an idle compaction writes. */
export async function measureLoneReport(
  city: CityStore,
  options: { model: DynamoModel; clock: BenchClock; lonDeg: number; latDeg: number },
): Promise<LoneReportCosts> {
  const { model, clock, lonDeg, latDeg } = options;
  await city.compactor.run();
  clock.advance(20_000);
  model.reset();
  await city.compactor.run();
  const idle = { ...model.used.writeBy };
  clock.advance(20_000);
  model.reset();
  await city.store.put(loneReport(lonDeg, latDeg, clock.now()));
  const put = model.used.write;
  clock.advance(20_000);
  await city.compactor.run();
  const by = Object.fromEntries(
    Object.entries(model.used.writeBy).map(([kind, units]) => [kind, units - (idle[kind] ?? 0)]),
  );
  return { put, compaction: Object.values(by).reduce((a, b) => a + b, 0) - put, by };
}

export async function measureLoneReportInEmptyWorld(model: DynamoModel, clock: BenchClock): Promise<LoneReportCosts> {
  const world = openCityStore({ client: model.client, table: "bench", clock, onConsumed() {} });
  return measureLoneReport(world, { model, clock, lonDeg: 8.54, latDeg: 47.37 });
}

/** Read units of asking again for a cell that a process holds, when nothing is new, and of a poll that brings nothing. */
export async function measureRefresh(
  city: CityStore,
  { model, clock, cell }: { model: DynamoModel; clock: BenchClock; cell: LogCell },
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

function loneReport(lonDeg: number, latDeg: number, createdAtMs: number): Report {
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  const id = formatReportId({ createdAtMs, geohash5, layer: "safety", shard: 0, tail: "00000000" });
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  return { id, layer: "safety", category: "theft", severity: 3, lonDeg, latDeg, createdAtMs, expiresAtMs };
}
