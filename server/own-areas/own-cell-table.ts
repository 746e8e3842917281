import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { formatDay, startOfHour } from "../kit/utc-time.ts";
import type { LogCell } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import { type OwnArea, readPolygons, type StoredPolygons } from "./own-area.ts";

/** A log cell of which something is to be counted for own areas. */
export interface WaitingCell extends LogCell {
  /** Unix milliseconds: reports made before have not changed since it was counted. */
  readonly fromMs: number;
  /** Another one whenever the cell was told again. */
  readonly told: string;
}

/** An own area that meets a cell. */
export interface AreaOfCell extends Pick<OwnArea, "id" | "polygons"> {
  /** Whether all reports of the cell were counted for it before. */
  readonly isCounted: boolean;
}

/** An area's reports of a layer, neighbourhood and day. */
export interface OwnCount {
  readonly area: string;
  readonly geohash: string;
  /** Unix milliseconds. */
  readonly dayMs: number;
  readonly reports: number;
  readonly severity: number;
  readonly worthQuarters: number;
  readonly severityQuarters: number;
}

/** Some areas of a cell that were counted, each with all counts from a day on. */
export interface CountedAreas {
  readonly cell: WaitingCell;
  readonly areas: readonly { readonly id: string; readonly fromDayMs: number }[];
  readonly counts: readonly OwnCount[];
  /** Whether these were the last ones of the cell, which waits no more then. */
  readonly isLast: boolean;
}

/** The log cells that own areas meet, and what was counted in them, in PostgreSQL. */
export interface OwnCellTable {
  /** Cells that wait, and were not counted in this hour, ascending. */
  waiting(limit: number, nowMs: number): Promise<WaitingCell[]>;
  /** Areas that meet a cell and are counted, ascending by id, behind one of them. */
  areasOf(cell: LogCell, after: string, limit: number): Promise<AreaOfCell[]>;
  /** All or nothing; false when the cell was told again, or counted by somebody else, since it was read: then it waits still. */
  write(counted: CountedAreas, nowMs: number): Promise<boolean>;
  /** Forgets cells that no area meets any more. */
  tidy(): Promise<void>;
}

const bitOf = (layer: ReportLayer): number => 1 << REPORT_LAYERS.indexOf(layer);

export function createOwnCellTable(sql: RunSql): OwnCellTable {
  return {
    waiting: (limit, nowMs) => sql<WaitingCell>(WAITING, [new Date(startOfHour(nowMs)), limit]),

    async areasOf({ layer, geohash5 }, after, limit) {
      const rows = await sql<CellRow>(AREAS_OF, [geohash5, bitOf(layer), after, limit]);
      return rows.map(({ polygons, ...area }) => ({ ...area, polygons: readPolygons(polygons) }));
    },

    async write({ cell, areas, counts, isLast }, nowMs) {
      const [row] = await sql<{ cells: number }>(WRITE, [
        cell.geohash5,
        cell.layer,
        cell.told,
        bitOf(cell.layer),
        isLast,
        new Date(startOfHour(nowMs)),
        new Date(nowMs),
        areas.map(({ id }) => id),
        areas.map(({ fromDayMs }) => formatDay(fromDayMs)),
        counts.map(({ area }) => area),
        counts.map(({ geohash }) => geohash),
        counts.map(({ dayMs }) => formatDay(dayMs)),
        counts.map(({ reports }) => reports),
        counts.map(({ severity }) => severity),
        counts.map(({ worthQuarters }) => worthQuarters),
        counts.map(({ severityQuarters }) => severityQuarters),
      ]);
      return (row?.cells ?? 0) > 0;
    },

    async tidy() {
      await sql(FORGET_CELLS);
    },
  };
}

interface CellRow extends Omit<AreaOfCell, "polygons"> {
  readonly polygons: StoredPolygons;
}

const WAITING = `
  SELECT geohash5, layer, from_ms::float8 AS "fromMs", told::text FROM own_cells
  WHERE from_ms IS NOT NULL AND counted_at < $1 ORDER BY geohash5, layer LIMIT $2`;

const AREAS_OF = `
  SELECT a.id, a.polygons, c.counted & $2::int <> 0 AS "isCounted"
  FROM own_area_cells c JOIN own_areas a ON a.id = c.area
  WHERE c.geohash5 = $1 AND c.area > $3 AND NOT a.is_paused ORDER BY c.area LIMIT $4`;

/**
 * Whoever writes holds the cell as it was told, so that nobody else has counted it since. An area that was removed meanwhile is left out. With
 * the last ones the cell waits no more, and what is paused has missed something.
 */
const WRITE = `
  WITH mine AS (
    SELECT FROM own_cells WHERE geohash5 = $1 AND layer = $2 AND told = $3::bigint FOR UPDATE
  ), known AS (
    SELECT a.id, t.from_day FROM unnest($8::text[], $9::date[]) AS t (id, from_day)
    JOIN own_areas a ON a.id = t.id JOIN mine ON true ORDER BY a.id FOR NO KEY UPDATE OF a
  ), counted AS (
    SELECT t.* FROM unnest($10::text[], $11::text[], $12::date[], $13::int[], $14::int[], $15::int[], $16::int[])
      AS t (area, geohash, day, report_count, severity_sum, worth_quarters, severity_quarters)
    JOIN known ON known.id = t.area
  ), gone AS (
    DELETE FROM own_area_counts c USING known
    WHERE c.area = known.id AND c.layer = $2 AND c.day >= known.from_day AND left(c.geohash, 5) = $1
      AND (c.area, c.geohash, c.day) NOT IN (SELECT area, geohash, day FROM counted)
  ), written AS (
    INSERT INTO own_area_counts
      (area, layer, day, geohash, report_count, severity_sum, worth_quarters, severity_quarters)
    SELECT area, $2, day, geohash, report_count, severity_sum, worth_quarters, severity_quarters
    FROM counted ORDER BY area, day, geohash
    ON CONFLICT (area, layer, day, geohash) DO UPDATE SET
      report_count = excluded.report_count, severity_sum = excluded.severity_sum,
      worth_quarters = excluded.worth_quarters, severity_quarters = excluded.severity_quarters
    WHERE (own_area_counts.report_count, own_area_counts.severity_sum, own_area_counts.worth_quarters,
           own_area_counts.severity_quarters)
      IS DISTINCT FROM (excluded.report_count, excluded.severity_sum, excluded.worth_quarters, excluded.severity_quarters)
  ), noted AS (
    UPDATE own_area_cells c SET counted = c.counted | $4::int
    FROM known WHERE c.area = known.id AND c.geohash5 = $1 AND c.counted & $4::int = 0
  ), due AS (
    UPDATE own_areas a SET due_at = least(a.due_at, $7) FROM known WHERE a.id = known.id
  ), missed AS (
    UPDATE own_area_cells c SET counted = c.counted & ~$4::int
    FROM own_areas a, mine
    WHERE $5::boolean AND c.geohash5 = $1 AND a.id = c.area AND a.is_paused AND c.counted & $4::int <> 0
  ), done AS (
    UPDATE own_cells c SET from_ms = NULL, counted_at = $6
    FROM mine WHERE $5::boolean AND c.geohash5 = $1 AND c.layer = $2
  )
  SELECT count(*)::int AS cells FROM mine`;

const FORGET_CELLS = `
  DELETE FROM own_cells c WHERE NOT EXISTS (SELECT FROM own_area_cells a WHERE a.geohash5 = c.geohash5)`;
