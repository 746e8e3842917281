import { appendWhole } from "../../test/kit/cities/city-store.ts";
import type { Area } from "../../tiles/areas/area.ts";
import type { Report } from "../../tiles/report.ts";
import { type AreaCity, openAreaCity, trafficOf } from "./area-city.ts";

/** Write units of a report, compaction and what only ages included. */
export interface PostCost {
  readonly reports: number;
  /** In five minutes, between two compactions. */
  readonly traffic: number;
  readonly without: number;
  readonly withAreas: number;
  /** In percent. */
  readonly more: number;
}

const COMPACT_EVERY_MS = 300_000;
/** The same traffic in the same city with areas and without. */
export async function measurePosts(
  reports: readonly Report[],
  areas: readonly Area[],
  { traffic, rounds, nowMs }: { readonly traffic: number; readonly rounds: number; readonly nowMs: number },
): Promise<PostCost> {
  const without = await unitsOfReport(await openAreaCity(reports, [], nowMs), { traffic, rounds });
  const withAreas = await unitsOfReport(await openAreaCity(reports, areas, nowMs), { traffic, rounds });
  return { reports: reports.length, traffic, without, withAreas, more: 100 * (withAreas / without - 1) };
}

async function unitsOfReport(
  { city, model, clock }: AreaCity,
  { traffic, rounds }: { readonly traffic: number; readonly rounds: number },
): Promise<number> {
  const everyMs = COMPACT_EVERY_MS / traffic;
  // The first compaction takes what became due since the city was filled.
  clock.advance(COMPACT_EVERY_MS);
  await city.compactor.run();
  model.reset();
  const coming = trafficOf(clock, everyMs);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < traffic; i++) {
      const { value } = coming.next();
      if (value) await appendWhole(city, value);
      clock.advance(everyMs);
      if (i % Math.ceil(traffic / 300) === 0) await city.store.confirm();
    }
    await city.store.confirm();
    await city.compactor.run();
  }
  return model.used.write / (rounds * traffic);
}
