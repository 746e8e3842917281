import { CITIES } from "../../server/areas/cities.ts";
import { silentLog } from "../../server/console/log.ts";
import type { Pyramid } from "../../server/pyramid/pyramid.ts";
import type { ReportSource } from "../../server/reports/area-reports.ts";
import { countLogCells, listReports, MOST_CELLS } from "../../server/reports/list-reports.ts";
import { readScoreCard } from "../../server/scores/score-card.ts";
import { seedReports } from "../../server/seed/seed-reports.ts";
import { CITY_CENTER } from "../../test/kit/cities/city.ts";
import { type CountedCity, openCountedCity } from "../../test/kit/cities/city-store.ts";
import { openDenseCell } from "../../test/kit/cities/dense-cell.ts";
import { type Check, printTable } from "../../test/kit/output.ts";
import { type Bounds, encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";

/** Costs of one answer, in a process that knows what changed lately. */
export interface AnswerCost {
  readonly what: string;
  /** Which check it is one of. */
  readonly kind: Kind;
  /** The process holds nothing else. */
  readonly cold: Cost;
  /** The same asked again. */
  readonly warm: Cost;
}

type Kind = "card" | "two" | "box" | "other";

interface Cost {
  /** Reports in the answer. */
  readonly reports: number;
  readonly requests: number;
  readonly roundTrips: number;
  readonly read: number;
}

/** An answer to measure, by how many reports it has. */
type Ask = (source: ReportSource & { pyramid: Pyramid }) => Promise<number>;

const LATE_MS = 40 * 86_400_000;

/** Cards and lists around a place, cold and warm. */
export async function measureAnswers(
  world: CountedCity,
  center: readonly [lonDeg: number, latDeg: number],
  layers: readonly ReportLayer[],
): Promise<AnswerCost[]> {
  const card = (precision: number): Ask => {
    const geohash = encodeGeohash(...center, precision);
    return async (source) => (await readScoreCard({ ...source, log: silentLog }, geohash)).latest.length;
  };
  const list = (bounds: Bounds, limit: number, beforeMs?: number): Ask => {
    const query = { bounds, layers, limit, ...(beforeMs !== undefined && { beforeMs }) };
    return async (source) => (await listReports(source, query)).reports.length;
  };
  const city = around(center, 0.27, 0.19);
  const largest = around(center, 0.46, 0.46);
  const houses = around(center, 0.0005, 0.0005);
  const lateMs = world.clock.now() - LATE_MS;
  const answers: readonly (readonly [string, Kind, Ask])[] = [
    ["card of a neighbourhood", "card", card(6)],
    ["card of a geohash-5", "card", card(5)],
    ["card of a geohash-4", "other", card(4)],
    ["a city, 2 reports", "two", list(city, 2)],
    ["a city, 100", "box", list(city, 100)],
    ["a city, 500", "box", list(city, 500)],
    ["a city, 100 of 40 days ago", "other", list(city, 100, lateMs)],
    ["some houses, 100", "box", list(houses, 100)],
    [`${countLogCells(largest)} cells, 100`, "box", list(largest, 100)],
    [`${countLogCells(largest)} cells, 100 of 40 days ago`, "other", list(largest, 100, lateMs)],
  ];
  const costs: AnswerCost[] = [];
  for (const [what, kind, ask] of answers) costs.push({ what, kind, ...(await measureAnswer(world, ask)) });
  return costs;
}

async function measureAnswer(
  { city, model, clock }: CountedCity,
  ask: Ask,
): Promise<Pick<AnswerCost, "cold" | "warm">> {
  const source = { pyramid: await city.startProcess(), store: city.store, clock };
  const measure = async (): Promise<Cost> => {
    model.reset();
    const reports = await ask(source);
    const { requests, roundTrips, read } = model.used;
    return { reports, requests, roundTrips, read };
  };
  const cold = await measure();
  return { cold, warm: await measure() };
}

/** Everything: the city that is given, three small cities as they are seeded, and a cell as dense as a city. */
export async function printAnswers(city: CountedCity, nowMs: number): Promise<{ checks: Check[]; figures: object }> {
  const live = await measureAnswers(city, CITY_CENTER, ["safety"]);
  printCosts("answers of 200k reports in one layer, with 3 000 since the last compaction", live);
  const seeded = await openCountedCity(seedReports({ nowMs }), nowMs);
  const small: AnswerCost[] = [];
  for (const { name, center } of CITIES) {
    const costs = await measureAnswers(seeded, center, REPORT_LAYERS);
    printCosts(`answers of ${name} as it is seeded, four layers`, costs);
    small.push(...costs);
  }
  const dense = await measureAnswers(await openDenseCell(DENSE, nowMs), CITY_CENTER, REPORT_LAYERS);
  printCosts(`answers of a geohash-5 cell with ${DENSE} reports in each of four layers`, dense);
  const all = [...live, ...small, ...dense];
  const checks = [
    check("card of a geohash-5 or 6, cold: requests", 8, all, ({ kind, cold }) =>
      kind === "card" ? cold.requests : 0,
    ),
    check("the same, warm", 1, all, ({ kind, warm }) => (kind === "card" ? warm.requests : 0)),
    check("two reports of a city, cold: requests", 10, all, ({ kind, cold }) => (kind === "two" ? cold.requests : 0)),
    check("first page of a box, cold: requests", FIRST_PAGE, all, ({ kind, cold }) =>
      kind === "box" ? cold.requests : 0,
    ),
  ];
  return { checks, figures: { live, small, dense } };
}

/** Reports of each layer in the dense cell. */
const DENSE = 50_000;
/** Cell aggregates of every layer, cells with segments and log until a page ends early, texts. */
const FIRST_PAGE = REPORT_LAYERS.length + 2 * MOST_CELLS + 5;

function check(what: string, limit: number, costs: readonly AnswerCost[], of: (cost: AnswerCost) => number): Check {
  const found = Math.max(...costs.map(of));
  return { what, limit: String(limit), found, met: found <= limit };
}

function around([lonDeg, latDeg]: readonly [number, number], halfWidth: number, halfHeight: number): Bounds {
  const [west, south, east, north] = [lonDeg - halfWidth, latDeg - halfHeight, lonDeg + halfWidth, latDeg + halfHeight];
  return { west, south, east, north };
}

function printCosts(title: string, costs: readonly AnswerCost[]): void {
  printTable(
    title,
    ["answer", "reports", "requests", "round trips", "units", "warm: reports", "requests", "round trips", "units"],
    costs.map(({ what, cold, warm }) => [what, ...figuresOf(cold), ...figuresOf(warm)]),
  );
}

const figuresOf = ({ reports, requests, roundTrips, read }: Cost): number[] => [reports, requests, roundTrips, read];
