import type { Log } from "../console/log.ts";
import type { MetricSample } from "../ports/metrics.ts";
import type { AreaScorer } from "./area-scorer.ts";
import type { PastScores } from "./past-scores.ts";
import type { Scorer } from "./scorer.ts";

/** A scorer's runs with what is told of them: for a loop on Node, and for a Worker's cron. */
export interface Scoring {
  /** Scores once. Rejects when a store fails: what is lacking is done by the next run, of whichever process. */
  run(): Promise<void>;
  samples(): MetricSample[];
}

/** What is counted and scored of areas, behind what is public. */
export interface ScoredAreas {
  /** Writes the history of areas of cities. */
  readonly areas: Pick<AreaScorer, "run">;
  /** Counts and scores those of accounts; returns how many areas were scored. */
  readonly own: { run(): Promise<{ readonly areas: number }> };
}

export function createScoring(scorer: Scorer, past: PastScores, log: Log, behind?: ScoredAreas): Scoring {
  let neighborhoods = 0;
  let rows = 0;
  let thinned = 0;
  let failures = 0;
  let ownAreas = 0;
  let looksBack = true;
  return {
    async run() {
      const startMs = performance.now();
      try {
        const done = await scorer.run();
        neighborhoods += done.neighborhoods;
        rows += done.rows;
        thinned += done.thinned;
        // What was never scored before may have a past; after a failure, too, it is looked for.
        if (done.neighborhoods > 0 || looksBack) rows += await past.fill();
        looksBack = false;
        const ofAreas = await behind?.areas.run();
        rows += ofAreas?.rows ?? 0;
        thinned += ofAreas?.thinned ?? 0;
        ownAreas += (await behind?.own.run())?.areas ?? 0;
        const ms = Math.round(performance.now() - startMs);
        if (done.neighborhoods + done.counted + done.thinned > 0) log.debug("scored", { ...done, ms });
      } catch (error) {
        failures++;
        looksBack = true;
        throw error;
      }
    },
    samples: () => [
      counter("stratum_neighborhoods_scored_total", "Neighbourhoods whose scores were computed.", neighborhoods),
      counter("stratum_score_rows_total", "Rows of score history written.", rows),
      counter(
        "stratum_score_rows_thinned_total",
        "Rows of score history deleted because their day has a later one.",
        thinned,
      ),
      counter("stratum_own_areas_scored_total", "Times that areas of accounts were scored.", ownAreas),
      counter("stratum_scoring_failures_total", "Runs that failed and were tried again.", failures),
    ],
  };
}

const counter = (name: string, help: string, value: number): MetricSample => ({ name, help, type: "counter", value });
