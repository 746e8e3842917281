import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { rowsBetween } from "../../tiles/report-columns.ts";
import { earlierId } from "../../tiles/report-id.ts";
import type { Clock } from "../ports/clock.ts";
import { OvertakenError, type Slices, withFresh } from "./cell-aggregates.ts";
import { coarseTime } from "./coarse-time.ts";
import type { CompactionPoint } from "./compaction-state.ts";
import type { RowCompaction } from "./row-compaction.ts";
import { firstId, freshNames } from "./unmerged-rows.ts";
import { isOfCell, type WorkItem } from "./work-order.ts";

/** Makes slices anew: those of cells from their rows, those of shorter geohashes from the slices below. */
export interface SliceMaker {
  /**
   * @param isAnew whether it must get another version though its bytes be the same
   * @throws OvertakenError when it, or one below, is that of a later time
   */
  make(item: WorkItem, isAnew: boolean): Promise<MadeSlice>;
}

export interface MadeSlice {
  /** Whether those above must get another version, because reports are hidden. */
  readonly isAnew: boolean;
  /** Whether there are rows too young for it. */
  readonly lacksYoung: boolean;
}

export interface SliceMakerOptions {
  readonly compactRows: RowCompaction;
  readonly slices: Slices;
  readonly clock: Clock;
  /** What the slices made here hold: reports created before its time, but those that it has put off. */
  readonly end: CompactionPoint;
}

export function createSliceMaker({ compactRows, slices, clock, end }: SliceMakerOptions): SliceMaker {
  const { beforeMs, rows } = end;
  const agesAtMs = coarseTime(clock.now());

  const rewriteOptions = (isAnew: () => boolean) => ({
    beforeMs,
    isAnew,
    emptyUntilMs: clock.now() + REPORT_LIFETIME_MS,
  });

  async function makeOfRows({ layer, geohash, change }: WorkItem, isAnew: boolean): Promise<MadeSlice> {
    const cell = { layer, geohash5: geohash };
    const kept = rows.of(cell);
    const changedFrom = earlierId(change?.from, kept && firstId(kept));
    const made = { isAnew, lacksYoung: false };
    const make = async (): Promise<MicroCells> => {
      const compacted = await compactRows(cell, changedFrom);
      made.isAnew ||= compacted.hasEdited;
      made.lacksYoung = rowsBetween(compacted.rows, beforeMs, Infinity).length > 0;
      return microCellsOfReports(rowsBetween(compacted.rows, 0, beforeMs), CELL_PRECISION + 2, agesAtMs);
    };
    await slices.rewrite(
      layer,
      geohash,
      make,
      rewriteOptions(() => made.isAnew),
    );
    return made;
  }

  async function makeOfSlices({ layer, geohash }: WorkItem, isAnew: boolean): Promise<MadeSlice> {
    const made = { isAnew, lacksYoung: false };
    const read = () => slices.read(layer, geohash, { consistent: true });
    const make = async (): Promise<MicroCells> => {
      let below = await read();
      const damaged = [...below].flatMap(([name, cells]) => (cells === undefined ? [name] : []));
      for (const name of damaged) {
        const repaired = await makeSlice({ layer, geohash: name, change: undefined }, false);
        made.isAnew ||= repaired.isAnew;
      }
      if (damaged.length > 0) below = await read();
      const young = rows.under(layer, geohash);
      const names = new Set([...below.keys(), ...freshNames(young, geohash)]);
      const sets = Array.from(names, (name) => {
        const cells = below.get(name);
        if (cells === undefined && below.has(name)) throw new Error(`slice ${layer}/${name} is damaged`);
        if (cells !== undefined && cells.beforeMs > beforeMs) throw new OvertakenError(`slice ${layer}/${name}`);
        // What was put off below is not put off here: all that a slice holds is of one time.
        return withFresh(cells, young, name, agesAtMs, beforeMs);
      });
      return addMicroCells(sets, geohash.length + 2);
    };
    await slices.rewrite(
      layer,
      geohash,
      make,
      rewriteOptions(() => made.isAnew),
    );
    return made;
  }

  const makeSlice: SliceMaker["make"] = (item, isAnew) => (isOfCell(item) ? makeOfRows : makeOfSlices)(item, isAnew);

  return { make: makeSlice };
}
