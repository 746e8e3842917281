import type { Pyramid } from "../server/pyramid/pyramid.ts";
import type { ReportSource } from "../server/reports/area-reports.ts";
import { countLogCells, listReports } from "../server/reports/list-reports.ts";
import { readScoreCard } from "../server/scores/score-card.ts";
import { type Bounds, cellBounds, encodeGeohash } from "../tiles/geohash.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../tiles/layers.ts";
import { type Report, roundDegrees } from "../tiles/report.ts";
import { formatReportId } from "../tiles/report-id.ts";
import { CITY_CENTER, randomTail, seededRandom } from "./city.ts";
import { type BenchClock, type CityStore, createBenchClock, fill, openCityStore } from "./city-store.ts";
import { createDynamoModel, type DynamoModel } from "./dynamo-model.ts";
import { printTable } from "./output.ts";

/** Costs of one answer, in a process that knows what changed lately. */
export interface AnswerCost {
  readonly what: string;
  /** The process holds nothing else. */
  readonly cold: Cost;
  /** The same asked again. */
  readonly warm: Cost;
}

interface Cost {
  /** Reports in the answer. */
  readonly reports: number;
  readonly requests: number;
  readonly roundTrips: number;
  readonly read: number;
}

export interface AnswerWorld {
  readonly city: CityStore;
  readonly model: DynamoModel;
  readonly clock: BenchClock;
}

/** An answer to measure, by how many reports it has. */
type Ask = (source: ReportSource & { pyramid: Pyramid }) => Promise<number>;

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const DAY_MS = 86_400_000;

/** The city of `city.ts`, as `/api/cities` would have it, and the largest box that a query may have, around it. */
const CITY: Bounds = around(CITY_CENTER, 0.27, 0.19);
const LARGEST: Bounds = around(CITY_CENTER, 0.48, 0.48);
/** A few houses. */
const CORNER: Bounds = around(CITY_CENTER, 0.0005, 0.0005);

/** Cards and lists of a world, cold and warm. */
export async function measureAnswers(world: AnswerWorld, layers: readonly ReportLayer[]): Promise<AnswerCost[]> {
  const card = (geohash: string): Ask => {
    return async (source) => (await readScoreCard({ ...source, log: quiet }, geohash)).latest.length;
  };
  const list = (bounds: Bounds, limit: number, beforeMs?: number): Ask => {
    const query = { bounds, layers, limit, ...(beforeMs !== undefined && { beforeMs }) };
    return async (source) => (await listReports(source, query)).reports.length;
  };
  const [lonDeg, latDeg] = CITY_CENTER;
  const lateMs = world.clock.now() - 40 * DAY_MS;
  const answers: readonly (readonly [string, Ask])[] = [
    ["card of a neighbourhood", card(encodeGeohash(lonDeg, latDeg, 6))],
    ["card of a geohash-5", card(encodeGeohash(lonDeg, latDeg, 5))],
    ["card of a geohash-4", card(encodeGeohash(lonDeg, latDeg, 4))],
    ["city, 2 reports", list(CITY, 2)],
    ["city, 100", list(CITY, 100)],
    ["city, 500", list(CITY, 500)],
    ["city, 100 of 40 days ago", list(CITY, 100, lateMs)],
    ["a corner of two streets, 100", list(CORNER, 100)],
    [`the largest box, ${countLogCells(LARGEST)} cells, 100`, list(LARGEST, 100)],
    ["the largest box, 500", list(LARGEST, 500)],
    ["the largest box, 100 of 40 days ago", list(LARGEST, 100, lateMs)],
  ];
  const costs: AnswerCost[] = [];
  for (const [what, ask] of answers) costs.push(await measureAnswer(world, what, ask));
  return costs;
}

async function measureAnswer({ city, model, clock }: AnswerWorld, what: string, ask: Ask): Promise<AnswerCost> {
  const source = { pyramid: await city.startProcess(), store: city.store, clock };
  const measure = async (): Promise<Cost> => {
    model.reset();
    const reports = await ask(source);
    const { requests, roundTrips, read } = model.used;
    return { reports, requests, roundTrips, read };
  };
  const cold = await measure();
  return { what, cold, warm: await measure() };
}

/**
 * A geohash-5 cell as busy as a city, of whose geohash-6 the one in its middle holds three reports a layer, days old, and the one
 * beside it 1 600 of the last hour.
 */
export async function openDenseCell(perLayer: number, nowMs: number): Promise<AnswerWorld> {
  const clock = createBenchClock(nowMs);
  const model = createDynamoModel();
  const city = openCityStore({ client: model.client, table: "bench", clock, onConsumed() {} });
  await fill(city, denseCell(perLayer, nowMs));
  clock.advance(20_000);
  await city.compactor.rebuild();
  clock.advance(20_000);
  return { city, model, clock };
}

const NEWER_BESIDE = 1600;

function* denseCell(perLayer: number, nowMs: number): Generator<Report> {
  const random = seededRandom(9);
  const quietCell = encodeGeohash(...CITY_CENTER, 6);
  const dense = cellBounds(quietCell.slice(0, 5));
  const { west, south, east, north } = cellBounds(quietCell);
  const beside = { west: east + 1e-5, south, east: 2 * east - west - 1e-5, north };
  for (const layer of REPORT_LAYERS) {
    for (let i = 0; i < 3; i++) yield reportIn({ west, south, east, north }, layer, nowMs - (3 + i) * DAY_MS, random);
    for (let i = 0; i < NEWER_BESIDE; i++) yield reportIn(beside, layer, nowMs - 3_600_000 * random(), random);
    for (let i = 0; i < perLayer; ) {
      const report = reportIn(dense, layer, nowMs - DAY_MS - 80 * DAY_MS * random(), random);
      if (encodeGeohash(report.lonDeg, report.latDeg, 6) === quietCell) continue;
      yield report;
      i++;
    }
  }
}

function reportIn(
  { west, south, east, north }: Bounds,
  layer: ReportLayer,
  timeMs: number,
  random: () => number,
): Report {
  const lonDeg = roundDegrees(west + (0.001 + 0.998 * random()) * (east - west));
  const latDeg = roundDegrees(south + (0.001 + 0.998 * random()) * (north - south));
  const createdAtMs = Math.floor(timeMs);
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  const id = formatReportId({ createdAtMs, geohash5, layer, shard: 0, tail: randomTail(random) });
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  return { id, layer, category: "noise", severity: 3, lonDeg, latDeg, createdAtMs, expiresAtMs };
}

function around([lonDeg, latDeg]: readonly [number, number], halfWidth: number, halfHeight: number): Bounds {
  const [west, south, east, north] = [lonDeg - halfWidth, latDeg - halfHeight, lonDeg + halfWidth, latDeg + halfHeight];
  return { west, south, east, north };
}

export function printAnswers(title: string, costs: readonly AnswerCost[]): void {
  printTable(
    title,
    ["answer", "reports", "requests", "round trips", "units", "warm: reports", "requests", "round trips", "units"],
    costs.map(({ what, cold, warm }) => [what, ...figuresOf(cold), ...figuresOf(warm)]),
  );
}

const figuresOf = ({ reports, requests, roundTrips, read }: Cost): number[] => [reports, requests, roundTrips, read];
