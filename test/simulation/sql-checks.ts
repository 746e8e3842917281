import { coarseTime } from "../../server/pyramid/coarse-time.ts";
import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { AGE_BANDS, DAY_MS, REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { SCORE_NAMES, type ScoredCell, scoreCells, tallyNeighborhoods } from "../../tiles/scores/scores.ts";
import { weighRows } from "../../tiles/weigh-rows.ts";
import { COARSE_AHEAD_MS, COARSE_BACK_MS } from "./expected.ts";
import type { Ledger } from "./ledger.ts";
import type { SqlDatabase } from "./sql-service.ts";
import type { Truth } from "./truth.ts";

interface CountRow {
  readonly key: string;
  readonly reports: number;
  readonly severity: number;
  readonly worth: number;
}

/** Counts in PostgreSQL are those of what is stored. Days whose first reports may have expired are final, and not looked at. */
export async function checkCounts(database: SqlDatabase, truth: Truth, ledger: Ledger, nowMs: number): Promise<void> {
  const firstDay = dayOf(nowMs - REPORT_LIFETIME_MS + 2 * DAY_MS);
  const rows = (await database.query(
    `SELECT geohash || ' ' || layer || ' ' || day AS key, report_count AS reports, severity_sum AS severity,
            worth_quarters AS worth
     FROM report_counts WHERE day >= $1`,
    [firstDay],
  )) as CountRow[];
  const counted = new Map(
    rows.map(({ key, reports, severity, worth }) => [key, `${reports} of severity ${severity}, ${worth} quarters`]),
  );
  const expected = countsOf([...truth.live.values()].filter(({ createdAtMs }) => dayOf(createdAtMs) >= firstDay));
  for (const key of new Set([...counted.keys(), ...expected.keys()])) {
    const [found = "none", wanted = "none"] = [counted.get(key), expected.get(key)];
    if (found !== wanted) ledger.violate("counts are those of what is stored", `${key}: ${found}, stored ${wanted}`);
  }
}

const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

function countsOf(reports: readonly Report[]): Map<string, string> {
  const groups = Map.groupBy(reports, ({ lonDeg, latDeg, layer, createdAtMs }) =>
    [encodeGeohash(lonDeg, latDeg, 6), layer, dayOf(createdAtMs)].join(" "),
  );
  return new Map(
    [...groups].map(([key, group]) => {
      const severity = group.reduce((sum, report) => sum + report.severity, 0);
      const worth = weighRows(columnsOfReports(group)).quarters.reduce((sum, quarters) => sum + quarters, 0);
      return [key, `${group.length} of severity ${severity}, ${worth} quarters`];
    }),
  );
}

interface ScoreRow {
  readonly geohash: string;
  readonly scores: string;
  readonly count: number;
}

/** The newest scores of each cell are those that all that is stored makes of it. */
export async function checkScores(database: SqlDatabase, truth: Truth, ledger: Ledger, nowMs: number): Promise<void> {
  const live = [...truth.live.values()];
  const ageing = new Set(live.filter((report) => isAgeing(report, nowMs)).map(neighborhoodOf));
  const isCertain = (geohash: string): boolean => ![...ageing].some((near) => near.startsWith(geohash.slice(0, 4)));
  const rows = (await database.query(
    `SELECT DISTINCT ON (geohash) geohash, concat_ws(' ', ${SCORE_NAMES.map((name) => `coalesce(${name}::text, 'none')`).join(", ")}) AS scores, report_count_7d AS count
     FROM neighborhood_scores ORDER BY geohash, calculated_at DESC`,
    [],
  )) as ScoreRow[];
  const scored = new Map(rows.map((row) => [row.geohash, row]));
  const expected = scoresOf(live, coarseTime(nowMs));
  for (const geohash of new Set([...scored.keys(), ...expected.keys()])) {
    const [found, wanted] = [scored.get(geohash), expected.get(geohash)];
    const text = wanted && SCORE_NAMES.map((name) => textOf(wanted.scores[name])).join(" ");
    const isRight =
      wanted === undefined ? found?.count === 0 : found?.scores === text && found?.count === wanted.reportCount7d;
    if (isRight || !isCertain(geohash)) continue;
    const [was, is] = [`${found?.scores} of ${found?.count}`, `${text} of ${wanted?.reportCount7d}`];
    ledger.violate("scores are those of what is stored", `${geohash}: ${was}, by hand ${is}`);
  }
}

const textOf = (tenths: number | null): string => (tenths === null ? "none" : (tenths / 10).toFixed(1));

const neighborhoodOf = ({ lonDeg, latDeg }: Report): string => encodeGeohash(lonDeg, latDeg, 6);

/** Moves to another age band about now, which scores see some time before or after. */
const isAgeing = ({ createdAtMs }: Report, nowMs: number): boolean =>
  AGE_BANDS.some(({ untilMs }) => {
    const leftMs = createdAtMs + untilMs - nowMs;
    return leftMs > -COARSE_BACK_MS && leftMs < COARSE_AHEAD_MS;
  });

function scoresOf(reports: readonly Report[], atMs: number): Map<string, ScoredCell> {
  const cellsOf = REPORT_LAYERS.map((layer) => {
    const columns = weighRows(columnsOfReports(reports.filter((report) => report.layer === layer)));
    return [layer, microCellsOfReports(columns, 6, atMs)] as const;
  });
  const cells = scoreCells(tallyNeighborhoods(Object.fromEntries(cellsOf)));
  return new Map(cells.map((cell) => [cell.geohash, cell]));
}
