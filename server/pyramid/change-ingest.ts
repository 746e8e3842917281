import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports, mergeColumns, type ReportColumns, rowsMissing } from "../../tiles/report-columns.ts";
import { earlierId } from "../../tiles/report-id.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { Clock } from "../ports/clock.ts";
import {
  type EditedReport,
  FRESH_ROW_MS,
  type LogCell,
  type LogChange,
  type ReportStore,
  youngFrom,
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
const MOST_UNMERGED_ROWS = 200_000;

/** Sorts after every id, so that the unmerged rows' own ids decide where a read begins. */
const FROM_THE_FIRST = "~";

/** Cells read at once after a poll. */
const PARALLEL_READS = 16;

/** How far this process has followed the feed and the compaction. */
interface IngestState extends ChangeIngestOptions {
  /** Cursor of the feed, behind all changes that were taken in; undefined before the first poll. */
  cursor: string | undefined;
  /** Where compaction stood when it was last asked for. */
  point: CompactionPoint | undefined;
  askedAtMs: number;
}

export function createChangeIngest(options: ChangeIngestOptions): ChangeIngest {
  const ingest: IngestState = { ...options, cursor: undefined, point: undefined, askedAtMs: 0 };
  return {
    hasBegun: () => ingest.cursor !== undefined,
    poll: () => poll(ingest),
    noteReport: (report) => noteReport(ingest, report),
    noteEdited: (edited, before) => noteEdited(ingest, edited, before),
  };
}

async function poll(ingest: IngestState): Promise<void> {
  if (ingest.cursor === undefined) await followCompaction(ingest);
  else await dropCompacted(ingest);
  const { changes, cursor } = await fromStoredCursor(ingest.cursor ?? ingest.point?.cursor, (since) =>
    ingest.store.readChanges(since),
  );
  // The cursor moves on only when all of them were taken in, so a failure in between is told again.
  await mapLimited(changes, PARALLEL_READS, (change) => noteChange(ingest, change));
  ingest.cursor = cursor;
}

/** Begins with what the compaction has not taken in. */
async function followCompaction(ingest: IngestState): Promise<void> {
  // What this process wrote may have been edited since, and compacted: then nobody tells of that any more.
  noteUnmergedPending(ingest);
  ingest.point = await ingest.state.read();
  ingest.askedAtMs = ingest.clock.now();
  if (ingest.point !== undefined) takeLeft(ingest, ingest.point);
}

/**
 * Forgets what was compacted, as of the last time that this was asked for: by now a read that is not strongly consistent sees
 * the cell aggregates of that time.
 */
async function dropCompacted(ingest: IngestState): Promise<void> {
  const { clock, pending, unmerged, point } = ingest;
  const now = clock.now();
  if (now - ingest.askedAtMs < ASK_COMPACTION_EVERY_MS) return;
  ingest.askedAtMs = now;
  if (point !== undefined) {
    const { atMs, beforeMs, rows } = point;
    const dropped = [...pending.drop(atMs - COMPACTED_MARGIN_MS), ...unmerged.drop(beforeMs, rows)];
    for (const cell of dropped) ingest.onCompacted(cell);
    takeLeft(ingest, point);
  }
  ingest.point = await ingest.state.read();
  if (ingest.point !== undefined) takeLighter(ingest, ingest.point);
}

/** Unmerged rows that a compaction has weighed, among those of their reporters that are merged, weigh at once what it says. */
function takeLighter(ingest: IngestState, { rows }: CompactionPoint): void {
  for (const { cell, rows: left } of rows.all()) {
    const known = ingest.unmerged.of(cell);
    if (known !== undefined) noteRows(ingest, cell, rowsMissing(left, rowsMissing(left, known)));
  }
}

/** Takes in what a compaction left over. */
function takeLeft(ingest: IngestState, { rows, open, atMs }: CompactionPoint): void {
  for (const change of open) notePending(ingest, change, change.from, atMs);
  for (const { cell, rows: left } of rows.all()) {
    // A poll that began later may have ended before: then cells were read that lack them.
    if (ingest.pending.fromOf(cell) === undefined) noteRows(ingest, cell, left);
    else notePending(ingest, cell, firstId(left) ?? "", atMs);
  }
}

async function noteChange(ingest: IngestState, change: LogChange): Promise<void> {
  const { clock, cells, pending, onChanged } = ingest;
  if (change.rows !== undefined) return noteRows(ingest, change, change.rows);
  // Until now wider tiles were made of cell aggregates, whatever the cell itself was read to hold.
  const isFirst = pending.fromOf(change) === undefined;
  notePending(ingest, change, change.from, clock.now());
  const brought = await cells.refresh(change, change.from);
  if (brought?.length !== 0) onChanged(change, brought);
  else if (isFirst) onChanged(change, undefined);
}

function noteReport(ingest: IngestState, report: Report): void {
  const { clock, cells, onChanged } = ingest;
  const cell = cellOf(report);
  const rows = columnsOfReports([report]);
  if (isYoung(report, clock.now())) {
    noteRows(ingest, cell, rows);
    return;
  }
  // What is older is told to others in the plain way, and compacted in it.
  notePending(ingest, cell, report.id, clock.now());
  cells.add(cell, rows);
  onChanged(cell, rows);
}

function noteEdited(ingest: IngestState, edited: EditedReport, before: Report): void {
  const cell = cellOf(before);
  notePending(ingest, cell, before.id, ingest.clock.now());
  ingest.cells.edit(cell, [edited]);
  const [was, is] = [[before], edited.report === undefined ? [] : [edited.report]].map(columnsOfReports);
  ingest.onChanged(cell, mergeColumns(was as ReportColumns, is as ReportColumns));
}

/** Takes in rows that are known whole, so that nothing need be read. */
function noteRows(ingest: IngestState, cell: LogCell, rows: ReportColumns): void {
  const { cells, unmerged, onChanged } = ingest;
  const added = unmerged.add(cell, rows);
  if (added.length === 0) return;
  cells.add(cell, added);
  onChanged(cell, added);
  // Nobody compacts: what is in memory stays within a bound, and is read where it is wanted.
  if (unmerged.count() > MOST_UNMERGED_ROWS) noteUnmergedPending(ingest);
}

/** Lets the cells of all unmerged rows be read instead. */
function noteUnmergedPending(ingest: IngestState): void {
  for (const { cell } of ingest.unmerged.all()) notePending(ingest, cell, FROM_THE_FIRST, ingest.clock.now());
}

/**
 * What changed in a cell must be read: also its unmerged rows, for one of them may be hidden now. These may have been told of
 * later, and are not taken as compacted with what was told at `toldAtMs`.
 */
function notePending({ clock, pending, unmerged }: IngestState, cell: LogCell, from: string, toldAtMs: number): void {
  const rows = unmerged.take(cell);
  if (rows === undefined) pending.add(cell, from, toldAtMs);
  else pending.add(cell, earlierId(from, firstId(rows)) ?? from, clock.now());
}

/** Whether cell aggregates cannot have it. Clocks differ. */
const isYoung = ({ layer, createdAtMs }: Report, nowMs: number): boolean =>
  createdAtMs >= youngFrom(layer, nowMs) && createdAtMs <= nowMs + FRESH_ROW_MS;

const cellOf = ({ layer, lonDeg, latDeg }: Report): LogCell => ({
  layer,
  geohash5: encodeGeohash(lonDeg, latDeg, CELL_PRECISION),
});
