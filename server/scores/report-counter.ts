import { boundsOfBox } from "../../tiles/areas/area.ts";
import { coverBounds } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { idTimePrefix, timeOfId } from "../../tiles/report-id.ts";
import type { AreaSetVersion } from "../areas/area-sets.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { DAY_MS, formatDay, HOUR_MS } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import { fromStoredCursor } from "../pyramid/stored-cursor.ts";
import { areasOfCell, type CountedAreas, isAround, NO_AREAS, readLiveSets } from "./areas-of-cells.ts";
import { type CellToCount, type CountedCell, type CountedSet, createCountTable } from "./count-table.ts";
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
/** Cells around a set's areas are looked up by geohashes of so many characters: of a large country's set a hundred. */
const SET_PRECISION = 3;
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
  /** By which the reports are counted, too. */
  readonly areas?: CountedAreas;
}

export function createReportCounter({ store, sql, clock, areas }: ReportCounterOptions): ReportCounter {
  const table = createCountTable(sql);

  async function takeInChanges(): Promise<void> {
    const before = await table.readCursor();
    const { changes, cursor } = await fromStoredCursor(before ?? undefined, (since) => store.readChanges(since));
    await table.add(changes.map(({ layer, geohash5, from }) => ({ layer, geohash5, fromMs: timeOfId(from) })));
    if (cursor !== before) await table.moveCursor(before, cursor);
  }

  /** Where the areas of a city are others than those by which was counted, all is counted again. */
  async function takeInSets(): Promise<void> {
    const live = areas === undefined ? [] : await readLiveSets(areas);
    if (live.length === 0) return;
    const counted = await table.readSets();
    for (const of of live) {
      const { set, version } = of;
      if (counted.some(({ city, kind, number }) => isSame({ city, kind, number }, of))) continue;
      const sinceDay = formatDay(clock.now() - REPORT_LIFETIME_MS);
      const cells = await table.readCounted(coverBounds(boundsOfBox(version.box), SET_PRECISION, Infinity), sinceDay);
      await table.add(cells.filter(({ geohash5 }) => isAround(of, geohash5)).map((cell) => ({ ...cell, fromMs: 0 })));
      await table.noteSet({ city: set.city.id, kind: set.kind, number: version.number, areaCount: version.areaCount });
    }
  }

  async function count(cell: CellToCount, live: readonly AreaSetVersion[], nowMs: number): Promise<CountedCell> {
    const near = areas === undefined ? NO_AREAS : await areasOfCell(areas, live, cell.geohash5);
    const read = daysToRead(cell.fromMs, cell.part, nowMs, near.key);
    const counter = createDayCounter(read, nowMs, near);
    for await (const reports of readSpans(store, cell, read.fromMs, nowMs)) counter.add(reports);
    return { cell, fromDayMs: read.fromDayMs, days: counter.days(), part: counter.part() };
  }

  /** Counts cells and writes what was counted, a part of them at a time. */
  async function countAll(cells: readonly CellToCount[]): Promise<number> {
    const nowMs = clock.now();
    // After the cells: who told of a cell because of new areas told of the areas before.
    const live = areas === undefined || cells.length === 0 ? [] : await readLiveSets(areas);
    let written = 0;
    let counted: CountedCell[] = [];
    for (let i = 0; i < cells.length; i += PARALLEL_READS) {
      const some = cells.slice(i, i + PARALLEL_READS);
      counted.push(...(await mapLimited(some, PARALLEL_READS, (cell) => count(cell, live, nowMs))));
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
      await takeInSets();
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

const isSame = ({ city, kind, number }: Omit<CountedSet, "areaCount">, { set, version }: AreaSetVersion): boolean =>
  city === set.city.id && kind === set.kind && number === version.number;

/** The reports of a cell from a time on; what is stored meanwhile in spans that were read is told by a later change. */
export async function* readSpans(
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
