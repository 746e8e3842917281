import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import type { StoredMicroCells } from "../../tiles/codec/micro-cell-codec.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { CellAggregates } from "./cell-aggregates.ts";
import type { ChangedCell } from "./changed-cells.ts";
import { REFRESH_AFTER_MS } from "./coarse-time.ts";
import type { CompactionPlan } from "./compaction-plan.ts";
import type { CellAggregatePlace } from "./compaction-progress.ts";

/** A cell aggregate to make. */
export interface WorkItem extends CellAggregatePlace {
  /** What changed, of a cell that did: one whose reports only moved to other age bands has none. */
  readonly change: ChangedCell | undefined;
}

/** Whether a cell aggregate is made of rows, not of cell aggregates. */
export const isOfCell = ({ geohash }: CellAggregatePlace): boolean => geohash.length === CELL_PRECISION;

/**
 * The cell aggregates that a plan makes, after a place: layer by layer, ascending by geohash, each after all that lie below it. So
 * whoever goes on from a place need know nothing of what was done before, but of the four cell aggregates above it.
 *
 * They are those of the plan's cells, those with reports that moved to other age bands, and what lies above. The second are looked for
 * on the way, for there may be more than one run can read; the walk goes down only below cell aggregates that tell of such.
 */
export async function* workOf(
  { cells, aged }: CompactionPlan,
  {
    cellAggregates,
    nowMs,
    after,
  }: { cellAggregates: CellAggregates; nowMs: number; after: CellAggregatePlace | undefined },
): AsyncGenerator<WorkItem> {
  const done = after === undefined ? "" : orderOf(after);

  async function* workBelow(
    layer: ReportLayer,
    clusterCell: string,
    changed: readonly ChangedCell[],
    isAged: boolean,
  ): AsyncGenerator<WorkItem> {
    const length = clusterCell.length + 1;
    const changedBelow = Map.groupBy(changed, ({ geohash5 }) => geohash5.slice(0, length));
    const agedBelow = new Set(isAged ? agedOf(await cellAggregates.read(layer, clusterCell), nowMs) : []);
    for (const geohash of [...new Set([...changedBelow.keys(), ...agedBelow])].sort()) {
      if (orderOf({ layer, geohash }) <= done) continue;
      const cellsBelow = changedBelow.get(geohash) ?? [];
      if (length < CELL_PRECISION) yield* workBelow(layer, geohash, cellsBelow, agedBelow.has(geohash));
      yield { layer, geohash, change: length === CELL_PRECISION ? cellsBelow[0] : undefined };
    }
  }

  const byLayer = Map.groupBy(cells, ({ layer }) => layer);
  for (const layer of REPORT_LAYERS) {
    if (orderOf({ layer, geohash: "" }) <= done) continue;
    yield* workBelow(layer, "", byLayer.get(layer) ?? [], aged.includes(layer));
  }
}

/** Layers with work that only time made. */
export async function agedLayers(cellAggregates: CellAggregates, nowMs: number): Promise<ReportLayer[]> {
  const found = await mapLimited(REPORT_LAYERS, REPORT_LAYERS.length, async (layer) =>
    agedOf(await cellAggregates.read(layer, ""), nowMs).length > 0 ? [layer] : [],
  );
  return found.flat();
}

/** Cell aggregates of which an age has been wrong for a while, and damaged ones. */
function agedOf(found: ReadonlyMap<string, StoredMicroCells | undefined>, nowMs: number): string[] {
  const limitMs = nowMs - REFRESH_AFTER_MS;
  return [...found].flatMap(([name, cells]) => (cells === undefined || cells.staleAtMs <= limitMs ? [name] : []));
}

/** Sorts places in the order of the work: a cell aggregate after all that lie below it. */
const orderOf = ({ layer, geohash }: CellAggregatePlace): string => `${REPORT_LAYERS.indexOf(layer)}${geohash}~`;
