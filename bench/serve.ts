import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../server/config.ts";
import { openStores } from "../server/embedded/stores.ts";
import { createDocumentClient } from "../server/store/dynamo-client.ts";
import type { BareAnswer } from "./bare-process.ts";
import { cityReports } from "./city.ts";
import { fill, openCityStore } from "./city-store.ts";
import { replayEdge } from "./edge-replay.ts";
import { measureFreshness } from "./freshness.ts";
import { type LoadRequest, type LoadResult, runLoad } from "./load.ts";
import { median, percentile } from "./measure.ts";
import { type Check, printChecks, printTable, writeResults } from "./output.ts";
import { createTileCensus } from "./sample-tiles.ts";
import { type Contestant, startBare, startNginx, startOurs } from "./serve-contestants.ts";

const REPORTS = 20_000;
const ZOOMS = [3, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16];
const TILES_PER_ZOOM = 6;
const COLD_TILES_PER_ZOOM = 60;
const LAYERS = ["safety", "safety,vibe,infrastructure,opportunity"];
const ROUNDS = 7;
const ROUND_MS = 1500;
const CONNECTIONS = 16;
const USERS = 32;
const WRITES_PER_SECOND = 50;
const WRITE_SECONDS = 15;
const TRIALS = 200;
/** Of a bare server's requests per second. */
const WANTED_RATIO = 0.85;
const FRESH_MS = 2000;
const WANTED_HITS = 0.95;

/** The running server under load, each server in a process of its own; stores and load are in this one. */
export async function run(): Promise<void> {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: quiet });
  const open: Contestant[] = [];
  try {
    const [{ endpoint = "" }, database] = await Promise.all([stores.dynamo(), stores.database()]);
    const config = readConfig({ DYNAMODB_ENDPOINT: endpoint });
    const census = await fillCity(endpoint, config.dynamo.tableName);
    const start = async () => {
      const server = await startOurs(config, database.url);
      open.push(server);
      return server;
    };
    const first = await start();
    const cold = await measureCold(first, census);
    const answers = await readAnswers(first, census);
    const bare = await startBare(answers);
    open.push(bare);
    await untilIdle(first);
    const warm = await measureWarm({ ours: first, bare }, answers);
    const nginx = await measureNginx(answers);
    const writing = await measureWriting(first, answers);
    const freshness = await measureFreshness(first, await start(), TRIALS);
    const replays = await replayEdges();
    const checks: Check[] = [
      ratioCheck("warm tiles against bare node:http", warm.tiles.ratio),
      ratioCheck("304s against bare node:http", warm.unchanged.ratio),
      { what: "304s against whole tiles", limit: "at least as fast", ...fasterCheck(warm) },
      {
        what: "report on A, tile on B, p99 of 200",
        limit: `${FRESH_MS} ms`,
        found: `${Math.round(freshness.p99Ms)} ms`,
        met: freshness.p99Ms <= FRESH_MS,
      },
    ];
    for (const { name, hitRate, beyondBound } of replays) {
      const what = `edge replay, invalidated: ${name}`;
      checks.push({ what, limit: `${WANTED_HITS} from cache`, found: hitRate.toFixed(3), met: hitRate >= WANTED_HITS });
      checks.push({ what, limit: "0 beyond the bound", found: beyondBound, met: beyondBound === 0 });
    }
    printChecks("targets", checks);
    writeResults("serve", { checks, warm, nginx, cold, writing, freshness, replays });
  } finally {
    for (const server of open.reverse()) await server.close();
    await stores.close();
  }
}

/** A shared cache in front of the app, with tags invalidated by writes or not; time is simulated. */
async function replayEdges() {
  const replay = { reports: REPORTS, requests: 100_000, requestsPerSecond: 400, writesPerSecond: 10 };
  const replays = [
    { name: "nothing", ...(await replayEdge(replay)) },
    { name: "tags of precision 6", ...(await replayEdge({ ...replay, invalidateFrom: 6 })) },
  ];
  printTable(
    "edge: 100 000 requests by Zipf, 400 a second, 10 writes a second in the same city",
    ["invalidated", "from cache", "asked of the origin", "304 of those", "oldest s", "beyond bound"],
    replays.map((r) => [r.name, r.hitRate, r.originShare, r.revalidated, r.oldestMs / 1000, r.beyondBound]),
  );
  return replays;
}

const ratioCheck = (what: string, ratio: number): Check => ({
  what,
  limit: `${WANTED_RATIO}`,
  found: ratio.toFixed(2),
  met: ratio >= WANTED_RATIO,
});

function fasterCheck({ tiles, unchanged }: { tiles: Race; unchanged: Race }): Pick<Check, "found" | "met"> {
  const factor = unchanged.ours.perSecond / tiles.ours.perSecond;
  return { found: `${factor.toFixed(2)}x`, met: factor >= 1 };
}

async function fillCity(endpoint: string, table: string) {
  const clock = { now: Date.now };
  const client = createDocumentClient({ endpoint, credentials: { accessKeyId: "local", secretAccessKey: "local" } });
  const city = openCityStore({ client, table, clock });
  await city.store.migrate();
  const reports = [...cityReports({ count: REPORTS, nowMs: Date.now() })];
  await fill(city, reports);
  await city.compactor.run();
  await city.store.close();
  const census = createTileCensus(0, 18);
  for (const report of reports) census.add(report);
  return census;
}

/** Waits for what a server does after its start, scoring above all: a minute at most. */
async function untilIdle(server: Contestant): Promise<void> {
  for (let quiet = 0, tries = 0; quiet < 3 && tries < 60; tries++) {
    const before = server.cpuSeconds() ?? 0;
    await sleep(1000);
    quiet = (server.cpuSeconds() ?? 0) - before < 0.05 ? quiet + 1 : 0;
  }
}

type Census = ReturnType<typeof createTileCensus>;

function pathsOf(census: Census, perZoom: number, layers: readonly string[]): string[] {
  return ZOOMS.flatMap((z) =>
    census.sample(z, perZoom).flatMap(({ x, y }) => layers.map((names) => `/tiles/${names}/${z}/${x}/${y}.pbf`)),
  );
}

const BR = { "Accept-Encoding": "gzip, deflate, br, zstd" };

/** Tiles as our server answers them, the smaller zooms' among the others'. */
async function readAnswers({ url }: Contestant, census: Census): Promise<BareAnswer[]> {
  const answers: BareAnswer[] = [];
  for (const path of pathsOf(census, TILES_PER_ZOOM, LAYERS)) {
    const answer = await readRaw(`${url}${path}`, BR);
    if (answer.status === 200) answers.push({ path, ...answer });
  }
  return answers;
}

async function readRaw(url: string, headers: Record<string, string>) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    headers: string[];
    etag: string;
    body: Uint8Array;
  }>();
  const sent = request(url, { headers }, async (response) => {
    const chunks = await response.toArray();
    const pairs = response.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1] ?? ""]] : []));
    resolve({
      status: response.statusCode ?? 0,
      // Node's server adds these by itself.
      headers: pairs.filter(([name = ""]) => !/^(date|connection|keep-alive)$/i.test(name)).flat(),
      etag: response.headers.etag ?? "",
      body: Buffer.concat(chunks),
    });
  });
  sent.on("error", reject).end();
  return promise;
}

interface Sample {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The server's processor time per request. */
  readonly cpuMicros: number | undefined;
}

interface Race {
  readonly ours: Sample;
  readonly bare: Sample;
  /** Median over rounds of our requests per second against the bare server's in the same round. */
  readonly ratio: number;
  readonly cpuRatio: number | undefined;
}

async function measureWarm(servers: { ours: Contestant; bare: Contestant }, answers: readonly BareAnswer[]) {
  const tiles = await raceServers(
    servers,
    answers.map(({ path }) => ({ path, headers: BR })),
  );
  const unchanged = await raceServers(
    servers,
    answers.map(({ path, etag }) => ({ path, headers: { ...BR, "If-None-Match": etag } })),
  );
  const row = (name: string, { perSecond, p50Ms, p99Ms, cpuMicros }: Sample) => [
    name,
    perSecond,
    p50Ms,
    p99Ms,
    cpuMicros,
  ];
  const bytes = median(answers.map(({ body }) => body.length));
  printTable(
    `warm tiles, brotli, ${answers.length} of them, ${Math.round(bytes)} bytes in the median, ${CONNECTIONS} connections`,
    ["", "requests/s", "p50 ms", "p99 ms", "CPU us"],
    [
      row("tiles, ours", tiles.ours),
      row("tiles, bare node:http", tiles.bare),
      row("304, ours", unchanged.ours),
      row("304, bare node:http", unchanged.bare),
    ],
  );
  printTable(
    "ours against bare, medians of rounds",
    ["", "requests/s", "CPU"],
    [
      ["tiles", tiles.ratio, tiles.cpuRatio],
      ["304", unchanged.ratio, unchanged.cpuRatio],
    ],
  );
  return { tiles, unchanged };
}

/** They take turns, so that a slow moment of the machine hits both; the first round warms up. */
async function raceServers(
  { ours, bare }: { ours: Contestant; bare: Contestant },
  requests: LoadRequest[],
): Promise<Race> {
  const samples: { ours: Sample[]; bare: Sample[] } = { ours: [], bare: [] };
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, server] of Object.entries({ ours, bare }) as ["ours" | "bare", Contestant][]) {
      const sample = await sampleOf(server, requests);
      if (round >= 0) samples[name].push(sample);
    }
  }
  const ratios = (of: (sample: Sample) => number) =>
    median(samples.ours.map((sample, i) => of(sample) / of(samples.bare[i] ?? sample)));
  const noCpu = samples.ours.some(({ cpuMicros }) => cpuMicros === undefined);
  return {
    ours: medians(samples.ours),
    bare: medians(samples.bare),
    ratio: ratios(({ perSecond }) => perSecond),
    cpuRatio: noCpu ? undefined : 1 / ratios(({ cpuMicros = 0 }) => cpuMicros),
  };
}

async function sampleOf(server: Contestant, requests: LoadRequest[]): Promise<Sample> {
  const before = server.cpuSeconds();
  const result = await runLoad({ url: server.url, requests, connections: CONNECTIONS, durationMs: ROUND_MS });
  const after = server.cpuSeconds();
  expectStatuses(result, [200, 304]);
  return {
    ...latencyOf(result),
    cpuMicros: before === undefined || after === undefined ? undefined : ((after - before) / result.requests) * 1e6,
  };
}

function latencyOf({ requests, seconds, latenciesMs }: LoadResult) {
  const sorted = [...latenciesMs];
  return { perSecond: requests / seconds, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}

function medians(samples: readonly Sample[]): Sample {
  const of = (value: (sample: Sample) => number) => median(samples.map(value));
  const cpuMicros = of((sample) => sample.cpuMicros ?? Number.NaN);
  return {
    perSecond: of(({ perSecond }) => perSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    cpuMicros: Number.isNaN(cpuMicros) ? undefined : cpuMicros,
  };
}

function expectStatuses({ statuses }: LoadResult, allowed: readonly number[]): void {
  for (const status of statuses.keys()) if (!allowed.includes(status)) throw new Error(`answered ${status}`);
}

async function measureNginx(answers: readonly BareAnswer[]): Promise<Sample | undefined> {
  const middle = answers.toSorted((a, b) => a.body.length - b.body.length)[answers.length >> 1];
  const nginx = await startNginx(middle?.body ?? new Uint8Array());
  if (nginx === undefined) {
    console.log("\nnginx is not on PATH: not measured");
    return undefined;
  }
  try {
    const samples: Sample[] = [];
    for (let round = 0; round < ROUNDS; round++) samples.push(await sampleOf(nginx, [{ path: "/tile.pbf" }]));
    const found = medians(samples);
    printTable(
      "nginx, one worker, a static file",
      ["requests/s", "p50 ms", "p99 ms"],
      [[found.perSecond, found.p50Ms, found.p99Ms]],
    );
    return found;
  } finally {
    await nginx.close();
  }
}

/** Each tile once, on a process that has none: it builds them all. */
async function measureCold(server: Contestant, census: Census) {
  const requests = pathsOf(census, COLD_TILES_PER_ZOOM, ["safety"]).map((path) => ({ path, headers: BR }));
  const bounds = { durationMs: 60_000, maxRequests: requests.length, connections: USERS };
  const result = await runLoad({ url: server.url, requests, ...bounds });
  expectStatuses(result, [200, 204]);
  const found = { tiles: result.requests, ...latencyOf(result) };
  printTable(
    `cold tiles, ${USERS} users at once`,
    ["tiles", "tiles/s", "p50 ms", "p99 ms"],
    [[found.tiles, found.perSecond, found.p50Ms, found.p99Ms]],
  );
  return found;
}

/** Readers that pan while reports come in. */
async function measureWriting(server: Contestant, answers: readonly BareAnswer[]) {
  const requests = answers.map(({ path }) => ({ path, headers: BR }));
  const before = await hitsOf(server);
  const writing = writeReports(server, WRITES_PER_SECOND * WRITE_SECONDS);
  const durationMs = WRITE_SECONDS * 1000;
  const result = await runLoad({ url: server.url, requests, connections: USERS, durationMs, pauseMs: 50 });
  const written = await writing;
  const after = await hitsOf(server);
  const hitRate = (after.hits - before.hits) / (after.all - before.all);
  const found = { written, hitRate, ...latencyOf(result) };
  printTable(
    `${USERS} readers and ${WRITES_PER_SECOND} reports a second`,
    ["reports", "requests/s", "hit rate", "p50 ms", "p99 ms"],
    [[written, found.perSecond, `${(hitRate * 100).toFixed(1)} %`, found.p50Ms, found.p99Ms]],
  );
  return found;
}

async function writeReports({ url }: Contestant, count: number): Promise<number> {
  const startMs = performance.now();
  const sent: Promise<boolean>[] = [];
  for (const { lonDeg: lon, latDeg: lat, layer, category, severity } of cityReports({
    count,
    nowMs: Date.now(),
    seed: 1,
  })) {
    const waitMs = startMs + (sent.length / WRITES_PER_SECOND) * 1000 - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const body = JSON.stringify({ lon, lat, layer, category, severity });
    const headers = { "Content-Type": "application/json" };
    sent.push(fetch(`${url}/api/reports`, { method: "POST", headers, body }).then(({ status }) => status === 201));
  }
  return (await Promise.all(sent)).filter(Boolean).length;
}

/** Tiles answered from memory and all tiles, by the server's own count. */
async function hitsOf({ url }: Contestant): Promise<{ hits: number; all: number }> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const sum = (pattern: RegExp) =>
    [...metrics.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    hits: sum(/^stratum_warm_tiles_total (\d+)$/gm),
    all: sum(
      /^stratum_http_request_duration_seconds_count\{[^}]*route="\/tiles\/:layers\/:z\/:x\/:file"[^}]*\} (\d+)$/gm,
    ),
  };
}
