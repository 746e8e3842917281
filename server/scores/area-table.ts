import { boundsOfBox } from "../../tiles/areas/area.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { SCORE_NAMES, type ScoredCell, type ScoreName } from "../../tiles/scores/scores.ts";
import type { AreaSetVersion } from "../areas/area-sets.ts";
import { DAY_MS, formatDay, startOfDay, startOfHour } from "../kit/utc-time.ts";
import type { RunSql } from "../ports/sql.ts";
import type { AreaScores } from "./area-scores.ts";

/** What PostgreSQL keeps of areas. */
export interface AreaTable {
  /** Notes areas of a version of a set. Doing so twice changes nothing. */
  note(of: AreaSetVersion, areas: readonly NumberedArea[]): Promise<void>;
  /** Writes areas that have other scores than before, or none of this day. Returns the number of rows written. */
  write(areas: readonly AreaScores[], nowMs: number): Promise<number>;
  /** Writes how areas stood before their first row. Returns the number of rows written; a second time none. */
  writePast(rows: readonly PastAreaScore[]): Promise<number>;
  /** Of days that are long ago leaves each area's last row. Returns the number of rows deleted. */
  thin(nowMs: number): Promise<number>;
}

/** How an area stood at a time; the cell's geohash is its id. */
export interface PastAreaScore {
  readonly cell: ScoredCell;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** Hours are kept for so long. */
const HOURS_KEPT_MS = 8 * DAY_MS;
/** How far back is looked for hours. */
const THINNED_MS = 40 * DAY_MS;

/** Where areas' scores are: those of the areas of cities, or of accounts. */
export type AreaScoreTable = "area_scores" | "own_area_scores";

export function createAreaTable(sql: RunSql, scores: AreaScoreTable = "area_scores"): AreaTable {
  const { write, writePast, thin } = statementsOf(scores);
  return {
    async note({ set, version }, areas) {
      const boxes = areas.map(({ box }) => boundsOfBox(box));
      await sql(NOTE, [
        areas.map(({ id }) => id),
        areas.map(({ name }) => name),
        boxes.map(({ west }) => west),
        boxes.map(({ south }) => south),
        boxes.map(({ east }) => east),
        boxes.map(({ north }) => north),
        set.city.id,
        set.kind,
        version.number,
      ]);
    },

    async write(areas, nowMs) {
      const tenthsOf = (name: ScoreName) => areas.map(({ scored }) => scored.scores[name]);
      const [row] = await sql<{ written: number }>(write, [
        areas.map(({ scored }) => scored.geohash),
        ...SCORE_NAMES.map(tenthsOf),
        ...REPORT_LAYERS.map((layer) => areas.map(({ scored }) => scored.worthQuarters[layer])),
        areas.map(({ total }) => total["7d"]),
        areas.map(({ total }) => total["30d"]),
        new Date(startOfHour(nowMs)),
        formatDay(startOfDay(nowMs)),
      ]);
      return row?.written ?? 0;
    },

    async writePast(rows) {
      const [row] = await sql<{ written: number }>(writePast, [
        rows.map(({ cell }) => cell.geohash),
        ...SCORE_NAMES.map((name) => rows.map(({ cell }) => cell.scores[name])),
        ...REPORT_LAYERS.map((layer) => rows.map(({ cell }) => cell.worthQuarters[layer])),
        rows.map(({ cell }) => cell.reportCount7d),
        rows.map(({ cell }) => REPORT_LAYERS.reduce((sum, layer) => sum + cell.reportCount30d[layer], 0)),
        rows.map(({ atMs }) => new Date(atMs)),
      ]);
      return row?.written ?? 0;
    },

    async thin(nowMs) {
      const until = startOfDay(nowMs - HOURS_KEPT_MS);
      const [row] = await sql<{ thinned: number }>(thin, [new Date(until - THINNED_MS), new Date(until)]);
      return row?.thinned ?? 0;
    },
  };
}

/** A version that is older than what is known was read from a cache. */
const NOTE = `
  INSERT INTO areas (id, name, west, south, east, north, city, kind, version)
  SELECT id, name, west, south, east, north, $7, $8, $9
  FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[])
    AS t (id, name, west, south, east, north)
  ORDER BY id
  ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, west = excluded.west, south = excluded.south, east = excluded.east, north = excluded.north,
    city = excluded.city, kind = excluded.kind, version = excluded.version
  WHERE areas.version < excluded.version`;

const COUNTS = [...REPORT_LAYERS.map((layer) => `${layer}_quarters`), "report_count_7d", "report_count_30d"];
const COLUMNS = [...SCORE_NAMES, ...COUNTS];
/** Parameters: the areas, and those columns of them. */
const LISTS = COLUMNS.map((_, i) => `$${i + 2}::int[]`).join(", ");
const [HOUR, DAY] = [`$${COLUMNS.length + 2}`, `$${COLUMNS.length + 3}`];
const listOf = (prefix: string): string => COLUMNS.map((name) => `${prefix}.${name}`).join(", ");

const POINTS = SCORE_NAMES.map((name) => `(${name} / 10.0)::decimal(4, 1) AS ${name}`).join(", ");

/** Each is one statement, so it is atomic. */
const statementsOf = (table: AreaScoreTable) => ({
  write: `
  WITH scored AS (
    SELECT area, ${POINTS}, ${COUNTS.join(", ")}
    FROM unnest($1::text[], ${LISTS})
      AS t (area, ${COLUMNS.join(", ")})
  ), changed AS (
    SELECT n.* FROM scored n
    LEFT JOIN LATERAL (
      SELECT * FROM ${table} h
      WHERE h.area = n.area AND h.calculated_at <= ${HOUR}
      ORDER BY h.calculated_at DESC LIMIT 1
    ) last ON true
    WHERE last.area IS NULL
      OR last.calculated_at < ${DAY}::timestamp AT TIME ZONE 'UTC'
      OR (${listOf("last")}) IS DISTINCT FROM (${listOf("n")})
  ), written AS (
    INSERT INTO ${table} (area, ${COLUMNS.join(", ")}, calculated_at)
    SELECT area, ${COLUMNS.join(", ")}, ${HOUR}::timestamptz FROM changed ORDER BY area
    ON CONFLICT (area, calculated_at) DO UPDATE SET
      ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(", ")}
    RETURNING 1
  )
  SELECT count(*)::int AS written FROM written`,

  /** The rows of an area together: its first one tells afterwards how far back it is known. */
  writePast: `
  WITH written AS (
    INSERT INTO ${table} (area, ${COLUMNS.join(", ")}, calculated_at)
    SELECT area, ${POINTS}, ${COUNTS.join(", ")}, at
    FROM unnest($1::text[], ${LISTS}, ${HOUR}::timestamptz[]) AS t (area, ${COLUMNS.join(", ")}, at)
    WHERE NOT EXISTS (SELECT FROM ${table} h WHERE h.area = t.area AND h.calculated_at < t.at)
    ORDER BY area, at
    ON CONFLICT (area, calculated_at) DO NOTHING
    RETURNING 1
  )
  SELECT count(*)::int AS written FROM written`,

  thin: `
  WITH thinned AS (
    DELETE FROM ${table} early
    WHERE early.calculated_at >= $1 AND early.calculated_at < $2
      AND EXISTS (
        SELECT FROM ${table} late
        WHERE late.area = early.area AND late.calculated_at > early.calculated_at
          AND late.calculated_at < early.calculated_at + interval '1 day'
          AND (late.calculated_at AT TIME ZONE 'UTC')::date = (early.calculated_at AT TIME ZONE 'UTC')::date
      )
    RETURNING 1
  )
  SELECT count(*)::int AS thinned FROM thinned`,
});
