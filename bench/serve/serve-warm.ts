import { request } from "node:http";
import { type Check, printTable } from "../../test/kit/output.ts";
import type { BareAnswer } from "../kit/bare-process.ts";
import { barChart } from "../kit/chart.ts";
import { type Contestant, untilIdle } from "../kit/contestant.ts";
import { median, type Spread } from "../kit/measure.ts";
import type { TileCensus } from "../kit/sample-tiles.ts";
import { startBare, startMartin, startNginx } from "./serve-contestants.ts";
import {
  BROWSER_HEADERS,
  CONNECTIONS,
  raceServers,
  ratioOf,
  SAMPLE_HEAD,
  type Standing,
  sampleRow,
  showRatio,
} from "./serve-sample.ts";

const ZOOMS = [3, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16];
const TILES_PER_ZOOM = 6;
const LAYERS = ["safety", "safety,vibe,infrastructure,opportunity"];
/** Of a bare server's requests per second. */
const WANTED_RATIO = 0.85;

/** Tiles that were asked for before, beside a bare `node:http` server with the same answers. */
export async function measureWarm(ours: Contestant, answers: readonly BareAnswer[]) {
  const bare = await startBare(answers);
  try {
    await untilIdle(ours);
    const tiles = answers.map(({ path }) => ({ path, headers: BROWSER_HEADERS }));
    const unchanged = answers.map(({ path, etag }) => ({
      path,
      headers: { ...BROWSER_HEADERS, "If-None-Match": etag },
    }));
    const race = await raceServers({
      "tiles, ours": { server: ours, requests: tiles },
      "tiles, bare node:http": { server: bare, requests: tiles },
      "304, ours": { server: ours, requests: unchanged },
      "304, bare node:http": { server: bare, requests: unchanged },
    });
    const bytes = Math.round(median(answers.map(({ body }) => body.length)));
    printTable(
      `warm tiles, brotli, ${answers.length} of them, ${bytes} bytes in the median, ${CONNECTIONS} connections`,
      SAMPLE_HEAD,
      Object.entries(race).map(([name, standing]) => sampleRow(name, standing)),
    );
    const ratios = {
      tiles: ratiosOf(race["tiles, ours"], race["tiles, bare node:http"]),
      unchanged: ratiosOf(race["304, ours"], race["304, bare node:http"]),
    };
    printTable(
      "ours against bare: medians and quartiles of rounds",
      ["", "requests/s", "CPU"],
      Object.entries(ratios).map(([name, { perSecond, cpu }]) => [name, showRatio(perSecond), showRatio(cpu)]),
    );
    const faster = ratioOf(race["304, ours"], race["tiles, ours"], ({ perSecond }) => perSecond);
    const checks: Check[] = [
      ratioCheck("warm tiles against bare node:http", ratios.tiles.perSecond),
      ratioCheck("304s against bare node:http", ratios.unchanged.perSecond),
      {
        what: "304s against whole tiles",
        limit: "at least as fast",
        found: showRatio(faster),
        met: (faster?.median ?? 0) >= 1,
      },
    ];
    return { figures: { race, ratios }, checks };
  } finally {
    await bare.close();
  }
}

/** One tile, gzip: ours beside everything else on this machine that can serve it. */
export async function measureOneTile(ours: Contestant, answers: readonly BareAnswer[]) {
  const { path } = answers.toSorted((a, b) => a.body.length - b.body.length)[answers.length >> 1] ?? { path: "" };
  const headers = { ...BROWSER_HEADERS, "Accept-Encoding": "gzip" };
  const answer = { path, ...(await readRaw(`${ours.url}${path}`, headers)) };
  const tile = { path, gzip: answer.body };
  const others = await Promise.allSettled([startBare([answer]), startNginx(tile), startMartin(tile)]);
  const open = others.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  try {
    for (const result of others) if (result.status === "rejected") console.log(`\nleft out: ${result.reason.message}`);
    const names = ["bare node:http", "nginx, one worker, a file", "Martin, one worker, MBTiles"];
    const entrants = Object.fromEntries([
      ["ours", { server: ours, requests: [{ path, headers }] }],
      ...others.flatMap((result, i) =>
        result.status === "fulfilled"
          ? [[names[i], { server: result.value, requests: [{ path: result.value.path ?? path, headers }] }]]
          : [],
      ),
    ]);
    const race = await raceServers(entrants);
    printTable(
      `one warm tile, gzip, ${tile.gzip.length} bytes, ${CONNECTIONS} connections`,
      SAMPLE_HEAD,
      Object.entries(race).map(([name, standing]) => sampleRow(name, standing)),
    );
    const chart = barChart({
      title: `One warm tile of ${tile.gzip.length} bytes: requests a second`,
      bars: Object.entries(race).map(([name, { perSecond, p99Ms, cpuMicros }]) => ({
        name,
        value: perSecond,
        note: `p99 ${p99Ms.toFixed(2)} ms${cpuMicros === undefined ? "" : `, ${cpuMicros.toFixed(0)} us CPU`}`,
      })),
    });
    return { figures: { oneTile: race }, charts: { "one-tile": chart } };
  } finally {
    for (const server of open) await server.close();
  }
}

function ratiosOf(ours: Standing, bare: Standing) {
  return {
    perSecond: ratioOf(ours, bare, ({ perSecond }) => perSecond),
    cpu: ratioOf(bare, ours, ({ cpuMicros }) => cpuMicros),
  };
}

const ratioCheck = (what: string, ratio: Spread | undefined): Check => ({
  what,
  limit: `${WANTED_RATIO}`,
  found: showRatio(ratio),
  met: (ratio?.median ?? 0) >= WANTED_RATIO,
});

/** Tiles as our server answers them, the smaller zooms' among the others'. */
export async function readAnswers({ url }: Contestant, census: TileCensus): Promise<BareAnswer[]> {
  const answers: BareAnswer[] = [];
  for (const path of pathsOf(census, TILES_PER_ZOOM, LAYERS)) {
    const answer = await readRaw(`${url}${path}`, BROWSER_HEADERS);
    if (answer.status === 200) answers.push({ path, ...answer });
  }
  return answers;
}

/** Addresses of tiles with something in them, `perZoom` of each zoom and set of layers. */
export function pathsOf(census: TileCensus, perZoom: number, layers: readonly string[]): string[] {
  return ZOOMS.flatMap((z) =>
    census.sample(z, perZoom).flatMap(({ x, y }) => layers.map((names) => `/tiles/${names}/${z}/${x}/${y}.pbf`)),
  );
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
