import { DAY_MS, formatDay, startOfDay } from "../kit/utc-time.ts";
import type { RunSql } from "../ports/sql.ts";

/** Thins the history: of days that are long ago only each cell's last row is kept. */
export interface ScoreThinning {
  /**
   * Does a bounded part of what is due, beginning where any process has stopped; `done` only when nothing is due any more that
   * day. A batch of rows is thinned and remembered by one statement, so this may be cut off anywhere and run several times at once.
   */
  run(nowMs: number): Promise<ThinningReport>;
}

export interface ThinningReport {
  readonly done: boolean;
  /** Rows that were deleted. */
  readonly thinned: number;
}

export interface ScoreThinningOptions {
  /** Rows that a statement looks at, about; it deletes fewer. */
  readonly batchRows?: number;
  /** Batches of a run: the scorer has other work to do. */
  readonly batchesPerRun?: number;
}

/** Hours are kept for so long. */
const HOURS_KEPT_MS = 8 * DAY_MS;
/** How far back the first thinning begins. */
const FIRST_SPAN_MS = 40 * DAY_MS;
/** Sorts after every cell. */
const LAST_CELL = "~";

/** Days of one month, and the cell up to which they are thinned. */
interface Place {
  /** `2026-06-01` */
  readonly from: string;
  /** Not itself any more. */
  readonly until: string;
  readonly cell: string;
}

export function createScoreThinning(
  sql: RunSql,
  { batchRows = 50_000, batchesPerRun = 40 }: ScoreThinningOptions = {},
): ScoreThinning {
  async function readPlace(): Promise<Place> {
    const [place] = await sql<Place>(READ);
    if (place === undefined) throw new Error("score_thinning has no row: nobody knows how far the history is thinned");
    return place;
  }

  /** Where to go on; undefined when all days before `until` are thin. */
  async function findPlace(until: string): Promise<Place | undefined> {
    const place = await readPlace();
    if (place.cell !== LAST_CELL) return place;
    if (place.until >= until) return undefined;
    const first = formatDay(Date.parse(until) - FIRST_SPAN_MS);
    await sql(BEGIN_SPAN, [place.from, place.until, first, until]);
    return readPlace();
  }

  /** Undefined when another process is at it. */
  async function thinBatch({ from, until, cell }: Place): Promise<number | undefined> {
    const month = monthOf(from);
    const [end] = await sql<{ geohash: string }>(END_OF_BATCH, [
      cell,
      new Date(month.first),
      new Date(month.next),
      batchRows,
    ]);
    const batch = [cell, end?.geohash ?? LAST_CELL, new Date(from), new Date(until), from, until];
    const [row] = await sql<{ moved: boolean; thinned: number }>(THIN, batch);
    return row?.moved === true ? row.thinned : undefined;
  }

  return {
    async run(nowMs) {
      const until = formatDay(startOfDay(nowMs - HOURS_KEPT_MS));
      let thinned = 0;
      for (let batch = 0; batch < batchesPerRun; batch++) {
        const place = await findPlace(until);
        if (place === undefined) return { done: true, thinned };
        const rows = await thinBatch(place);
        if (rows === undefined) break;
        thinned += rows;
      }
      return { done: false, thinned };
    },
  };
}

/** First day of a day's month, and of the month after. */
function monthOf(day: string): { first: string; next: string } {
  const at = new Date(day);
  const first = (months: number) => formatDay(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months));
  return { first: first(0), next: first(1) };
}

const READ = 'SELECT from_day::text AS "from", until_day::text AS until, done_cell AS cell FROM score_thinning';

const BEGIN_SPAN = `
  UPDATE score_thinning SET
    from_day = greatest(until_day, $3::date),
    until_day = least((date_trunc('month', greatest(until_day, $3::date)::timestamp) + interval '1 month')::date, $4::date),
    done_cell = ''
  WHERE from_day = $1 AND until_day = $2 AND done_cell = '${LAST_CELL}'`;

/** Counted in the month's primary key, which holds its rows by cell: a batch is as large where cells have many rows as few. */
const END_OF_BATCH = `
  SELECT geohash FROM neighborhood_scores
  WHERE geohash > $1 AND calculated_at >= $2 AND calculated_at < $3
  ORDER BY geohash, calculated_at OFFSET $4 LIMIT 1`;

/**
 * Both sides of the join are bounded by batch and days, so that the partition's primary key finds them. Who finds the place
 * locked or moved does nothing.
 */
const THIN = `
  WITH mine AS (
    SELECT FROM score_thinning WHERE from_day = $5::date AND until_day = $6::date AND done_cell = $1
    FOR UPDATE SKIP LOCKED
  ), thinned AS (
    DELETE FROM neighborhood_scores early
    WHERE EXISTS (SELECT FROM mine)
      AND early.geohash > $1 AND early.geohash <= $2 AND early.calculated_at >= $3 AND early.calculated_at < $4
      AND EXISTS (
        SELECT FROM neighborhood_scores late
        WHERE late.geohash > $1 AND late.geohash <= $2 AND late.calculated_at >= $3 AND late.calculated_at < $4
          AND late.geohash = early.geohash AND late.calculated_at > early.calculated_at
          AND (late.calculated_at AT TIME ZONE 'UTC')::date = (early.calculated_at AT TIME ZONE 'UTC')::date
      )
    RETURNING 1
  ), moved AS (
    UPDATE score_thinning SET done_cell = $2 WHERE EXISTS (SELECT FROM mine) RETURNING 1
  )
  SELECT EXISTS (SELECT FROM moved) AS moved, (SELECT count(*)::int FROM thinned) AS thinned`;
