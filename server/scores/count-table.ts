import { BASE32 } from "../../tiles/geo/geohash.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import { DAY_MS, formatDay, startOfHour } from "../kit/utc-time.ts";
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

/** A version of a set of areas by which is counted. */
export interface CountedSet {
  readonly city: string;
  readonly kind: string;
  /** Of the version. */
  readonly number: number;
  readonly areaCount: number;
}

/** What the counter keeps in PostgreSQL. */
export interface CountTable {
  /** The change feed's cursor up to which everything was counted or waits for it; null at first. */
  readCursor(): Promise<string | null>;
  /** Remembers cells to count; those that wait already from the earliest time on. */
  add(changes: readonly ChangedDays[]): Promise<void>;
  /** Whoever moved it meanwhile has the word: what the cursor does not stand for is told again. */
  moveCursor(before: string | null, cursor: string): Promise<void>;
  /** Sets of areas of which all cells were told. */
  readSets(): Promise<Omit<CountedSet, "areaCount">[]>;
  /** Remembers one; an older version than what is known was read from a cache. */
  noteSet(set: CountedSet): Promise<void>;
  /** Cells with counts since a day (`YYYY-MM-DD`), under some geohashes of three characters. */
  readCounted(geohash3s: readonly string[], sinceDay: string): Promise<LogCell[]>;
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

    readSets: () => sql("SELECT city, kind, version::float8 AS number FROM counted_area_sets"),

    async noteSet({ city, kind, number, areaCount }) {
      await sql(NOTE_SET, [city, kind, number, areaCount]);
    },

    readCounted: (geohash3s, sinceDay) => sql<LogCell>(READ_COUNTED, [geohash3s, sinceDay]),

    async readWaiting(after, limit) {
      const rows = await sql<WaitingRow>(READ_WAITING, [after?.geohash5 ?? "", after?.layer ?? "", limit]);
      return rows.map(({ untilMs, counts, areasKey, ...cell }) => ({
        ...cell,
        part: untilMs === null || counts === null ? undefined : { untilMs, counts, areasKey: areasKey ?? "" },
      }));
    },

    async write(counted, nowMs) {
      const cells = counted.map(({ cell }) => cell);
      const days = counted.flatMap(({ cell: { layer }, days }) => days.map((day) => ({ ...day, layer })));
      const parts = counted.flatMap(({ cell, part }) => (part === undefined ? [] : { ...cell, part }));
      const ofAreas = days.flatMap(({ areas, geohash, layer, dayMs }) =>
        Array.from(areas, ([area, sums]) => ({ area, geohash, layer, dayMs, ...sums })),
      );
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
        // To the hour: of a quiet neighbourhood it would tell when the last report came.
        new Date(startOfHour(nowMs)),
        [...new Set(cells.map(({ geohash5 }) => geohash5))].flatMap((cell) => [...BASE32].map((last) => cell + last)),
        parts.map(({ geohash5 }) => geohash5),
        parts.map(({ layer }) => layer),
        parts.map(({ part }) => part.untilMs),
        parts.map(({ part }) => JSON.stringify(part.counts)),
        nowMs - PARTS_KEPT_MS,
        ofAreas.map(({ area }) => area),
        ofAreas.map(({ geohash }) => geohash),
        ofAreas.map(({ layer }) => layer),
        ofAreas.map(({ dayMs }) => formatDay(dayMs)),
        ofAreas.map(({ reports }) => reports),
        ofAreas.map(({ severity }) => severity),
        ofAreas.map(({ worthQuarters }) => worthQuarters),
        ofAreas.map(({ severityQuarters }) => severityQuarters),
        parts.map(({ part }) => part.areasKey ?? ""),
      ]);
      return row?.cells ?? 0;
    },
  };
}

interface WaitingRow extends Omit<CellToCount, "part"> {
  readonly untilMs: number | null;
  readonly counts: CountedPart["counts"] | null;
  readonly areasKey: string | null;
}

/** Cells that own areas meet are told along: they are counted for these at leisure, by whoever does. */
const ADD = `
  WITH told AS (
    SELECT c.geohash5, c.layer, t.from_ms
    FROM own_cells c JOIN unnest($1::text[], $2::text[], $3::bigint[]) AS t (geohash5, layer, from_ms)
      ON c.geohash5 = t.geohash5 AND c.layer = t.layer
    ORDER BY c.geohash5, c.layer FOR UPDATE OF c
  ), told_along AS (
    UPDATE own_cells c SET from_ms = least(c.from_ms, told.from_ms), told = DEFAULT
    FROM told WHERE c.geohash5 = told.geohash5 AND c.layer = told.layer
  )
  INSERT INTO cells_to_count (geohash5, layer, from_ms)
  SELECT geohash5, layer, from_ms FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (geohash5, layer, from_ms)
  ORDER BY geohash5, layer
  ON CONFLICT (geohash5, layer) DO UPDATE SET
    from_ms = least(cells_to_count.from_ms, excluded.from_ms), told = DEFAULT`;

const NOTE_SET = `
  INSERT INTO counted_area_sets (city, kind, version, area_count) VALUES ($1, $2, $3, $4)
  ON CONFLICT (city, kind) DO UPDATE SET
    version = excluded.version, area_count = excluded.area_count, is_filled = false
  WHERE counted_area_sets.version < excluded.version`;

/** Geohash by geohash, as the primary key has them. */
const READ_COUNTED = `
  SELECT DISTINCT left(c.geohash, 5) AS geohash5, c.layer
  FROM unnest($1::text[]) AS u (under)
  JOIN report_counts c ON c.geohash >= u.under COLLATE "C" AND c.geohash < u.under COLLATE "C" || '~'
  WHERE c.day >= $2::date`;

const READ_WAITING = `
  SELECT c.geohash5, c.layer, c.from_ms::float8 AS "fromMs", c.told::text, p.until_ms::float8 AS "untilMs", p.counts,
         p.areas_key AS "areasKey"
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
  ), in_areas AS (
    SELECT t.* FROM unnest($20::text[], $21::text[], $22::text[], $23::date[], $24::int[], $25::int[], $26::int[], $27::int[])
      AS t (area, geohash, layer, day, report_count, severity_sum, worth_quarters, severity_quarters)
    JOIN mine ON mine.geohash5 = left(t.geohash, 5) AND mine.layer = t.layer
  ), gone_of_areas AS (
    DELETE FROM area_counts c
    WHERE c.geohash = ANY ($14::text[])
      AND EXISTS (
        SELECT FROM mine WHERE mine.geohash5 = left(c.geohash, 5) AND mine.layer = c.layer AND mine.from_day <= c.day
      )
      AND (c.area, c.geohash, c.layer, c.day) NOT IN (SELECT area, geohash, layer, day FROM in_areas)
  ), written_of_areas AS (
    INSERT INTO area_counts (area, layer, day, geohash, report_count, severity_sum, worth_quarters, severity_quarters)
    SELECT area, layer, day, geohash, report_count, severity_sum, worth_quarters, severity_quarters
    FROM in_areas ORDER BY area, layer, day, geohash
    ON CONFLICT (area, layer, day, geohash) DO UPDATE SET
      report_count = excluded.report_count, severity_sum = excluded.severity_sum,
      worth_quarters = excluded.worth_quarters, severity_quarters = excluded.severity_quarters
    WHERE (area_counts.report_count, area_counts.severity_sum, area_counts.worth_quarters, area_counts.severity_quarters)
      IS DISTINCT FROM (excluded.report_count, excluded.severity_sum, excluded.worth_quarters, excluded.severity_quarters)
  ), part AS (
    SELECT p.geohash5, p.layer, p.until_ms, p.counts::jsonb AS counts, p.areas_key
    FROM unnest($15::text[], $16::text[], $17::bigint[], $18::text[], $28::text[])
      AS p (geohash5, layer, until_ms, counts, areas_key)
    JOIN mine ON mine.geohash5 = p.geohash5 AND mine.layer = p.layer
  ), kept AS (
    INSERT INTO counted_parts (geohash5, layer, until_ms, counts, areas_key)
    SELECT geohash5, layer, until_ms, counts, areas_key FROM part ORDER BY geohash5, layer
    ON CONFLICT (geohash5, layer) DO UPDATE SET
      until_ms = excluded.until_ms, counts = excluded.counts, areas_key = excluded.areas_key
  ), dropped AS (
    DELETE FROM counted_parts c
    WHERE (c.until_ms < $19::bigint OR EXISTS (SELECT FROM mine WHERE mine.geohash5 = c.geohash5 AND mine.layer = c.layer))
      AND NOT EXISTS (SELECT FROM part WHERE part.geohash5 = c.geohash5 AND part.layer = c.layer)
  )
  SELECT count(*)::int AS cells FROM mine`;
