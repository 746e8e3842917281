import { BASE32 } from "../../tiles/geo/geohash.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import { DAY_MS, formatDay } from "../kit/utc-time.ts";
import type { LogCell } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import type { CountedPart, DayCount } from "./day-counts.ts";

/** A cell of the log of which something changed. */
export interface ChangedDays extends LogCell {
  /** Unix milliseconds: of reports made before nothing did. */
  readonly fromMs: number;
}

/** The same as it waits to be counted. */
export interface CellToCount extends ChangedDays {
  /** Another one whenever the cell was told again. */
  readonly told: string;
  /** What need not be read again unless the change goes back so far. */
  readonly part: CountedPart | undefined;
}

/** A cell that was counted. */
export interface CountedCell {
  readonly cell: CellToCount;
  /** The first day that was counted; of it and all later ones, all counts. Unix milliseconds. */
  readonly fromDayMs: number;
  readonly days: readonly DayCount[];
  readonly part: CountedPart | undefined;
}

/** What the counter keeps in PostgreSQL. */
export interface CountTable {
  /** The change feed's cursor up to which everything was counted or waits for it; null at first. */
  readCursor(): Promise<string | null>;
  /** Remembers cells to count; those that wait already from the earliest time on. */
  add(changes: readonly ChangedDays[]): Promise<void>;
  /** Whoever moved it meanwhile has the word: what the cursor does not stand for is told again. */
  moveCursor(before: string | null, cursor: string): Promise<void>;
  /** Cells that wait, ascending, behind one of them. */
  readWaiting(after: LogCell | undefined, limit: number): Promise<CellToCount[]>;
  /**
   * Puts counts in place of what was counted of those cells and days, and takes the cells away: all or nothing. A cell that was told
   * again, or counted by somebody else, since it was read here is left as it is. Returns how many were not.
   */
  write(counted: readonly CountedCell[], nowMs: number): Promise<number>;
}

const CELLS_PER_STATEMENT = 5_000;
/** What belongs to days that are over for all clocks is of no use any more. */
const PARTS_KEPT_MS = 2 * DAY_MS;

export function createCountTable(sql: RunSql): CountTable {
  return {
    async readCursor() {
      const [state] = await sql<{ counted_until: string | null }>("SELECT counted_until FROM score_state");
      return state?.counted_until ?? null;
    },

    async add(changes) {
      for (let i = 0; i < changes.length; i += CELLS_PER_STATEMENT) {
        const some = changes.slice(i, i + CELLS_PER_STATEMENT);
        await sql(ADD, [
          some.map(({ geohash5 }) => geohash5),
          some.map(({ layer }) => layer),
          some.map(({ fromMs }) => fromMs),
        ]);
      }
    },

    async moveCursor(before, cursor) {
      await sql("UPDATE score_state SET counted_until = $2 WHERE counted_until IS NOT DISTINCT FROM $1", [
        before,
        cursor,
      ]);
    },

    async readWaiting(after, limit) {
      const rows = await sql<WaitingRow>(READ_WAITING, [after?.geohash5 ?? "", after?.layer ?? "", limit]);
      return rows.map(({ untilMs, counts, ...cell }) => ({
        ...cell,
        part: untilMs === null || counts === null ? undefined : { untilMs, counts },
      }));
    },

    async write(counted, nowMs) {
      const cells = counted.map(({ cell }) => cell);
      const days = counted.flatMap(({ cell: { layer }, days }) => days.map((day) => ({ ...day, layer })));
      const parts = counted.flatMap(({ cell, part }) => (part === undefined ? [] : { ...cell, part }));
      const [row] = await sql<{ cells: number }>(WRITE, [
        cells.map(({ geohash5 }) => geohash5),
        cells.map(({ layer }) => layer),
        cells.map(({ told }) => told),
        counted.map(({ fromDayMs }) => formatDay(fromDayMs)),
        days.map(({ geohash }) => geohash),
        days.map(({ layer }) => layer),
        days.map(({ dayMs }) => formatDay(dayMs)),
        days.map(({ geohash }) => cityOfCell(geohash)?.id ?? null),
        days.map(({ reports }) => reports),
        days.map(({ severity }) => severity),
        days.map(({ worthQuarters }) => worthQuarters),
        days.map(({ severityQuarters }) => severityQuarters),
        new Date(nowMs),
        [...new Set(cells.map(({ geohash5 }) => geohash5))].flatMap((cell) => [...BASE32].map((last) => cell + last)),
        parts.map(({ geohash5 }) => geohash5),
        parts.map(({ layer }) => layer),
        parts.map(({ part }) => part.untilMs),
        parts.map(({ part }) => JSON.stringify(part.counts)),
        nowMs - PARTS_KEPT_MS,
      ]);
      return row?.cells ?? 0;
    },
  };
}

interface WaitingRow extends Omit<CellToCount, "part"> {
  readonly untilMs: number | null;
  readonly counts: CountedPart["counts"] | null;
}

const ADD = `
  INSERT INTO cells_to_count (geohash5, layer, from_ms)
  SELECT geohash5, layer, from_ms FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (geohash5, layer, from_ms)
  ORDER BY geohash5, layer
  ON CONFLICT (geohash5, layer) DO UPDATE SET
    from_ms = least(cells_to_count.from_ms, excluded.from_ms), told = DEFAULT`;

const READ_WAITING = `
  SELECT c.geohash5, c.layer, c.from_ms::float8 AS "fromMs", c.told::text, p.until_ms::float8 AS "untilMs", p.counts
  FROM cells_to_count c LEFT JOIN counted_parts p USING (geohash5, layer)
  WHERE (c.geohash5, c.layer) > ($1, $2)
  ORDER BY c.geohash5, c.layer LIMIT $3`;

/**
 * Whoever takes a cell away as it was told has counted it last: nobody else can have since then. A cell of the log is named as its 32
 * neighbourhoods, which the primary key finds one by one: to join ranges PostgreSQL reads all counts.
 */
const WRITE = `
  WITH due AS (
    SELECT s.geohash5, s.layer, s.from_day
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::date[]) AS s (geohash5, layer, told, from_day)
    JOIN cells_to_count c ON c.geohash5 = s.geohash5 AND c.layer = s.layer AND c.told = s.told
    ORDER BY c.geohash5, c.layer FOR UPDATE OF c SKIP LOCKED
  ), mine AS (
    DELETE FROM cells_to_count c USING due
    WHERE c.geohash5 = due.geohash5 AND c.layer = due.layer
    RETURNING due.geohash5, due.layer, due.from_day
  ), counted AS (
    SELECT t.* FROM unnest($5::text[], $6::text[], $7::date[], $8::text[], $9::int[], $10::int[], $11::int[], $12::int[])
      AS t (geohash, layer, day, city, report_count, severity_sum, worth_quarters, severity_quarters)
    JOIN mine ON mine.geohash5 = left(t.geohash, 5) AND mine.layer = t.layer
  ), gone AS (
    DELETE FROM report_counts c
    WHERE c.geohash = ANY ($14::text[])
      AND EXISTS (
        SELECT FROM mine WHERE mine.geohash5 = left(c.geohash, 5) AND mine.layer = c.layer AND mine.from_day <= c.day
      )
      AND (c.geohash, c.layer, c.day) NOT IN (SELECT geohash, layer, day FROM counted)
  ), written AS (
    INSERT INTO report_counts
      (geohash, layer, day, city, report_count, severity_sum, worth_quarters, severity_quarters, counted_at)
    SELECT geohash, layer, day, city, report_count, severity_sum, worth_quarters, severity_quarters, $13
    FROM counted ORDER BY geohash, layer, day
    ON CONFLICT (geohash, layer, day) DO UPDATE SET
      city = excluded.city, report_count = excluded.report_count, severity_sum = excluded.severity_sum,
      worth_quarters = excluded.worth_quarters, severity_quarters = excluded.severity_quarters,
      counted_at = excluded.counted_at
    WHERE (report_counts.city, report_counts.report_count, report_counts.severity_sum,
           report_counts.worth_quarters, report_counts.severity_quarters)
      IS DISTINCT FROM (excluded.city, excluded.report_count, excluded.severity_sum,
                        excluded.worth_quarters, excluded.severity_quarters)
  ), part AS (
    SELECT p.geohash5, p.layer, p.until_ms, p.counts::jsonb AS counts
    FROM unnest($15::text[], $16::text[], $17::bigint[], $18::text[]) AS p (geohash5, layer, until_ms, counts)
    JOIN mine ON mine.geohash5 = p.geohash5 AND mine.layer = p.layer
  ), kept AS (
    INSERT INTO counted_parts (geohash5, layer, until_ms, counts)
    SELECT geohash5, layer, until_ms, counts FROM part ORDER BY geohash5, layer
    ON CONFLICT (geohash5, layer) DO UPDATE SET until_ms = excluded.until_ms, counts = excluded.counts
  ), dropped AS (
    DELETE FROM counted_parts c
    WHERE (c.until_ms < $19::bigint OR EXISTS (SELECT FROM mine WHERE mine.geohash5 = c.geohash5 AND mine.layer = c.layer))
      AND NOT EXISTS (SELECT FROM part WHERE part.geohash5 = c.geohash5 AND part.layer = c.layer)
  )
  SELECT count(*)::int AS cells FROM mine`;
