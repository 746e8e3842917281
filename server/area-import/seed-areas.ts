import type { AreaSetVersion } from "../areas/area-sets.ts";
import { createAreaSets, findSet, liveVersion } from "../areas/area-sets.ts";
import { createAreaShapes } from "../areas/area-shapes.ts";
import { CITIES } from "../areas/cities.ts";
import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import { removeTallies } from "../pyramid/area-tallies.ts";
import { DEMO_KIND, demoAreas } from "./demo-areas.ts";
import { type AreaStore, cityOfAreas, importAreas, removeAreas } from "./import-areas.ts";

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
