import { coverBounds } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { CITIES } from "../areas/cities.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import { createSeedRecogniser } from "./recognise-seed.ts";
import { endSeeding } from "./seed-if-empty.ts";

export interface UnseedOptions {
  readonly store: Pick<ReportStore, "readCell" | "edit" | "remember">;
  readonly clock: Clock;
  onProgress?(progress: { readonly removed: number; readonly cells: number; readonly of: number }): void;
}

/** A cell is read whole, so few at once; an edit is a handful of small requests. */
const CELLS_AT_ONCE = 4;
const EDITS_AT_ONCE = 16;

/**
 * Removes the seed's reports, hidden ones too, and nothing else; resolves with how many there were. Each is removed by an edit like any
 * other, so it goes from tiles, lists and scores of a running server as well. Safe to repeat, and to be run again when it was cut off.
 */
export async function unseed({ store, clock, onProgress }: UnseedOptions): Promise<number> {
  await endSeeding({ store, clock });
  const isSeed = createSeedRecogniser();
  const cells = seedCells();
  let removed = 0;
  let done = 0;
  await mapLimited(cells, CELLS_AT_ONCE, async (cell) => {
    const { reports, edited } = await store.readCell(cell);
    const hidden = [...edited.values()].filter(({ isShown }) => !isShown);
    const ids = [
      ...reports.filter((report) => isSeed(report.id, report)).map(({ id }) => id),
      ...hidden.filter(({ id }) => isSeed(id)).map(({ id }) => id),
    ];
    await mapLimited(ids, EDITS_AT_ONCE, async (id) => {
      // One that was removed before is told on again, in case whoever removed it died before that, and keeps its version.
      const after = await store.edit(id, { kind: "remove" });
      if (after !== undefined && after.version !== edited.get(id)?.version) removed++;
    });
    onProgress?.({ removed, cells: ++done, of: cells.length });
  });
  return removed;
}

/** Every cell that the seed can lie in. */
function seedCells(): LogCell[] {
  const geohashes = CITIES.flatMap(({ bbox: [west, south, east, north] }) =>
    coverBounds({ west, south, east, north }, 5, Number.POSITIVE_INFINITY),
  );
  return [...new Set(geohashes)].flatMap((geohash5) => REPORT_LAYERS.map((layer) => ({ layer, geohash5 })));
}
