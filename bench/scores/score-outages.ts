import { setTimeout as sleep } from "node:timers/promises";
import { silentLog } from "../../server/console/log.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { openStores } from "../../server/runtime/stores/stores.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../server/store/dynamo/dynamo-client.ts";
import { CITY_CENTER, cityReports } from "../../test/kit/cities/city.ts";
import { fill, openCityStore } from "../../test/kit/cities/city-store.ts";
import { printTable } from "../../test/kit/output.ts";
import { startTcpProxy, type TcpProxy } from "../../test/kit/tcp-proxy.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { lineChart } from "../kit/chart.ts";
import type { Contestant } from "../kit/contestant.ts";
import { type LoadRequest, runLoad } from "../kit/load.ts";
import { median, percentile, type Spread, spreadOf } from "../kit/measure.ts";
import { createTileCensus } from "../kit/sample-tiles.ts";
import { startOurs } from "../serve/serve-contestants.ts";

const REPORTS = 20_000;
const ROUNDS = 9;
const SLICE_MS = 2_500;
/** After PostgreSQL has changed, before tiles are asked for: scorer and score cache run into it. */
const SETTLE_MS = 1_500;
const SLOW_MS = 2_000;
const CONNECTIONS = 8;
/** Between an answer and the next request: a queue would hide what a tile takes. */
const PAUSE_MS = 4;
const WRITES_PER_SECOND = 10;
const TILES_PER_ZOOM = 6;
const ZOOMS = [8, 10, 11, 12, 13, 14, 15, 16];
const LAYERS = ["safety", "safety,vibe,infrastructure,opportunity", "safety,scores"];
const FRESH_WITHIN_MS = 60_000;

/** What PostgreSQL does, as seen from the server; while it is stopped, nothing answers and nothing hangs up. */
const STATES = { normal: "pass", slow: "slow", refusing: "refuse", stopped: "swallow" } as const;
type State = keyof typeof STATES;
const NAMES = Object.keys(STATES) as State[];

interface RoundFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
  readonly written: number;
  /** Answers of 500 and above, to tiles and to reports. */
  readonly failed: number;
}

export interface OutageResult {
  readonly state: State;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  /** Against the normal state of the same round; undefined for the normal one. */
  readonly ratio: Spread | undefined;
  readonly requests: number;
  readonly written: number;
  readonly failed: number;
  /** From PostgreSQL's return until a tile shows the scores of what was reported meanwhile. */
  readonly freshMs: number | undefined;
}

/**
 * Tiles of a running server while PostgreSQL is well, slow and away: all states in every round, one after the other, in
 * another order each time. Reports come in all the while, so tiles are built as well as sent.
 */
export async function measureOutages(postgresUrl: string) {
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
  const url = new URL(postgresUrl);
  const proxy = await startTcpProxy(Number(url.port), { slowMs: SLOW_MS });
  url.port = String(proxy.port);
  let server: Contestant | undefined;
  try {
    const { endpoint = "", tableName: table } = await stores.dynamo();
    const config = readConfig({ DYNAMODB_ENDPOINT: endpoint });
    const client = createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS });
    const city = openCityStore({ client, table, clock: { now: Date.now } });
    await city.store.migrate();
    const reports = [...cityReports({ count: REPORTS, nowMs: Date.now(), layers: REPORT_LAYERS })];
    await fill(city, reports);
    await city.compactor.run();
    // That PostgreSQL is away would be told a hundred times.
    server = await startOurs(config, url.href, { LOG_LEVEL: "error" });
    await untilScored(server);
    const census = createTileCensus(0, 18);
    for (const report of reports) census.add(report);
    const rounds = await alternate(server, proxy, requestsOf(census));
    const fresh = new Map<State, number>();
    for (const state of NAMES.slice(1)) fresh.set(state, await timeUntilFresh(server, proxy, state, city.compactor));
    await city.store.close();
    return present(rounds, fresh);
  } finally {
    await server?.close();
    await proxy.close();
    await stores.close();
  }
}

function requestsOf(census: ReturnType<typeof createTileCensus>): LoadRequest[] {
  return ZOOMS.flatMap((z) =>
    census.sample(z, TILES_PER_ZOOM).flatMap(({ x, y }) =>
      LAYERS.map((layers) => ({
        path: `/tiles/${layers}/${z}/${x}/${y}.pbf`,
        headers: { "Accept-Encoding": "gzip, deflate, br, zstd" },
      })),
    ),
  );
}

async function alternate(server: Contestant, proxy: TcpProxy, requests: LoadRequest[]) {
  const rounds = new Map<State, RoundFigures[]>(NAMES.map((name) => [name, []]));
  // The first round warms up.
  for (let round = -1; round < ROUNDS; round++) {
    for (let i = 0; i < NAMES.length; i++) {
      const state = NAMES[(i + Math.max(0, round)) % NAMES.length] as State;
      proxy.set(STATES[state]);
      await sleep(SETTLE_MS);
      const figures = await measureRound(server, requests);
      if (round >= 0) rounds.get(state)?.push(figures);
    }
  }
  proxy.set("pass");
  return rounds;
}

async function measureRound(server: Contestant, requests: LoadRequest[]): Promise<RoundFigures> {
  const writing = writeReports(server);
  const load = { url: server.url, requests, connections: CONNECTIONS, durationMs: SLICE_MS, pauseMs: PAUSE_MS };
  const { latenciesMs, statuses } = await runLoad(load);
  const { written, failed } = await writing;
  const samples = [...latenciesMs];
  const failedTiles = [...statuses].reduce((sum, [status, count]) => sum + (status >= 500 ? count : 0), 0);
  return {
    p50Ms: percentile(samples, 0.5),
    p99Ms: percentile(samples, 0.99),
    requests: samples.length,
    written,
    failed: failed + failedTiles,
  };
}

async function writeReports({ url }: Contestant) {
  let written = 0;
  let failed = 0;
  for (let i = 0; i < (SLICE_MS / 1000) * WRITES_PER_SECOND; i++) {
    const status = await postReport(url, 0.2 * (Math.random() - 0.5), 0.2 * (Math.random() - 0.5));
    if (status === 201) written++;
    if (status >= 500) failed++;
    await sleep(1000 / WRITES_PER_SECOND);
  }
  return { written, failed };
}

/** At so many degrees from the city's centre. */
async function postReport(url: string, lonDeg: number, latDeg: number): Promise<number> {
  const [lon, lat] = [CITY_CENTER[0] + lonDeg, CITY_CENTER[1] + latDeg];
  const { status } = await fetch(`${url}/api/reports`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ layer: "safety", category: "theft", severity: 5, lon, lat }),
  });
  return status;
}

/** Waits until tiles know scores: the server has done what follows its start. */
async function untilScored({ url }: Contestant): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    if (Number(/^stratum_score_cells (\d+)/m.exec(metrics)?.[1] ?? 0) > 0) return sleep(3_000);
    await sleep(200);
  }
  throw new Error("the server has scored nothing in a minute");
}

/** Somewhere in the country around, where a report is the first of its neighbourhood and so changes the tile of scores. */
let place = 0;

async function timeUntilFresh(
  { url }: Contestant,
  proxy: TcpProxy,
  state: State,
  compactor: { run(): Promise<unknown> },
): Promise<number> {
  const lonDeg = 1 + 0.1 * place++;
  const { x, y } = tileAt(worldX(CITY_CENTER[0] + lonDeg), worldY(CITY_CENTER[1]), 14);
  const tile = `${url}/tiles/scores/14/${x}/${y}.pbf`;
  proxy.set(STATES[state]);
  await sleep(SETTLE_MS);
  if ((await fetch(tile)).status !== 204) throw new Error(`${tile} is not empty before the trial`);
  await postReport(url, lonDeg, 0);
  await compactor.run();
  await sleep(SETTLE_MS);
  proxy.set("pass");
  const startMs = performance.now();
  while ((await fetch(tile)).status !== 200) {
    if (performance.now() - startMs > 2 * FRESH_WITHIN_MS) throw new Error(`${tile} is still empty`);
    await sleep(50);
  }
  return performance.now() - startMs;
}

function present(rounds: ReadonlyMap<State, readonly RoundFigures[]>, fresh: ReadonlyMap<State, number>) {
  const normal = rounds.get("normal") ?? [];
  const results = [...rounds].map(([state, all]): OutageResult => {
    const sum = (of: (figures: RoundFigures) => number) => all.reduce((total, figures) => total + of(figures), 0);
    const ratios = all.map(({ p99Ms }, round) => p99Ms / (normal[round]?.p99Ms ?? Number.NaN));
    return {
      state,
      p50Ms: spreadOf(all.map(({ p50Ms }) => p50Ms)),
      p99Ms: spreadOf(all.map(({ p99Ms }) => p99Ms)),
      ratio: state === "normal" ? undefined : spreadOf(ratios),
      requests: sum(({ requests }) => requests),
      written: sum(({ written }) => written),
      failed: sum(({ failed }) => failed),
      freshMs: fresh.get(state),
    };
  });
  printTable(
    [
      `tiles of a running server while PostgreSQL is normal, slow (${SLOW_MS / 1000} s a query), refusing, or stopped:`,
      `${ROUNDS} rounds of ${SLICE_MS / 1000} s each, ${WRITES_PER_SECOND} reports a second; medians (quartiles) of rounds`,
    ].join(" "),
    ["PostgreSQL", "tiles", "p50 ms", "p99 ms", "p99 / normal", "reports", "5xx", "scores fresh after s"],
    results.map(({ state, requests, p50Ms, p99Ms, ratio, written, failed, freshMs }) => [
      state,
      requests,
      withQuartiles(p50Ms),
      withQuartiles(p99Ms),
      ratio && withQuartiles(ratio),
      written,
      failed,
      freshMs && freshMs / 1000,
    ]),
  );
  return { results, chart: chartOf(rounds) };
}

const withQuartiles = ({ median: middle, low, high }: Spread): string =>
  `${middle.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;

function chartOf(rounds: ReadonlyMap<State, readonly RoundFigures[]>): string {
  const normal = median((rounds.get("normal") ?? []).map(({ p99Ms }) => p99Ms));
  return lineChart({
    title: "p99 of tiles, ms, by round and by what PostgreSQL does",
    xLabels: Array.from({ length: ROUNDS }, (_, round) => `${round + 1}`),
    series: [...rounds].map(([name, all]) => ({ name, values: all.map(({ p99Ms }) => p99Ms) })),
    limits: [{ name: "1.2 x normal", value: 1.2 * normal }],
  });
}
