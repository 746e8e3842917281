import { findCity } from "../server/cities.ts";
import { dailyNeighborhoodsStatement, dailyStatement, daysUpTo } from "../server/trends/daily.ts";
import { REPORT_COUNTS, SCORES } from "../server/trends/export-rows.ts";
import { monthsUpTo, risingStatement } from "../server/trends/rising.ts";
import { changeStatement, meanStatement } from "../server/trends/score-means.ts";
import type { Statement } from "../server/trends/statement.ts";

import { REPORT_LAYERS } from "../tiles/layers.ts";

/** A statement as a route asks it. */
export interface Question {
  readonly name: string;
  statement(nowMs: number): Statement;
}

const DAY_MS = 86_400_000;
const PAGE_ROWS = 5_000;
const sanFrancisco = cityOf("san-francisco");
const austin = cityOf("austin");
/** 0.3 x 0.3 degrees of Austin: 1 500 neighbourhoods. */
const BOX = { west: -97.9, south: 30.15, east: -97.6, north: 30.45 };
const EVERYWHERE = { low: "0", high: "zzzzzz" };

const mean = (
  name: string,
  days: number,
  area: Parameters<typeof meanStatement>[0]["area"],
  score: "safety" | "overall",
) => ({
  name: `average: ${name}`,
  statement: (nowMs: number) => meanStatement({ area, score, fromMs: nowMs - days * DAY_MS, toMs: nowMs }),
});

const rising = (name: string, area: Parameters<typeof risingStatement>[0]["area"]) => ({
  name: `rising: ${name}`,
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

type DailyQuery = Parameters<typeof dailyStatement>[0];

const daily = (name: string, area: DailyQuery["area"], layers: DailyQuery["layers"], days: number) => {
  const query = (nowMs: number) => ({ area, layers, ...daysUpTo(nowMs, days), limit: 1000 });
  return [
    { name: `daily: ${name}`, statement: (nowMs: number) => dailyStatement(query(nowMs)) },
    { name: `daily, by cell: ${name}`, statement: (nowMs: number) => dailyNeighborhoodsStatement(query(nowMs)) },
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
  { name: "changes: all cities", statement: (toMs) => changeStatement({ area: {}, score: "safety", toMs }) },
  {
    name: "changes: San Francisco",
    statement: (toMs) => changeStatement({ area: { city: sanFrancisco }, score: "safety", toMs }),
  },
  rising("San Francisco", { city: sanFrancisco }),
  rising("all cities", {}),
  rising("a box", { bbox: BOX }),
  ...daily("San Francisco, 30 days", { city: sanFrancisco }, ["safety"], 30),
  ...daily("a box, all layers, 90 days", { bbox: BOX }, REPORT_LAYERS, 90),
  {
    name: "export page: first",
    statement: (toMs) => SCORES.statement({ toMs }, EVERYWHERE, undefined, PAGE_ROWS),
  },
  {
    name: "export page: from the middle",
    statement: (toMs) =>
      SCORES.statement({ toMs }, { low: "9v6kpv", high: "zzzzzz" }, ["9v6kpv", "2026-05-20T00:00:00Z"], PAGE_ROWS),
  },
  {
    name: "export page: one hour of all",
    statement: (toMs) => SCORES.statement({ fromMs: toMs - DAY_MS / 24, toMs }, EVERYWHERE, undefined, PAGE_ROWS),
  },
  {
    name: "export page: counts",
    statement: (toMs) => REPORT_COUNTS.statement({ toMs }, EVERYWHERE, undefined, PAGE_ROWS),
  },
];

function cityOf(id: string) {
  const city = findCity(id);
  if (city === undefined) throw new Error(`no city ${id}`);
  return city;
}
