import type { Report } from "../../../tiles/report.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CellRows, EditedReport, LogCell, LogRange, ReportStore } from "../../ports/report-store.ts";
import { editedReport, shownReport, versionOfRow } from "../edits.ts";
import { idOfSortKey, logPartition, logSpan, MARKER_SPAN, type SortKeySpan } from "../keys.ts";
import type { ReportRow } from "../rows.ts";
import { collect } from "./batches.ts";
import type { Requests } from "./requests.ts";
import { type EditedRows, isMarker, type Marker, type Shards } from "./shards.ts";
import type { UnappliedRows } from "./unapplied-rows.ts";

/** Rows of a newest-first page: a few hundred bytes more than asked for cost less than another request for each that is not shown. */
const MIN_PAGE = 25;
const MAX_PAGE = 5000;

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
  async function* readPages(read: CellRead, shard: number, { newestFirst, limit }: Order) {
    const { cell, span, consistent } = read;
    const bringsMarkers = shard === 0 && read.bringsMarkers;
    const to = bringsMarkers ? MARKER_SPAN.to : span.to;
    const pages = requests.queryPages<ReportRow>({
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
      ExpressionAttributeValues: { ":pk": logPartition(cell, shard), ":from": span.from, ":to": to },
      ScanIndexForward: !newestFirst,
      ConsistentRead: consistent,
      ...(limit === undefined ? {} : { Limit: limit }),
    });
    const markers: Marker[] = [];
    for await (const items of pages) {
      if (bringsMarkers) for (const item of items) if (isMarker(item)) markers.push(item);
      // Markers sort after the end of every span.
      yield items.filter(({ sk }) => sk < span.to);
    }
    if (bringsMarkers) for (const other of shards.note(cell, markers, true)) read.found.add(other);
  }

  /** Rows of a range that are on their way; to be taken before the store is asked, which may have them by then. */
  const unappliedIn = ({ cell, span }: CellRead): ReportRow[] =>
    [...unapplied.of(cell)].filter(({ sk }) => sk >= span.from && sk < span.to);

  /** The newest rows may lie in a shard that was opened a moment ago. */
  async function find({ cell, consistent, isNewest, found }: CellRead): Promise<void> {
    for (const shard of await shards.find(cell, { consistent, always: isNewest })) found.add(shard);
  }

  /** Starts reading every shard: those known at once, and the others when they are told of. */
  async function inEachShard<T>(read: CellRead, start: (shard: number, count: number) => Promise<T>): Promise<T[]> {
    const known = [0, ...read.found];
    const startAll = (list: number[]) => Promise.all(list.map((shard) => start(shard, 1 + read.found.size)));
    const [first] = await Promise.all([startAll(known), read.bringsMarkers ? undefined : find(read)]);
    const others = [...read.found].filter((shard) => !known.includes(shard));
    return [...first, ...(await startAll(others))];
  }

  const shown = (row: ReportRow, edited: EditedRows): Report | undefined =>
    shownReport(row, edited.get(idOfSortKey(row.sk)), clock.now());

  /** Edited reports that did not expire long since: TTL deletes late, and emulators never. Those of `rows` with what they say. */
  function editedReports(cell: LogCell, rows: readonly ReportRow[]): Map<string, EditedReport> {
    const edited = shards.edited(cell);
    const found = new Map<string, EditedReport>();
    if (edited.size === 0) return found;
    const nowSeconds = clock.now() / 1000;
    const rowOf = new Map(rows.map((row) => [idOfSortKey(row.sk), row]));
    for (const [id, row] of edited) {
      if (row.expires_at > nowSeconds) found.set(id, editedReport(id, versionOfRow(row), rowOf.get(id)));
    }
    return found;
  }

  return {
    async readCell(cell, range): Promise<CellRows> {
      const read = startRead(cell, range, false);
      if (read === undefined) return { reports: [], edited: new Map() };
      const waiting = unappliedIn(read);
      const runs = await inEachShard(read, (shard) => collect(readPages(read, shard, { newestFirst: false })));
      const [only = []] = runs;
      const rows = runs.length === 1 && waiting.length === 0 ? only : inOrder([...runs.flat(), ...waiting]);
      const edited = shards.edited(cell);
      return { reports: rows.flatMap((row) => shown(row, edited) ?? []), edited: editedReports(cell, rows) };
    },

    async readNewest(cell, limit, range) {
      const read = limit > 0 ? startRead(cell, range, true) : undefined;
      if (read === undefined) return [];
      const waiting = unappliedIn(read);
      const runs = await inEachShard(read, (shard, count) =>
        startRun(readPages(read, shard, { newestFirst: true, limit: pageSize(limit, count) })),
      );
      if (waiting.length > 0) runs.push({ pages: NO_PAGES, rows: inOrder(waiting).reverse(), at: 0 });
      const edited = shards.edited(cell);
      return takeNewest(runs, limit, (row) => shown(row, edited));
    },
  };
}

/** Ascending by sort key, each once. */
function inOrder(rows: readonly ReportRow[]): ReportRow[] {
  const unique = [...new Map(rows.map((row) => [row.sk, row])).values()];
  return unique.sort((a, b) => (a.sk < b.sk ? -1 : 1));
}

/** Of several shards none is likely to hold much more than its share of the newest. */
function pageSize(limit: number, shards: number): number {
  const share = Math.min(limit, Math.ceil((1.5 * limit) / shards));
  return Math.min(MAX_PAGE, Math.max(MIN_PAGE, share));
}

/** A shard's rows, newest first, read a page at a time; `rows[at]` is the next, and there is none at the end. */
interface Run {
  readonly pages: AsyncIterator<readonly ReportRow[]>;
  rows: readonly ReportRow[];
  at: number;
}

const NO_PAGES: Run["pages"] = { next: async () => ({ done: true, value: undefined }) };

async function startRun(pages: AsyncIterator<readonly ReportRow[]>): Promise<Run> {
  const run: Run = { pages, rows: [], at: 0 };
  await refill(run);
  return run;
}

async function refill(run: Run): Promise<void> {
  while (run.at === run.rows.length) {
    const { done, value } = await run.pages.next();
    if (done) return;
    run.rows = value;
    run.at = 0;
  }
}

async function takeNewest(
  runs: readonly Run[],
  limit: number,
  shown: (row: ReportRow) => Report | undefined,
): Promise<Report[]> {
  const newest: Report[] = [];
  let last = "";
  for (;;) {
    let from: Run | undefined;
    for (const run of runs) if (nextKey(run) > nextKey(from)) from = run;
    const row = from?.rows[from.at];
    if (from === undefined || row === undefined) return newest;
    // A row that was on its way may have arrived while the others were read.
    const report = row.sk === last ? undefined : shown(row);
    last = row.sk;
    if (report !== undefined) newest.push(report);
    if (newest.length === limit) return newest;
    from.at++;
    await refill(from);
  }
}

/** Sorts before every sort key when there is none. */
const nextKey = (run: Run | undefined): string => run?.rows[run.at]?.sk ?? "";
