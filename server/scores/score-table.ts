import { NEUTRAL_SCORES, type ScoredCell, type ScoreTenths } from "../../tiles/scores/scores.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import { formatDay, startOfDay, startOfHour } from "../kit/utc-time.ts";
import type { RunSql } from "../ports/sql.ts";

/** The scored cells under one geohash-4, and what they were scored from. */
export interface ScoredCellAggregates {
  readonly geohash4: string;
  /** Versions of the cell aggregates of all layers; undefined when there is none any more. */
  readonly versions: string | undefined;
  /** All of them: what had a score and is not among them gets that of an empty place. */
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
      const scores = (name: keyof ScoreTenths) => cells.map((cell) => cell.scores[name]);
      const marked = cellAggregates.filter(({ versions }) => versions !== undefined);
      const [row] = await sql<{ written: number }>(WRITE, [
        cells.map(({ geohash }) => geohash),
        scores("safety"),
        scores("vibe"),
        scores("infrastructure"),
        scores("opportunity"),
        scores("overall"),
        cells.map(({ reportCount7d }) => reportCount7d),
        cells.map(({ geohash }) => cityOfCell(geohash)?.id ?? null),
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

const NEUTRAL = [
  NEUTRAL_SCORES.safety,
  NEUTRAL_SCORES.vibe,
  NEUTRAL_SCORES.infrastructure,
  NEUTRAL_SCORES.opportunity,
  NEUTRAL_SCORES.overall,
].map((tenths) => `${tenths / 10}::decimal(4, 1)`);

/**
 * One statement, so it is atomic without a transaction. A cell's row before this one is looked for in the last three days:
 * whatever has live reports has a row of each day. OFFSET keeps PostgreSQL from joining all rows of those days to the cell aggregates:
 * cell aggregate by cell aggregate the primary key finds them.
 */
const WRITE = `
  WITH scored AS (
    SELECT geohash, (safety / 10.0)::decimal(4, 1) AS safety, (vibe / 10.0)::decimal(4, 1) AS vibe,
           (infrastructure / 10.0)::decimal(4, 1) AS infrastructure, (opportunity / 10.0)::decimal(4, 1) AS opportunity,
           (overall / 10.0)::decimal(4, 1) AS overall, report_count_7d, city, false AS gone
    FROM unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::text[])
      AS t (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city)
  ), gone AS (
    SELECT DISTINCT ON (h.geohash) h.geohash, ${NEUTRAL.join(", ")}, 0, h.city, true
    FROM unnest($11::text[]) AS s (geohash4), LATERAL (
      SELECT * FROM neighborhood_scores h
      WHERE h.geohash >= s.geohash4 AND h.geohash < s.geohash4 || '~'
        AND h.calculated_at BETWEEN $9::timestamptz - interval '3 days' AND $9
      OFFSET 0
    ) h
    WHERE NOT EXISTS (SELECT FROM scored WHERE scored.geohash = h.geohash)
  ), changed AS (
    SELECT n.* FROM (SELECT * FROM scored UNION ALL SELECT * FROM gone) n
    LEFT JOIN LATERAL (
      SELECT * FROM neighborhood_scores h
      WHERE h.geohash = n.geohash AND h.calculated_at BETWEEN $9::timestamptz - interval '3 days' AND $9
      ORDER BY h.calculated_at DESC LIMIT 1
    ) last ON true
    WHERE last.geohash IS NULL
      OR (NOT n.gone AND last.calculated_at < $10::timestamp AT TIME ZONE 'UTC')
      OR (last.safety, last.vibe, last.infrastructure, last.opportunity, last.overall, last.report_count_7d, last.city)
         IS DISTINCT FROM (n.safety, n.vibe, n.infrastructure, n.opportunity, n.overall, n.report_count_7d, n.city)
  ), written AS (
    INSERT INTO neighborhood_scores
      (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at)
    SELECT geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, $9
    FROM changed ORDER BY geohash
    ON CONFLICT (geohash, calculated_at) DO UPDATE SET
      safety = excluded.safety, vibe = excluded.vibe, infrastructure = excluded.infrastructure,
      opportunity = excluded.opportunity, overall = excluded.overall,
      report_count_7d = excluded.report_count_7d, city = excluded.city
    RETURNING 1
  ), unmarked AS (
    DELETE FROM scored_slices WHERE geohash = ANY ($11) AND NOT geohash = ANY ($12)
  ), marked AS (
    INSERT INTO scored_slices (geohash, versions, day)
    SELECT geohash, versions, $10::date FROM unnest($12::text[], $13::text[]) AS m (geohash, versions) ORDER BY geohash
    ON CONFLICT (geohash) DO UPDATE SET versions = excluded.versions, day = excluded.day
  ), moved AS (
    UPDATE score_state SET epoch = epoch + 1 WHERE EXISTS (SELECT FROM written)
  )
  SELECT count(*)::int AS written FROM written`;
