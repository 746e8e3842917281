import { importAreas, removeAreas } from "../../server/area-import/import-areas.ts";
import { tallyAreas } from "../../server/area-import/tally-areas.ts";
import { createAreaCatalogue } from "../../server/areas/area-catalogue.ts";
import { type AreaCity, createAreaSets } from "../../server/areas/area-sets.ts";
import { createAreaShapes } from "../../server/areas/area-shapes.ts";
import { silentLog } from "../../server/console/log.ts";
import type { Clock } from "../../server/ports/clock.ts";
import type { DerivedStore } from "../../server/ports/derived-store.ts";
import type { ReportStore } from "../../server/ports/report-store.ts";
import { removeTallies } from "../../server/pyramid/area-tallies.ts";
import { createCellAggregates } from "../../server/pyramid/cell-aggregates.ts";
import { createCompactor } from "../../server/pyramid/compactor.ts";
import type { Area } from "../../tiles/areas/area.ts";

export const MADE_UP_CITY: AreaCity = {
  id: "made-up",
  name: "Made Up",
  bbox: [-122.5, 37.7, -122.4, 37.8],
  timezone: "America/Los_Angeles",
};

/** Areas as the product has them over some stores, and a way to bring them. */
export function openAreas(stores: {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
}) {
  const { derived, clock } = stores;
  const sets = createAreaSets({ derived, log: silentLog });
  const shapes = createAreaShapes({ derived });
  const compactor = createCompactor({ ...stores, log: silentLog });
  const cellAggregates = createCellAggregates({ derived, clock, log: silentLog });
  const areaStore = {
    sets,
    shapes,
    clock,
    tally: (areas: Parameters<typeof tallyAreas>[0]) => tallyAreas(areas, { cellAggregates, compactor }),
    forget: (of: Parameters<typeof removeTallies>[1]) => removeTallies(derived, of, of.version.box),
  };
  const bring = (areas: readonly Area[], { city = MADE_UP_CITY, kind = "neighborhood" } = {}) =>
    importAreas(
      areaStore,
      areas.map((area, number) => ({ ...area, number })),
      { city, kind },
    );
  const remove = (city: string, kind: string) => removeAreas(areaStore, city, kind);
  return { shapes, sets, compactor, catalogue: createAreaCatalogue({ sets, clock }), bring, remove };
}
