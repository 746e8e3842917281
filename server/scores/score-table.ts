import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { SCORE_NAMES, type ScoredCell } from "../../tiles/scores/scores.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import { formatDay, startOfDay, startOfHour } from "../kit/utc-time.ts";
import type { RunSql } from "../ports/sql.ts";

/** The scored cells under one geohash-4, and what they were scored from. */
export interface ScoredCellAggregates {
  readonly geohash4: string;
  /** Versions of the cell aggregates of all layers; undefined when there is none any more. */
  readonly versions: string | undefined;
  /** All of them: what had a score and is not among them has none any more. */
  readonly cells: readonly ScoredCell[];
}

export interface ScoreMark {
  readonly versions: string;
  /** UTC, `2026-06-01`. */
  readonly day: string;
}

/** What the scorer keeps in PostgreSQL. */
export interface ScoreTable {
  /** From what, and when, the cells under geohashes-4 with a prefix were last scored. */
  readMarks(prefix: string): Promise<Map<string, ScoreMark>>;
  /**
   * Writes cells that have other scores than before, or none of this day, and the marks with them: all or nothing. Writing
   * the same twice changes nothing. Returns the number of rows written.
   */
  write(cellAggregates: readonly ScoredCellAggregates[], nowMs: number): Promise<number>;
  /** Whether somebody has scored something on a day. */
  hasBegun(day: string): Promise<boolean>;
  /** Makes the partitions of this month and the next. */
  prepare(nowMs: number): Promise<void>;
}

export function createScoreTable(sql: RunSql): ScoreTable {
  return {
    async readMarks(prefix) {
      const rows = await sql<ScoreMark & { geohash: string }>(
        "SELECT geohash, versions, day::text FROM scored_slices WHERE geohash >= $1 AND geohash < $1 || '~'",
        [prefix],
      );
      return new Map(rows.map(({ geohash, versions, day }) => [geohash, { versions, day }]));
    },

    async write(cellAggregates, nowMs) {
      const cells = cellAggregates.flatMap((each) => each.cells);
      const marked = cellAggregates.filter(({ versions }) => versions !== undefined);
      const [row] = await sql<{ written: number }>(WRITE, [
        ...scoreColumns(cells),
        new Date(startOfHour(nowMs)),
        formatDay(startOfDay(nowMs)),
        cellAggregates.map(({ geohash4 }) => geohash4),
        marked.map(({ geohash4 }) => geohash4),
        marked.map(({ versions }) => versions),
      ]);
      return row?.written ?? 0;
    },

    async hasBegun(day) {
      const [row] = await sql<{ begun: boolean }>("SELECT EXISTS (SELECT FROM scored_slices WHERE day = $1) AS begun", [
        day,
      ]);
      return row?.begun ?? false;
    },

    async prepare(nowMs) {
      const day = new Date(nowMs);
      const next = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1));
      await sql("SELECT ensure_score_month($1), ensure_score_month($2)", [day, next]);
    },
  };
}

/** Columns of a row that say how a cell stands. */
const STATE = [...SCORE_NAMES, ...REPORT_LAYERS.map((layer) => `${layer}_quarters`), "report_count_7d", "city"];
const STATE_COLUMNS = STATE.join(", ");
const of = (table: string): string => STATE.map((name) => `${table}.${name}`).join(", ");
const SCALED = STATE.map((name) => (isScore(name) ? `(${name} / 10.0)::decimal(4, 1) AS ${name}` : name)).join(", ");
const NOTHING = STATE.map((name) => (isScore(name) ? "NULL::decimal" : name === "city" ? "h.city" : "0")).join(", ");

function isScore(name: string): boolean {
  return (SCORE_NAMES as readonly string[]).includes(name);
}

/** Values of the first parameters of a statement that takes scored cells as rows of `SCORED_CELLS`. */
export const scoreColumns = (cells: readonly ScoredCell[]): unknown[][] => [
  cells.map(({ geohash }) => geohash),
  ...SCORE_NAMES.map((name) => cells.map(({ scores }) => scores[name])),
  ...REPORT_LAYERS.map((layer) => cells.map(({ worthQuarters }) => worthQuarters[layer])),
  cells.map(({ reportCount7d }) => reportCount7d),
  cells.map(({ geohash }) => cityOfCell(geohash)?.id ?? null),
];

/** How many parameters these are. */
export const SCORE_PARAMETERS = 1 + STATE.length;

/** Expressions of a row of `SCORED_CELLS` and the columns that they are written to. */
export const SCORED = { columns: `geohash, ${STATE_COLUMNS}`, values: `geohash, ${SCALED}` } as const;

/** Sets of parameters as rows; scores are in tenths. @param more further columns of type timestamptz, of the parameters that follow */
export function scoredCells(...more: readonly string[]): string {
  const types = ["text", ...STATE.map((name) => (name === "city" ? "text" : "int")), ...more.map(() => "timestamptz")];
  const lists = types.map((type, i) => `$${i + 1}::${type}[]`).join(", ");
  return `unnest(${lists}) AS t (geohash, ${[...STATE, ...more].join(", ")})`;
}

const [HOUR, DAY, PLACES, MARKED, VERSIONS] = [1, 2, 3, 4, 5].map((i) => `$${SCORE_PARAMETERS + i}`);

/**
 * One statement, so it is atomic without a transaction. A cell's row before this one is looked for in the last three days:
 * whatever has live reports has a row of each day. OFFSET keeps PostgreSQL from joining all rows of those days to the cell aggregates:
 * cell aggregate by cell aggregate the primary key finds them.
 */
const WRITE = `
  WITH scored AS (
    SELECT ${SCORED.values}, false AS gone FROM ${scoredCells()}
  ), gone AS (
    SELECT DISTINCT ON (h.geohash) h.geohash, ${NOTHING}, true
    FROM unnest(${PLACES}::text[]) AS s (geohash4), LATERAL (
      SELECT * FROM neighborhood_scores h
      WHERE h.geohash >= s.geohash4 AND h.geohash < s.geohash4 || '~'
        AND h.calculated_at BETWEEN ${HOUR}::timestamptz - interval '3 days' AND ${HOUR}
      OFFSET 0
    ) h
    WHERE NOT EXISTS (SELECT FROM scored WHERE scored.geohash = h.geohash)
  ), changed AS (
    SELECT n.* FROM (SELECT * FROM scored UNION ALL SELECT * FROM gone) n
    LEFT JOIN LATERAL (
      SELECT * FROM neighborhood_scores h
      WHERE h.geohash = n.geohash AND h.calculated_at BETWEEN ${HOUR}::timestamptz - interval '3 days' AND ${HOUR}
      ORDER BY h.calculated_at DESC LIMIT 1
    ) last ON true
    WHERE last.geohash IS NULL
      OR (NOT n.gone AND last.calculated_at < ${DAY}::timestamp AT TIME ZONE 'UTC')
      OR (${of("last")}) IS DISTINCT FROM (${of("n")})
  ), written AS (
    INSERT INTO neighborhood_scores (${SCORED.columns}, calculated_at)
    SELECT ${SCORED.columns}, ${HOUR} FROM changed ORDER BY geohash
    ON CONFLICT (geohash, calculated_at) DO UPDATE SET (${STATE_COLUMNS}) = ROW (${of("excluded")})
    RETURNING 1
  ), unmarked AS (
    DELETE FROM scored_slices WHERE geohash = ANY (${PLACES}) AND NOT geohash = ANY (${MARKED})
  ), marked AS (
    INSERT INTO scored_slices (geohash, versions, day)
    SELECT geohash, versions, ${DAY}::date FROM unnest(${MARKED}::text[], ${VERSIONS}::text[]) AS m (geohash, versions)
    ORDER BY geohash
    ON CONFLICT (geohash) DO UPDATE SET versions = excluded.versions, day = excluded.day
  ), moved AS (
    UPDATE score_state SET epoch = epoch + 1 WHERE EXISTS (SELECT FROM written)
  )
  SELECT count(*)::int AS written FROM written`;
