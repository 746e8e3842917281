import type { Report } from "../../tiles/report.ts";
import { idTimePrefix, timeOfId } from "../../tiles/report-id.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { DAY_MS, HOUR_MS } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import { fromStoredCursor } from "../pyramid/stored-cursor.ts";
import { type CellToCount, type CountedCell, createCountTable } from "./count-table.ts";
import { createDayCounter, daysToRead } from "./day-counts.ts";

/**
 * Keeps `report_counts`: follows the log's changes and counts the days again of which something changed. What changed is written down
 * first, and each cell is crossed out by the statement that writes its counts; so whoever counts next, after a failure or a
 * crash, goes on with the rest, and several may count at once.
 */
export interface ReportCounter {
  /** Takes in what changed since the last time, of any process, and counts what waits. Returns the number of cells counted. */
  run(): Promise<number>;
}

/** Cells that are looked up at a time, and read at a time. */
const CELLS_PER_BATCH = 64;
const PARALLEL_READS = 4;
/** A statement takes cells until it has so many counts; one of ninety days and all neighbourhoods has 2 880. */
const COUNTS_PER_STATEMENT = 4_000;

/** A cell is read span by span, so that no cell takes much memory: one with few reports a span in two or three. */
const FIRST_SPAN_MS = 16 * DAY_MS;
const LEAST_SPAN_MS = HOUR_MS;
const FEW_REPORTS = 5_000;
const MANY_REPORTS = 20_000;

export interface ReportCounterOptions {
  readonly store: ReportStore;
  readonly sql: RunSql;
  readonly clock: Clock;
}

export function createReportCounter({ store, sql, clock }: ReportCounterOptions): ReportCounter {
  const table = createCountTable(sql);

  async function takeInChanges(): Promise<void> {
    const before = await table.readCursor();
    const { changes, cursor } = await fromStoredCursor(before ?? undefined, (since) => store.readChanges(since));
    await table.add(changes.map(({ layer, geohash5, from }) => ({ layer, geohash5, fromMs: timeOfId(from) })));
    if (cursor !== before) await table.moveCursor(before, cursor);
  }

  async function count(cell: CellToCount, nowMs: number): Promise<CountedCell> {
    const read = daysToRead(cell.fromMs, cell.part, nowMs);
    const counter = createDayCounter(read, nowMs);
    for await (const reports of readSpans(store, cell, read.fromMs, nowMs)) counter.add(reports);
    return { cell, fromDayMs: read.fromDayMs, days: counter.days(), part: counter.part() };
  }

  /** Counts cells and writes what was counted, a part of them at a time. */
  async function countAll(cells: readonly CellToCount[]): Promise<number> {
    const nowMs = clock.now();
    let written = 0;
    let counted: CountedCell[] = [];
    for (let i = 0; i < cells.length; i += PARALLEL_READS) {
      const some = cells.slice(i, i + PARALLEL_READS);
      counted.push(...(await mapLimited(some, PARALLEL_READS, (cell) => count(cell, nowMs))));
      const counts = counted.reduce((sum, { days }) => sum + days.length, 0);
      if (counts < COUNTS_PER_STATEMENT && i + PARALLEL_READS < cells.length) continue;
      written += await table.write(counted, nowMs);
      counted = [];
    }
    return written;
  }

  return {
    async run() {
      await takeInChanges();
      let written = 0;
      let last: LogCell | undefined;
      for (;;) {
        const cells = await table.readWaiting(last, CELLS_PER_BATCH);
        written += await countAll(cells);
        if (cells.length < CELLS_PER_BATCH) return written;
        last = cells.at(-1);
      }
    },
  };
}

/** The reports of a cell from a time on; what is stored meanwhile in spans that were read is told by a later change. */
async function* readSpans(
  store: Pick<ReportStore, "readCell">,
  cell: LogCell,
  fromMs: number,
  nowMs: number,
): AsyncGenerator<readonly Report[]> {
  let spanMs = FIRST_SPAN_MS;
  for (let startMs = fromMs; ; ) {
    const endMs = startMs + spanMs;
    const isLast = endMs > nowMs;
    const range = { from: idTimePrefix(startMs), ...(!isLast && { before: idTimePrefix(endMs) }) };
    const { reports } = await store.readCell(cell, range);
    yield reports;
    if (isLast) return;
    startMs = endMs;
    if (reports.length < FEW_REPORTS) spanMs *= 2;
    if (reports.length > MANY_REPORTS) spanMs = Math.max(LEAST_SPAN_MS, spanMs / 2);
  }
}
