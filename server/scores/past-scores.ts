import type { ReportLayer } from "../../tiles/layers.ts";
import { type DayCount, tallyAtEndOf } from "../../tiles/scores/score-days.ts";
import { type ScoredCell, scoreCells } from "../../tiles/scores/scores.ts";
import { DAY_MS, formatDay, HOUR_MS } from "../kit/utc-time.ts";
import { sleep } from "../kit/wait.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunSql } from "../ports/sql.ts";
import { SCORED, scoreColumns, scoredCells } from "./score-table.ts";

/**
 * History for places that were scored for the first time today but have older reports: an import, the seed, a new
 * PostgreSQL on an old log. How they stood at the end of each past day follows from `report_counts`.
 */
export interface PastScores {
  /** Writes what is lacking; returns the number of rows. Running twice, at once or after a crash leaves the same rows. */
  fill(): Promise<number>;
}

/** A sparkline's month, and both weeks of a week-over-week comparison. */
const DAYS_FILLED = 30;
/** The oldest report that can be live on the first of them was made so long ago. */
const DAYS_READ = DAYS_FILLED + 90;

/** A statement takes days until it has so many rows. */
const ROWS_PER_STATEMENT = 1_000;

export function createPastScores({ sql, clock }: { readonly sql: RunSql; readonly clock: Clock }): PastScores {
  async function write(rows: readonly PastRow[]): Promise<void> {
    await sql(WRITE, [
      ...scoreColumns(rows.map(({ cell }) => cell)),
      rows.map(({ day }) => new Date((day + 1) * DAY_MS - HOUR_MS)),
    ]);
  }

  async function fillUnder(geohash4: string, today: number): Promise<number> {
    const since = formatDay((today - DAYS_READ) * DAY_MS);
    const counts = await sql<CountRow>(READ_COUNTS, [geohash4, since, formatDay(today * DAY_MS)]);
    const byNeighborhood = Map.groupBy(counts, ({ geohash }) => geohash);
    const ofPlace: PastRow[] = [];
    let written = 0;
    let waiting: PastRow[] = [];
    for (let day = today - DAYS_FILLED; day < today; day++) {
      for (const cell of scoresAtEndOf(day, byNeighborhood)) {
        (cell.geohash === geohash4 ? ofPlace : waiting).push({ day, cell });
      }
      if (waiting.length < ROWS_PER_STATEMENT && day < today - 1) {
        // A city's day takes milliseconds, and requests wait meanwhile.
        await sleep(0);
        continue;
      }
      await write(waiting);
      written += waiting.length;
      waiting = [];
    }
    // By these the place is known to be filled, so they come last.
    await write(ofPlace);
    return written + ofPlace.length;
  }

  return {
    async fill() {
      const today = Math.floor(clock.now() / DAY_MS);
      const places = await sql<{ geohash: string }>(FIND, [formatDay(today * DAY_MS)]);
      if (places.length === 0) return 0;
      await sql("SELECT ensure_score_month($1), ensure_score_month($2)", [
        new Date((today - DAYS_FILLED) * DAY_MS),
        new Date((today - 1) * DAY_MS),
      ]);
      let written = 0;
      for (const { geohash } of places) written += await fillUnder(geohash, today);
      return written;
    },
  };
}

interface PastRow {
  /** Since 1970. */
  readonly day: number;
  readonly cell: ScoredCell;
}

interface CountRow extends DayCount {
  readonly geohash: string;
  readonly layer: ReportLayer;
}

function scoresAtEndOf(day: number, byNeighborhood: ReadonlyMap<string, readonly DayCount[]>): ScoredCell[] {
  const tallies = [...byNeighborhood].map(([geohash, counts]) => [geohash, tallyAtEndOf(day, counts)] as const);
  return scoreCells(new Map(tallies.filter(([, { reportCount }]) => reportCount > 0)));
}

/**
 * Places (geohash-4) with reports of the filled days but no row of their own before today; a filled one has a row of its first day on.
 */
const FIND = `
  SELECT s.geohash FROM scored_slices s
  WHERE EXISTS (
    SELECT FROM report_counts c
    WHERE c.geohash >= s.geohash AND c.geohash < s.geohash || '~' AND c.day < $1::date AND c.day >= $1::date - ${DAYS_READ - DAYS_FILLED}
  ) AND NOT EXISTS (
    SELECT FROM neighborhood_scores h
    WHERE h.geohash = s.geohash AND h.calculated_at < $1::date::timestamp AT TIME ZONE 'UTC'
  )
  ORDER BY s.geohash`;

const READ_COUNTS = `
  SELECT geohash, layer, day - date '1970-01-01' AS day, report_count AS "reportCount",
         worth_quarters AS "worthQuarters", severity_quarters AS "severityQuarters"
  FROM report_counts
  WHERE geohash >= $1 AND geohash < $1 || '~' AND day >= $2 AND day < $3
  ORDER BY geohash`;

/** What is there was written before: by a run that was cut off, or by another process. */
const WRITE = `
  INSERT INTO neighborhood_scores (${SCORED.columns}, calculated_at)
  SELECT ${SCORED.values}, at FROM ${scoredCells("at")} ORDER BY geohash, at
  ON CONFLICT (geohash, calculated_at) DO NOTHING`;
