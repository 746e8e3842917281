import type { Clock } from "../../ports/clock.ts";
import type { EditedReport, LogCell, LogRange, ReportStore } from "../../ports/report-store.ts";
import { editedReport, shownReport, versionOfRow } from "../edits.ts";
import { idOfSortKey, logPartition, logSpan, MARKER_SPAN, type SortKeySpan } from "../keys.ts";
import type { ReportRow } from "../rows.ts";
import { collect } from "./batches.ts";
import { heldRows, pageSize, startRows, takeNewest } from "./newest-rows.ts";
import type { Requests } from "./requests.ts";
import { type EditedRows, isMarker, type Marker, type Shards } from "./shards.ts";
import type { UnappliedRows } from "./unapplied-rows.ts";

export interface CellReaderOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly shards: Shards;
  /** Whether a cell must be read strongly. */
  readonly isConsistent: (cell: LogCell) => boolean;
  /** Rows that are on their way into the store. */
  readonly unapplied: UnappliedRows;
}

/** One cell being read. */
interface CellRead {
  readonly cell: LogCell;
  readonly span: SortKeySpan;
  /** Oldest first and without an end: then the Query of shard 0 goes on over the markers. */
  readonly bringsMarkers: boolean;
  /** Newest first and without an end. */
  readonly isNewest: boolean;
  readonly consistent: boolean;
  /** Shards beside 0. */
  readonly found: Set<number>;
}

interface Order {
  readonly newestFirst: boolean;
  readonly limit?: number;
}

/** Reads cells of the log: one Query in most, and one in each shard of a cell that is or was hot. */
export function createCellReader(options: CellReaderOptions): Pick<ReportStore, "readCell" | "readNewest"> {
  const { clock, requests, shards, isConsistent, unapplied } = options;

  function startRead(cell: LogCell, range: LogRange | undefined, newestFirst: boolean): CellRead | undefined {
    const span = logSpan(range);
    const found = new Set(shards.known(cell));
    const isOpen = range?.before === undefined;
    const marks = { bringsMarkers: isOpen && !newestFirst, isNewest: isOpen && newestFirst };
    return span && { cell, span, ...marks, consistent: isConsistent(cell), found };
  }

  /** Pages of a shard's rows. */
  async function* readPages(read: CellRead, shard: number, order: Order) {
    const bringsMarkers = shard === 0 && read.bringsMarkers;
    const to = bringsMarkers ? MARKER_SPAN.to : read.span.to;
    const markers: Marker[] = [];
    for await (const items of requests.queryPages<ReportRow>(queryOf(read, shard, to, order))) {
      if (bringsMarkers) for (const item of items) if (isMarker(item)) markers.push(item);
      // Markers sort after the end of every span.
      yield items.filter(({ sk }) => sk < read.span.to);
    }
    if (bringsMarkers) for (const other of shards.note(read.cell, markers, true)) read.found.add(other);
  }

  /** Rows of a range that are on their way; to be taken before the store is asked, which may have them by then. */
  const unappliedIn = ({ cell, span }: CellRead): ReportRow[] =>
    [...unapplied.of(cell)].filter(({ sk }) => sk >= span.from && sk < span.to);

  return {
    async readCell(cell, range) {
      const read = startRead(cell, range, false);
      if (read === undefined) return { reports: [], edited: new Map() };
      const waiting = unappliedIn(read);
      const ofShards = await inEachShard(shards, read, (shard) =>
        collect(readPages(read, shard, { newestFirst: false })),
      );
      const [only = []] = ofShards;
      const rows = ofShards.length === 1 && waiting.length === 0 ? only : inOrder([...ofShards.flat(), ...waiting]);
      const edited = shards.edited(cell);
      const reports = rows.flatMap((row) => shownReport(row, edited.get(idOfSortKey(row.sk)), clock.now()) ?? []);
      return { reports, edited: editedReports(edited, rows, clock.now()) };
    },

    async readNewest(cell, limit, range) {
      const read = limit > 0 ? startRead(cell, range, true) : undefined;
      if (read === undefined) return [];
      const waiting = unappliedIn(read);
      const ofShards = await inEachShard(shards, read, (shard, count) =>
        startRows(readPages(read, shard, { newestFirst: true, limit: pageSize(limit, count) })),
      );
      if (waiting.length > 0) ofShards.push(heldRows(inOrder(waiting).reverse()));
      const edited = shards.edited(cell);
      return takeNewest(ofShards, limit, (row) => shownReport(row, edited.get(idOfSortKey(row.sk)), clock.now()));
    },
  };
}

const queryOf = ({ cell, span, consistent }: CellRead, shard: number, to: string, { newestFirst, limit }: Order) => ({
  KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
  ExpressionAttributeValues: { ":pk": logPartition(cell, shard), ":from": span.from, ":to": to },
  ScanIndexForward: !newestFirst,
  ConsistentRead: consistent,
  ...(limit === undefined ? {} : { Limit: limit }),
});

/**
 * Starts reading every shard: those known at once, and the others when they are told of.
 * @param start told how many shards are known by then
 */
async function inEachShard<T>(
  shards: Shards,
  read: CellRead,
  start: (shard: number, count: number) => Promise<T>,
): Promise<T[]> {
  const known = [0, ...read.found];
  const startAll = (list: number[]) => Promise.all(list.map((shard) => start(shard, 1 + read.found.size)));
  const [first] = await Promise.all([startAll(known), read.bringsMarkers ? undefined : findShards(shards, read)]);
  const others = [...read.found].filter((shard) => !known.includes(shard));
  return [...first, ...(await startAll(others))];
}

/** The newest rows may lie in a shard that was opened a moment ago. */
async function findShards(shards: Shards, { cell, consistent, isNewest, found }: CellRead): Promise<void> {
  for (const shard of await shards.find(cell, { consistent, always: isNewest })) found.add(shard);
}

/** Edited reports that did not expire long since: TTL deletes late, and emulators never. Those of `rows` with what they say. */
function editedReports(edited: EditedRows, rows: readonly ReportRow[], nowMs: number): Map<string, EditedReport> {
  const found = new Map<string, EditedReport>();
  if (edited.size === 0) return found;
  const rowOf = new Map(rows.map((row) => [idOfSortKey(row.sk), row]));
  for (const [id, row] of edited) {
    if (row.expires_at > nowMs / 1000) found.set(id, editedReport(id, versionOfRow(row), rowOf.get(id)));
  }
  return found;
}

/** Ascending by sort key, each once. */
function inOrder(rows: readonly ReportRow[]): ReportRow[] {
  const unique = [...new Map(rows.map((row) => [row.sk, row])).values()];
  return unique.sort((a, b) => (a.sk < b.sk ? -1 : 1));
}
