import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import type { AreaSetVersion } from "../areas/area-sets.ts";
import { createAreaSets, findSet, liveVersion } from "../areas/area-sets.ts";
import { createAreaShapes } from "../areas/area-shapes.ts";
import { CITIES, type City } from "../areas/cities.ts";
import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
import { removeTallies } from "../pyramid/area-tallies.ts";
import { createCellAggregates } from "../pyramid/cell-aggregates.ts";
import type { Compactor } from "../pyramid/compactor.ts";
import { createSeedRecogniser } from "../seed/recognise-seed.ts";
import { DEMO_KIND, demoAreas } from "./demo-areas.ts";
import { type AreaStore, cityOfAreas, importAreas, removeAreas } from "./import-areas.ts";
import { tallyAreas } from "./tally-areas.ts";

export interface SeedAreasOptions {
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Puts the areas that the product draws itself in a store that has no report yet, so that nothing needs to be counted: what is compacted
 * later is. A city that has areas keeps them.
 */
export async function seedAreas(options: SeedAreasOptions): Promise<void> {
  const store = storeOf(options);
  for (const { id } of CITIES) {
    if (findSet(await store.sets.read({ consistent: true }), id, DEMO_KIND) !== undefined) continue;
    const areas = demoAreas(id);
    await importAreas(store, areas, { city: cityOfAreas({ id }, areas), kind: DEMO_KIND, approximate: true });
  }
}

export interface DrawMissingOptions extends SeedAreasOptions {
  readonly store: Pick<ReportStore, "readNewest">;
  /** One of its own: it runs beside that of a server. */
  readonly compactor: Compactor;
}

/**
 * Draws the areas of cities that were seeded before there were any: those with reports of the seed and without areas of any kind. What lies in
 * them is counted before they are live. Returns how many cities got areas; a second time none.
 */
export async function drawMissingAreas(options: DrawMissingOptions): Promise<number> {
  const { store, derived, clock, log, compactor } = options;
  const areaStore = storeOf(options);
  const cellAggregates = createCellAggregates({ derived, clock, log });
  const tally = (areas: readonly NumberedArea[]) => tallyAreas(areas, { cellAggregates, compactor });
  const sets = await areaStore.sets.read({ consistent: true });
  const without = CITIES.filter(({ id }) => sets.every(({ city }) => city.id !== id));
  if (without.length === 0) return 0;
  const isSeed = createSeedRecogniser();
  let drawn = 0;
  for (const city of without) {
    if (!(await isSeeded(store, city, isSeed))) continue;
    const areas = demoAreas(city.id);
    await importAreas({ ...areaStore, tally }, areas, {
      city: cityOfAreas({ id: city.id }, areas),
      kind: DEMO_KIND,
      approximate: true,
    });
    drawn++;
  }
  return drawn;
}

/** Of the busiest cell, in which the seed has dozens. */
const LOOKED_AT = 500;

async function isSeeded(
  store: DrawMissingOptions["store"],
  { center: [lonDeg, latDeg] }: City,
  isSeed: ReturnType<typeof createSeedRecogniser>,
): Promise<boolean> {
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  for (const layer of REPORT_LAYERS) {
    const reports = await store.readNewest({ layer, geohash5 }, LOOKED_AT);
    if (reports.some((report) => isSeed(report.id, report))) return true;
  }
  return false;
}

/** Takes them away again, and leaves those that were imported. Returns how many cities had them. */
export async function unseedAreas(options: SeedAreasOptions): Promise<number> {
  const store = storeOf(options);
  const sets = await store.sets.read({ consistent: true });
  const drawn = sets.filter((set) => liveVersion(set)?.approximate === true);
  for (const { city, kind } of drawn) await removeAreas(store, city.id, kind);
  return drawn.length;
}

function storeOf({ derived, clock, log }: SeedAreasOptions): AreaStore {
  return {
    sets: createAreaSets({ derived, log }),
    shapes: createAreaShapes({ derived }),
    clock,
    tally: async () => {},
    forget: (of: AreaSetVersion) => removeTallies(derived, of, of.version.box),
  };
}
