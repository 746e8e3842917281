import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports, mergeColumns, type ReportColumns } from "../../tiles/report-columns.ts";
import { earlierId } from "../../tiles/report-id.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { Clock } from "../ports/clock.ts";
import {
  type EditedReport,
  FRESH_ROW_MS,
  type LogCell,
  type LogChange,
  type ReportStore,
} from "../ports/report-store.ts";
import type { CellCache } from "./cell-cache.ts";
import type { CompactionPoint, CompactionState } from "./compaction-state.ts";
import type { PendingChanges } from "./pending-changes.ts";
import { fromStoredCursor } from "./stored-cursor.ts";
import { firstId, type UnmergedRows } from "./unmerged-rows.ts";

/** Takes in what the cell aggregates lack: what this process writes, what the feed tells, and what a compaction has left unmerged. */
export interface ChangeIngest {
  /** Whether `poll` has succeeded once: before, nothing is known of what the cell aggregates lack. */
  hasBegun(): boolean;
  /** Rejects when the store does not answer; then the same is told again. */
  poll(): Promise<void>;
  noteReport(report: Report): void;
  noteEdited(edited: EditedReport, before: Report): void;
}

export interface ChangeIngestOptions {
  readonly store: ReportStore;
  readonly state: CompactionState;
  readonly clock: Clock;
  readonly cells: CellCache;
  readonly pending: PendingChanges;
  readonly unmerged: UnmergedRows;
  /** A cell's reports are others than before; rows that are new, when they are known. */
  onChanged(cell: LogCell, rows: ReportColumns | undefined): void;
  /** The cell aggregates above a cell were written anew. */
  onCompacted(cell: LogCell): void;
}

/** A change is taken as compacted when it was told this long before the compaction read its changes. */
const COMPACTED_MARGIN_MS = 10_000;

/** How often the compaction's progress is asked for. */
const ASK_COMPACTION_EVERY_MS = 30_000;

/** Fresh rows that are kept, 33 bytes each. */
const MOST_FRESH = 200_000;

/** Sorts after every id, so that the unmerged rows' own ids decide where a read begins. */
const FROM_THE_FIRST = "~";

/** Cells read at once after a poll. */
const PARALLEL_READS = 16;

export function createChangeIngest(options: ChangeIngestOptions): ChangeIngest {
  const { store, state, clock, cells, pending, unmerged, onChanged, onCompacted } = options;
  let feed: string | undefined;
  let askedAtMs = 0;
  /** Where compaction stood when it was last asked for. */
  let point: CompactionPoint | undefined;

  function noteRows(cell: LogCell, rows: ReportColumns): void {
    const added = unmerged.add(cell, rows);
    if (added.length === 0) return;
    cells.add(cell, added);
    onChanged(cell, added);
    // Nobody compacts: what is in memory stays within a bound, and is read where it is wanted.
    if (unmerged.count() <= MOST_FRESH) return;
    for (const each of unmerged.all()) notePending(each.cell, FROM_THE_FIRST, clock.now());
  }

  /**
   * What changed in a cell must be read: also its unmerged rows, for one of them may be hidden now. These may have been told of
   * later, and are not taken as compacted with what was told at `toldAtMs`.
   */
  function notePending(cell: LogCell, from: string, toldAtMs: number): void {
    const rows = unmerged.take(cell);
    if (rows === undefined) pending.add(cell, from, toldAtMs);
    else pending.add(cell, earlierId(from, firstId(rows)) ?? from, clock.now());
  }

  async function noteChange(change: LogChange): Promise<void> {
    if (change.rows !== undefined) return noteRows(change, change.rows);
    // Until now wider tiles were made of cell aggregates, whatever the cell itself was read to hold.
    const isFirst = pending.fromOf(change) === undefined;
    notePending(change, change.from, clock.now());
    const brought = await cells.refresh(change, change.from);
    if (brought?.length !== 0) onChanged(change, brought);
    else if (isFirst) onChanged(change, undefined);
  }

  /** Takes in what a compaction left over. */
  function takeLeft({ rows, open, atMs }: CompactionPoint): void {
    for (const change of open) notePending(change, change.from, atMs);
    for (const { cell, rows: left } of rows.all()) {
      // A poll that began later may have ended before: then cells were read that lack them.
      if (pending.fromOf(cell) === undefined) noteRows(cell, left);
      else notePending(cell, firstId(left) ?? "", atMs);
    }
  }

  /**
   * Forgets what was compacted, as of the last time that this was asked for: by now a read that is not strongly consistent sees
   * the cell aggregates of that time.
   */
  async function dropCompacted(): Promise<void> {
    const now = clock.now();
    if (now - askedAtMs < ASK_COMPACTION_EVERY_MS) return;
    askedAtMs = now;
    if (point !== undefined) {
      const { atMs, beforeMs, rows } = point;
      const dropped = [...pending.drop(atMs - COMPACTED_MARGIN_MS), ...unmerged.drop(beforeMs, rows)];
      for (const cell of dropped) onCompacted(cell);
      takeLeft(point);
    }
    point = await state.read();
  }

  return {
    hasBegun: () => feed !== undefined,
    async poll() {
      if (feed === undefined) {
        // What this process wrote may have been edited since, and compacted: then nobody tells of that any more.
        for (const each of unmerged.all()) notePending(each.cell, FROM_THE_FIRST, clock.now());
        point = await state.read();
        askedAtMs = clock.now();
        if (point !== undefined) takeLeft(point);
      } else await dropCompacted();
      const { changes, cursor } = await fromStoredCursor(feed ?? point?.cursor, (since) => store.readChanges(since));
      // The cursor moves on only when all of them were taken in, so a failure in between is told again.
      await mapLimited(changes, PARALLEL_READS, noteChange);
      feed = cursor;
    },
    noteReport(report) {
      const cell = cellOf(report);
      const rows = columnsOfReports([report]);
      // What is older is told to others in the plain way, and compacted in it.
      if (Math.abs(clock.now() - report.createdAtMs) <= FRESH_ROW_MS) return noteRows(cell, rows);
      notePending(cell, report.id, clock.now());
      cells.add(cell, rows);
      onChanged(cell, rows);
    },
    noteEdited(edited, before) {
      const cell = cellOf(before);
      notePending(cell, before.id, clock.now());
      cells.edit(cell, [edited]);
      const [was, is] = [[before], edited.report === undefined ? [] : [edited.report]].map(columnsOfReports);
      onChanged(cell, mergeColumns(was as ReportColumns, is as ReportColumns));
    },
  };
}

const cellOf = ({ layer, lonDeg, latDeg }: Report): LogCell => ({
  layer,
  geohash5: encodeGeohash(lonDeg, latDeg, CELL_PRECISION),
});
