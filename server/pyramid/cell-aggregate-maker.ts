import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { keptFrom } from "../../tiles/kept.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { allocateColumns, type ReportColumns, rowsBetween } from "../../tiles/report-columns.ts";
import { earlierId } from "../../tiles/report-id.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogCell } from "../ports/report-store.ts";
import type { AreaCompaction } from "./area-compaction.ts";
import { type CellAggregates, OvertakenError, withUnmerged } from "./cell-aggregates.ts";
import { coarseTime } from "./coarse-time.ts";
import type { CompactionPoint } from "./compaction-state.ts";
import type { CompactedRows, RowCompaction } from "./row-compaction.ts";
import type { StreetCompaction } from "./street-compaction.ts";
import { firstId, unmergedNames } from "./unmerged-rows.ts";
import { isOfCell, type WorkItem } from "./work-order.ts";

/** Makes cell aggregates anew: those of cells from their rows, those of shorter geohashes from the cell aggregates below. */
export interface CellAggregateMaker {
  /**
   * @param isAnew whether it must get another version though its bytes be the same
   * @throws OvertakenError when it, or one below, is that of a later time
   */
  make(item: WorkItem, isAnew: boolean): Promise<MadeCellAggregate>;
}

export interface MadeCellAggregate {
  /** Whether those above must get another version, because reports are hidden. */
  readonly isAnew: boolean;
  /** Of a cell, rows too young for it. */
  readonly young: ReportColumns;
}

export interface CellAggregateMakerOptions {
  readonly compactRows: RowCompaction;
  readonly streets: StreetCompaction;
  readonly areas: AreaCompaction;
  readonly cellAggregates: CellAggregates;
  readonly clock: Clock;
  /** What the cell aggregates made here hold: reports created before its time, but those that it has left unmerged. */
  readonly end: CompactionPoint;
}

const MAX_TRIES = 8;
const NO_ROWS = allocateColumns(0);

export function createCellAggregateMaker({
  compactRows,
  streets,
  areas,
  cellAggregates,
  clock,
  end,
}: CellAggregateMakerOptions): CellAggregateMaker {
  const { atMs, rows } = end;
  const beforeMsOf = (layer: ReportLayer): number => keptFrom(layer, end.beforeMs);
  const agesAtMs = coarseTime(clock.now());

  const rewriteOptions = (layer: ReportLayer, isAnew: () => boolean) => ({
    beforeMs: beforeMsOf(layer),
    isAnew,
    emptyUntilMs: clock.now() + REPORT_LIFETIME_MS,
  });

  /** Rows, when they are in log segments, and in a dense cell's street base as far as that is worth it. */
  async function compactWithStreet(
    cell: LogCell,
    changedFrom: string | undefined,
  ): Promise<CompactedRows & { dueMs: number }> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const options = { beforeMs: beforeMsOf(cell.layer), atMs, nowMs: clock.now(), isAnew: changedFrom === "" };
      const compacted = await compactRows(cell, changedFrom);
      const dueMs = await streets.update(cell, compacted, options);
      if (dueMs !== undefined) return { ...compacted, dueMs };
    }
    throw new Error(`street base of ${cell.layer}/${cell.geohash5} was changed by others ${MAX_TRIES} times`);
  }

  /** The same, when they are counted by areas. */
  async function compactWithAreas(
    cell: LogCell,
    changedFrom: string | undefined,
    isAnew: boolean,
  ): Promise<CompactedRows & { dueMs: number }> {
    const beforeMs = beforeMsOf(cell.layer);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const tallies = await areas.open(cell);
      const compacted = await compactWithStreet(cell, changedFrom);
      const counted = { beforeMs, atMs, isAnew: isAnew || compacted.hasEdited };
      const dueMs = await tallies.write(rowsBetween(compacted.rows, 0, beforeMs), counted);
      if (dueMs !== undefined) return { ...compacted, dueMs: Math.min(dueMs, compacted.dueMs) };
    }
    throw new Error(`tallies of areas in ${cell.layer}/${cell.geohash5} were changed by others ${MAX_TRIES} times`);
  }

  async function makeOfRows({ layer, geohash, change }: WorkItem, isAnew: boolean): Promise<MadeCellAggregate> {
    const cell = { layer, geohash5: geohash };
    const kept = rows.of(cell);
    const changedFrom = earlierId(change?.from, kept && firstId(kept));
    const beforeMs = beforeMsOf(layer);
    const made = { isAnew, young: NO_ROWS };
    const make = async (): Promise<MicroCells> => {
      const compacted = await compactWithAreas(cell, changedFrom, made.isAnew);
      made.isAnew ||= compacted.hasEdited;
      made.young = rowsBetween(compacted.rows, beforeMs, Infinity);
      const cells = microCellsOfReports(rowsBetween(compacted.rows, 0, beforeMs), CELL_PRECISION + 2, agesAtMs);
      // So that the search for what aged finds the cell in time.
      return { ...cells, staleAtMs: Math.min(cells.staleAtMs, compacted.dueMs) };
    };
    await cellAggregates.rewrite(
      layer,
      geohash,
      make,
      rewriteOptions(layer, () => made.isAnew),
    );
    return made;
  }

  async function makeOfCellAggregates({ layer, geohash }: WorkItem, isAnew: boolean): Promise<MadeCellAggregate> {
    const beforeMs = beforeMsOf(layer);
    const made = { isAnew, young: NO_ROWS };
    const read = () => cellAggregates.read(layer, geohash, { consistent: true });
    const make = async (): Promise<MicroCells> => {
      let below = await read();
      const damaged = [...below].flatMap(([name, cells]) => (cells === undefined ? [name] : []));
      for (const name of damaged) {
        const repaired = await makeCellAggregate({ layer, geohash: name, change: undefined }, false);
        made.isAnew ||= repaired.isAnew;
      }
      if (damaged.length > 0) below = await read();
      const young = rows.under(layer, geohash);
      const names = new Set([...below.keys(), ...unmergedNames(young, geohash)]);
      const sets = Array.from(names, (name) => {
        const cells = below.get(name);
        if (cells === undefined && below.has(name)) throw new Error(`cell aggregate ${layer}/${name} is damaged`);
        if (cells !== undefined && cells.beforeMs > beforeMs)
          throw new OvertakenError(`cell aggregate ${layer}/${name}`);
        // What was left unmerged below is not left unmerged here: all that a cell aggregate holds is of one time.
        return withUnmerged(cells, young, name, agesAtMs, beforeMs);
      });
      return addMicroCells(sets, geohash.length + 2);
    };
    await cellAggregates.rewrite(
      layer,
      geohash,
      make,
      rewriteOptions(layer, () => made.isAnew),
    );
    return made;
  }

  const makeCellAggregate: CellAggregateMaker["make"] = (item, isAnew) =>
    (isOfCell(item) ? makeOfRows : makeOfCellAggregates)(item, isAnew);

  return { make: makeCellAggregate };
}
