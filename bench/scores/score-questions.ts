import { findCity } from "../../server/areas/cities.ts";
import type { Statement } from "../../server/ports/sql.ts";
import { historyStatement } from "../../server/scores/score-history.ts";
import type { AreaFilter } from "../../server/trends/area.ts";
import { dailyNeighborhoodsStatement, dailyStatement, daysUpTo } from "../../server/trends/daily.ts";
import { REPORT_COUNTS, SCORES } from "../../server/trends/export-rows.ts";
import { monthsUpTo, risingStatement } from "../../server/trends/rising.ts";
import { changeStatement, meanStatement } from "../../server/trends/score-means.ts";

import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";

/** A statement as a route asks it. */
export interface Question {
  readonly name: string;
  /** What it must be answered by, as `explainStatement` names it. */
  readonly index: string;
  statement(nowMs: number): Statement;
}

const DAY_MS = 86_400_000;
const PAGE_ROWS = 5_000;
const sanFrancisco = cityOf("san-francisco");
const austin = cityOf("austin");
/** 0.3 x 0.3 degrees of Austin: 1 500 neighbourhoods. */
const BOX = { west: -97.9, south: 30.15, east: -97.6, north: 30.45 };
const EVERYWHERE = { low: "0", high: "zzzzzz" };

/** By city, precision and time, with the safety score in it. */
const CITY_SCORES = "neighborhood_scores_city_precision_calculated_at_ge_idx";
/** By cell and time. */
const CELL_SCORES = "neighborhood_scores_pkey";
/** By the pages of a time: rows lie in its order. */
const TIME_SCORES = "neighborhood_scores_calculated_at_idx";
const CITY_COUNTS = "report_counts_city_layer_day";
const CELL_COUNTS = "report_counts_pkey";

const isByCity = ({ geohash, bbox }: AreaFilter) => geohash === undefined && bbox === undefined;

const mean = (name: string, days: number, area: AreaFilter, score: "safety" | "overall") => ({
  name: `average: ${name}`,
  index: isByCity(area) ? CITY_SCORES : CELL_SCORES,
  statement: (nowMs: number) => meanStatement({ area, score, fromMs: nowMs - days * DAY_MS, toMs: nowMs }),
});

const rising = (name: string, area: AreaFilter) => ({
  name: `rising: ${name}`,
  index: isByCity(area) ? CITY_COUNTS : CELL_COUNTS,
  statement: (nowMs: number) =>
    risingStatement({
      area,
      layer: "infrastructure",
      months: monthsUpTo(nowMs),
      minChange: 30,
      minReports: 5,
      limit: 101,
    }),
});

const daily = (name: string, area: AreaFilter, layers: readonly ReportLayer[], days: number) => {
  const index = isByCity(area) ? CITY_COUNTS : CELL_COUNTS;
  const query = (nowMs: number) => ({ area, layers, ...daysUpTo(nowMs, days), limit: 1000 });
  return [
    { name: `daily: ${name}`, index, statement: (nowMs: number) => dailyStatement(query(nowMs)) },
    { name: `daily, by cell: ${name}`, index, statement: (nowMs: number) => dailyNeighborhoodsStatement(query(nowMs)) },
  ];
};

export const QUESTIONS: readonly Question[] = [
  mean("San Francisco, 7 days", 7, { city: sanFrancisco }, "safety"),
  mean("San Francisco, 7 days, overall", 7, { city: sanFrancisco }, "overall"),
  mean("Austin, 7 days", 7, { city: austin }, "safety"),
  mean("Austin, 90 days", 90, { city: austin }, "safety"),
  mean("a geohash-4, 7 days", 7, { geohash: "9q8y" }, "safety"),
  mean("a box, 7 days", 7, { bbox: BOX }, "safety"),
  mean("all cities, 7 days", 7, {}, "safety"),
  {
    name: "changes: all cities",
    index: CITY_SCORES,
    statement: (toMs) => changeStatement({ area: {}, score: "safety", toMs }),
  },
  {
    name: "changes: San Francisco",
    index: CITY_SCORES,
    statement: (toMs) => changeStatement({ area: { city: sanFrancisco }, score: "safety", toMs }),
  },
  rising("San Francisco", { city: sanFrancisco }),
  rising("all cities", {}),
  rising("a box", { bbox: BOX }),
  ...daily("San Francisco, 30 days", { city: sanFrancisco }, ["safety"], 30),
  ...daily("a box, all layers, 90 days", { bbox: BOX }, REPORT_LAYERS, 90),
  {
    name: "score card: 30 days of a cell",
    index: CELL_SCORES,
    statement: (toMs) => historyStatement("9v6kpv", toMs - 30 * DAY_MS),
  },
  {
    name: "export page: first",
    index: CELL_SCORES,
    statement: (toMs) => SCORES.statement({ toMs }, EVERYWHERE, undefined, PAGE_ROWS),
  },
  {
    name: "export page: from the middle",
    index: CELL_SCORES,
    statement: (toMs) =>
      SCORES.statement({ toMs }, { low: "9v6kpv", high: "zzzzzz" }, ["9v6kpv", "2026-05-20T00:00:00Z"], PAGE_ROWS),
  },
  {
    name: "export page: one hour of all",
    index: TIME_SCORES,
    statement: (toMs) => SCORES.statement({ fromMs: toMs - DAY_MS / 24, toMs }, EVERYWHERE, undefined, PAGE_ROWS),
  },
  {
    name: "export page: counts",
    index: CELL_COUNTS,
    statement: (toMs) => REPORT_COUNTS.statement({ toMs }, EVERYWHERE, undefined, PAGE_ROWS),
  },
];

function cityOf(id: string) {
  const city = findCity(id);
  if (city === undefined) throw new Error(`no city ${id}`);
  return city;
}
