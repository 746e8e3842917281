import type { Report } from "../../tiles/report.ts";
import type { Clock, LogCell, LogRange, ReportStore } from "../ports.ts";
import { collect } from "./batches.ts";
import { logPartition, logSpan, MARKER_SPAN, MAX_SHARDS, type SortKeySpan } from "./keys.ts";
import { isLive } from "./log.ts";
import type { Requests } from "./requests.ts";
import { type ReportRow, reportOfRow } from "./rows.ts";
import { type HiddenReports, isMarker, type Marker, type Shards } from "./shards.ts";

/**
 * Rows of a newest-first page: a few hundred bytes more than asked for cost less than another request for each expired row.
 * More than there are markers, which count as rows.
 */
const MIN_PAGE = MAX_SHARDS + 9;
const MAX_PAGE = 5000;

export interface CellReaderOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly shards: Shards;
  /** Whether a cell must be read strongly. */
  readonly isConsistent: (cell: LogCell) => boolean;
}

/** One cell being read. */
interface CellRead {
  readonly cell: LogCell;
  readonly span: SortKeySpan;
  /** Without an end: then the Query of shard 0 goes on over the markers of the other shards. */
  readonly isOpen: boolean;
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
  const { clock, requests, shards, isConsistent } = options;

  function startRead(cell: LogCell, range: LogRange | undefined): CellRead | undefined {
    const span = logSpan(range);
    const found = new Set(shards.known(cell));
    return span && { cell, span, isOpen: range?.before === undefined, consistent: isConsistent(cell), found };
  }

  /** Pages of a shard's live reports. */
  async function* readPages(read: CellRead, shard: number, { newestFirst, limit }: Order) {
    const { cell, span, consistent } = read;
    const bringsMarkers = shard === 0 && read.isOpen;
    const to = bringsMarkers ? MARKER_SPAN.to : span.to;
    const pages = requests.queryPages<ReportRow>({
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
      ExpressionAttributeValues: { ":pk": logPartition(cell, shard), ":from": span.from, ":to": to },
      ScanIndexForward: !newestFirst,
      ConsistentRead: consistent,
      ...(limit === undefined ? {} : { Limit: limit }),
    });
    const markers: Marker[] = [];
    let isRead = !bringsMarkers;
    for await (const items of pages) {
      // Markers sort after the end of every span.
      const rows = items.filter(({ sk }) => sk < span.to);
      if (!isRead) {
        markers.push(...items.filter(isMarker));
        // Newest first, they come before all rows, and a page has room for every shard's.
        isRead = newestFirst && rows.length > 0;
        if (newestFirst) note(read, markers, isRead);
      }
      const now = clock.now();
      yield rows.map(reportOfRow).filter((report) => isLive(report, now));
    }
    if (!isRead) note(read, markers, true);
  }

  function note(read: CellRead, markers: readonly Marker[], isAll: boolean): void {
    for (const shard of shards.note(read.cell, markers, isAll)) read.found.add(shard);
  }

  async function find(read: CellRead): Promise<void> {
    for (const shard of await shards.find(read.cell, read.consistent)) read.found.add(shard);
  }

  /** Starts reading every shard: those known at once, and the others when shard 0 has told of them. */
  async function inEachShard<T>(read: CellRead, start: (shard: number, count: number) => Promise<T>): Promise<T[]> {
    const known = [0, ...read.found];
    const startAll = (list: number[]) => Promise.all(list.map((shard) => start(shard, 1 + read.found.size)));
    const [first] = await Promise.all([startAll(known), read.isOpen ? undefined : find(read)]);
    const others = [...read.found].filter((shard) => !known.includes(shard));
    return [...first, ...(await startAll(others))];
  }

  return {
    async readCell(cell, range) {
      const read = startRead(cell, range);
      if (read === undefined) return [];
      const runs = await inEachShard(read, (shard) => collect(readPages(read, shard, { newestFirst: false })));
      const [only = []] = runs;
      const hidden = shards.hidden(cell);
      const all = runs.length === 1 ? only : runs.flat().sort((a, b) => (a.id < b.id ? -1 : 1));
      return hidden.size === 0 ? all : all.filter(({ id }) => !hidden.has(id));
    },

    async readNewest(cell, limit, range) {
      const read = limit > 0 ? startRead(cell, range) : undefined;
      if (read === undefined) return [];
      const runs = await inEachShard(read, (shard, count) =>
        startRun(readPages(read, shard, { newestFirst: true, limit: pageSize(limit, count) })),
      );
      return takeNewest(runs, limit, shards.hidden(cell));
    },
  };
}

/** Of several shards none is likely to hold much more than its share of the newest. */
function pageSize(limit: number, shards: number): number {
  const share = Math.min(limit, Math.ceil((1.5 * limit) / shards));
  return Math.min(MAX_PAGE, Math.max(MIN_PAGE, share));
}

/** A shard's reports, newest first, read a page at a time; `rows[at]` is the next, and there is none at the end. */
interface Run {
  readonly pages: AsyncIterator<readonly Report[]>;
  rows: readonly Report[];
  at: number;
}

async function startRun(pages: AsyncIterator<readonly Report[]>): Promise<Run> {
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

async function takeNewest(runs: readonly Run[], limit: number, hidden: HiddenReports): Promise<Report[]> {
  const newest: Report[] = [];
  for (;;) {
    let from: Run | undefined;
    for (const run of runs) if (nextId(run) > nextId(from)) from = run;
    const report = from?.rows[from.at];
    if (from === undefined || report === undefined) return newest;
    if (!hidden.has(report.id)) newest.push(report);
    if (newest.length === limit) return newest;
    from.at++;
    await refill(from);
  }
}

/** Sorts before every id when there is none. */
const nextId = (run: Run | undefined): string => run?.rows[run.at]?.id ?? "";
