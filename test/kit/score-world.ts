import type { Pool } from "pg";
import { silentLog } from "../../server/console/log.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { createCompactor } from "../../server/pyramid/compactor.ts";
import { createScorer } from "../../server/scores/scorer.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { type ScoredCell, scoreCells, tallyNeighborhoods } from "../../tiles/scores/scores.ts";
import { weighRows } from "../../tiles/weigh-rows.ts";
import { createTestClock } from "./clock.ts";
import { seededRandom } from "./random.ts";
import { makeReport, type ReportAt } from "./sample-reports.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const SCORE_TABLES = [
  "neighborhood_scores",
  "report_counts",
  "scored_slices",
  "cells_to_count",
  "counted_parts",
  "areas",
  "area_scores",
  "area_counts",
  "counted_area_sets",
];

export const MISSION = { lonDeg: -122.42, latDeg: 37.77 } as const;
export const AUSTIN = { lonDeg: -97.743057, latDeg: 30.267153 } as const;
/** In the sea, in no city. */
export const NOWHERE = { lonDeg: -30.001, latDeg: 20.001 } as const;

/** Reports in memory, compacted, and scorers on them; the clock stands at noon until it is moved. */
export function createWorld() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const compactor = createCompactor({ store, derived, clock, log: silentLog });
  const random = seededRandom(11);
  const reports: Report[] = [];
  return {
    clock,
    store,
    derived,
    reports,
    async add(fields: Omit<ReportAt, "createdAtMs"> & { ageMs?: number }, count = 1) {
      const made = Array.from({ length: count }, () =>
        makeReport({ ...fields, createdAtMs: clock.now() - (fields.ageMs ?? 20 * MINUTE) }, random),
      );
      reports.push(...made);
      await store.putMany(made);
    },
    async addAll(made: readonly Report[]) {
      reports.push(...made);
      await store.putMany(made);
    },
    compact: () => compactor.run(),
    scorer: (sql: RunSql) => createScorer({ store, derived, sql, clock, log: silentLog }),
    /** What every cell's scores must be now, from all reports at once; ages as the compactor takes them. */
    expected(): Map<string, ScoredCell> {
      const atMs = Math.ceil(clock.now() / (10 * MINUTE)) * 10 * MINUTE;
      const cells = REPORT_LAYERS.map((layer) => {
        const columns = weighRows(columnsOfReports(reports.filter((report) => report.layer === layer)));
        return [layer, microCellsOfReports(columns, 6, atMs)] as const;
      });
      return new Map(scoreCells(tallyNeighborhoods(Object.fromEntries(cells))).map((cell) => [cell.geohash, cell]));
    },
  };
}

/** Statements of which a share fails at random: half of those before they are sent, half when their answer is lost. */
export function failAtRandom(sql: RunSql, random: () => number, share: number) {
  let faults = 0;
  const flaky: RunSql = async (text, values) => {
    const dice = random();
    if (dice < share / 2) throw new Error(`refused ${++faults}`);
    const rows = await sql(text, values);
    if (dice < share) throw new Error(`answer lost ${++faults}`);
    return rows as never;
  };
  return { sql: flaky, faults: () => faults };
}

export interface ScoreRow {
  readonly geohash: string;
  readonly at: string;
  readonly safety: number | null;
  readonly vibe: number | null;
  readonly overall: number | null;
  /** Of all layers, in quarters. */
  readonly worth: number;
  readonly count: number;
  readonly city: string | null;
}

/** All rows of history, by geohash and hour. */
export async function readHistory(pool: Pool, prefix = ""): Promise<ScoreRow[]> {
  const { rows } = await pool.query(
    `SELECT geohash, to_char(calculated_at AT TIME ZONE 'UTC', 'DD HH24') AS at, safety::float8, vibe::float8,
            overall::float8, report_count_7d AS count, city,
            safety_quarters + vibe_quarters + infrastructure_quarters + opportunity_quarters AS worth
     FROM neighborhood_scores WHERE geohash LIKE $1 || '%' ORDER BY geohash, calculated_at`,
    [prefix],
  );
  return rows;
}

/** The newest scores of every cell. */
export async function readCurrent(pool: Pool): Promise<Map<string, ScoreRow>> {
  return new Map((await readHistory(pool)).map((row) => [row.geohash, row]));
}

export interface CountRow {
  readonly geohash: string;
  readonly layer: string;
  readonly day: string;
  readonly reports: number;
  readonly severity: number;
  readonly worth: number;
  readonly severityQuarters: number;
  readonly city: string | null;
}

export async function readCounts(pool: Pool): Promise<CountRow[]> {
  const { rows } = await pool.query(
    `SELECT geohash, layer, day::text, report_count AS reports, severity_sum AS severity,
            worth_quarters AS worth, severity_quarters AS "severityQuarters", city
     FROM report_counts ORDER BY geohash, layer, day`,
  );
  return rows;
}

/** What the counts must be. */
export function countByHand(reports: readonly Report[]): Omit<CountRow, "city">[] {
  const keyOf = ({ lonDeg, latDeg, layer, createdAtMs }: Report) =>
    [encodeGeohash(lonDeg, latDeg, 6), layer, new Date(createdAtMs).toISOString().slice(0, 10)].join(" ");
  const groups = [...Map.groupBy(reports, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.map(([key, group]) => {
    const [geohash = "", layer = "", day = ""] = key.split(" ");
    const { length, severity, quarters } = weighRows(columnsOfReports(group));
    const sum = (values: Iterable<number>) => [...values].reduce((all, value) => all + value, 0);
    const severityQuarters = sum(severity.map((each, row) => each * (quarters[row] as number)));
    return { geohash, layer, day, reports: length, severity: sum(severity), worth: sum(quarters), severityQuarters };
  });
}
