import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { type PerLayer, perLayer, SCORE_NAMES, type ScoreTenths } from "../../tiles/scores/scores.ts";
import { within } from "../kit/wait.ts";
import type { Clock } from "../ports/clock.ts";
import type { Sql, Statement } from "../ports/sql.ts";

/** A cell's scores at the end of a UTC day, or by now. */
export interface DayScores {
  /** `2026-06-01` */
  readonly day: string;
  readonly scores: ScoreTenths;
  /** What the reports of the 30 days before weigh, in quarters. */
  readonly worthQuarters: PerLayer;
  readonly reportCount7d: number;
}

export interface ScoreHistory {
  /** Days on which a cell was scored, ascending. Rejects when PostgreSQL does not answer in time. */
  read(geohash: string, sinceMs: number): Promise<readonly DayScores[]>;
}

export interface ScoreHistoryOptions {
  readonly sql: Sql;
  readonly clock: Clock;
  /** Nobody waits longer for the history. */
  readonly withinMs?: number;
  /** What is asked; the history of cells without it. */
  readonly statement?: typeof historyStatement;
}

/** After a failure the history is not asked for: questions would only queue up. */
const PAUSE_MS = 5_000;

export function createScoreHistory({
  sql,
  clock,
  withinMs = 1_000,
  statement = historyStatement,
}: ScoreHistoryOptions): ScoreHistory {
  let pausedUntilMs = 0;
  return {
    async read(geohash, sinceMs) {
      if (clock.now() < pausedUntilMs) throw new Error("PostgreSQL did not answer a moment ago");
      try {
        const { text, values } = statement(geohash, sinceMs);
        const rows = (await within(withinMs, sql.query(text, values))) as unknown as readonly Row[];
        return rows.map(({ day, report_count_7d, quarters, ...scores }) => {
          const worthQuarters = perLayer((layer) => quarters[REPORT_LAYERS.indexOf(layer)] ?? 0);
          return { day, scores, worthQuarters, reportCount7d: report_count_7d };
        });
      } catch (error) {
        pausedUntilMs = clock.now() + PAUSE_MS;
        throw error;
      }
    },
  };
}

type Row = ScoreTenths & { day: string; report_count_7d: number; quarters: readonly number[] };

const readFrom = (table: string, key: string): string => `
  SELECT DISTINCT ON (day) (calculated_at AT TIME ZONE 'UTC')::date::text AS day,
         ${SCORE_NAMES.map((name) => `(${name} * 10)::int AS ${name}`).join(", ")}, report_count_7d,
         ARRAY[${REPORT_LAYERS.map((layer) => `${layer}_quarters`).join(", ")}] AS quarters
  FROM ${table} WHERE ${key} = $1 AND calculated_at >= $2
  ORDER BY day, calculated_at DESC`;

const READ = readFrom("neighborhood_scores", "geohash");
const READ_AREA = readFrom("area_scores", "area");
const READ_OWN_AREA = readFrom("own_area_scores", "area");

/** The statement of a cell's days; the bench explains it. */
export const historyStatement = (geohash: string, sinceMs: number): Statement => ({
  text: READ,
  values: [geohash, new Date(sinceMs)],
});

/** The same of an area, by its id. */
export const areaHistoryStatement = (id: string, sinceMs: number): Statement => ({
  text: READ_AREA,
  values: [id, new Date(sinceMs)],
});

/** The same of an area of an account. Whoever asks must be its owner. */
export const ownAreaHistoryStatement = (id: string, sinceMs: number): Statement => ({
  text: READ_OWN_AREA,
  values: [id, new Date(sinceMs)],
});
