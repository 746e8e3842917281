import { columnsOfReports, FULL_QUARTERS, type ReportColumns, rowsMissing } from "../../tiles/report-columns.ts";
import { idTimePrefix } from "../../tiles/report-id.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { startOfDay } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import { createUnmergedRows, type UnmergedCells, type UnmergedRows } from "./unmerged-rows.ts";

/**
 * Rows of the running UTC day in the order in which the feed tells them, and what each weighs among its reporter's. Whoever follows the
 * feed since before the day began knows all of them; of a cell that may have had others before, its rows are read once.
 */
export interface RowsOfDay {
  /** Takes in rows that were told whole; whether one of their reporters has one that weighs less than a whole report. */
  add(cell: LogCell, rows: ReportColumns): Promise<boolean>;
  /** A cell changed in a way that was not told whole: its rows are read again when they are wanted. */
  forget(cell: LogCell): void;
  /** The same unmerged rows with what they weigh. */
  weigh(unmerged: UnmergedRows): Promise<UnmergedRows>;
}

/** Rows that are kept, 35 bytes each. Beyond, cells are read again. */
const MOST_ROWS = 200_000;
/** Cells that are read at once; those of more keep what their rows weigh, and are merged by the next compaction that merges all. */
const MOST_READS = 80;
const PARALLEL_READS = 8;
/** A row may be told so long after midnight. */
const LATE_MS = 60_000;

export function createRowsOfDay({
  store,
  clock,
}: {
  readonly store: Pick<ReportStore, "readCell">;
  readonly clock: Clock;
}): RowsOfDay {
  let rows = createUnmergedRows();
  let dayMs = Number.NEGATIVE_INFINITY;
  /** From here on everything was told. */
  let followedFromMs = clock.now();
  /** Of the day's cells, whether all of their rows are known, where that does not follow from when they were followed. */
  const isKnownWhole = new Map<string, boolean>();

  const keyOf = ({ layer, geohash5 }: LogCell): string => `${layer}/${geohash5}`;
  const isWhole = (cell: LogCell): boolean => isKnownWhole.get(keyOf(cell)) ?? followedFromMs < dayMs;

  function beginAnew(): void {
    rows = createUnmergedRows();
    isKnownWhole.clear();
  }

  function keepUp(): void {
    const nowMs = clock.now();
    if (startOfDay(nowMs - LATE_MS) > dayMs) {
      dayMs = startOfDay(nowMs - LATE_MS);
      beginAnew();
    }
    if (rows.count() <= MOST_ROWS) return;
    followedFromMs = nowMs;
    beginAnew();
  }

  async function readWhole(cell: LogCell): Promise<void> {
    try {
      const { reports } = await store.readCell(cell, { from: idTimePrefix(dayMs) });
      rows.add(cell, columnsOfReports(reports));
      isKnownWhole.set(keyOf(cell), true);
    } catch (error) {
      // Told again, they are new again.
      rows.take(cell);
      throw error;
    }
  }

  return {
    async add(cell, told) {
      keepUp();
      const added = rows.add(cell, told);
      if (added.length === 0) return false;
      if (!isWhole(cell) && added.reporter.some((reporter) => reporter !== 0)) await readWhole(cell);
      return hasLighter(rows.of(cell), added);
    },
    forget(cell) {
      keepUp();
      rows.take(cell);
      isKnownWhole.set(keyOf(cell), false);
    },
    async weigh(unmerged) {
      keepUp();
      const cells = unmerged.all().filter(({ rows: some }) => some.reporter.some((reporter) => reporter !== 0));
      for (const { cell, rows: some } of cells) rows.add(cell, some);
      const open = cells.filter(({ cell }) => !isWhole(cell)).slice(0, MOST_READS);
      await mapLimited(open, PARALLEL_READS, ({ cell }) => readWhole(cell));
      return weighedBy(unmerged, rows);
    },
  };
}

/** Whether a row of one of their reporters weighs less. It may be an older one: of the same quarter of an hour, ids come in any order. */
function hasLighter(all: ReportColumns | undefined, rows: ReportColumns): boolean {
  const reporters = new Set(rows.reporter.filter((reporter) => reporter !== 0));
  if (all === undefined || reporters.size === 0) return false;
  return all.quarters.some((quarters, row) => quarters < FULL_QUARTERS && reporters.has(all.reporter[row] as number));
}

function weighedBy(unmerged: UnmergedRows, known: UnmergedRows): UnmergedRows {
  const cells: UnmergedCells = unmerged.all();
  const weighed = createUnmergedRows();
  for (const { cell, rows } of cells) {
    weighed.add(cell, rows);
    // What is told of a row that weighs less holds.
    weighed.add(cell, among(known.of(cell), rows));
  }
  return weighed;
}

/** Of the rows that are known, those that are among others. */
function among(known: ReportColumns | undefined, rows: ReportColumns): ReportColumns {
  return known === undefined ? rows : rowsMissing(known, rowsMissing(known, rows));
}
