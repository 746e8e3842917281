import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../../server/runtime/config.ts";
import { startServer } from "../../server/runtime/node/serve.ts";
import { CITY_CENTER } from "../../test/kit/cities/city.ts";
import { startDynalite } from "../../test/kit/dynamo/dynalite-server.ts";
import { type FaultProxy, startFaultProxy } from "../../test/kit/dynamo/fault-proxy.ts";
import { type Check, printTable } from "../../test/kit/output.ts";
import { seededRandom } from "../../test/kit/random.ts";
import { postReport } from "../../test/kit/request.ts";
import { median } from "../kit/measure.ts";

/** What it costs to take a report in, over HTTP, when the store is far away. */
export interface PostCosts {
  readonly what: string;
  /** Median from the request to the answer, with the store at `ROUND_TRIP_MS` and with it at hand. */
  readonly farMs: number;
  readonly nearMs: number;
  /** One after the other: what the distance adds, in round trips. */
  readonly roundTrips: number;
  /** Requests that write, and write units, a POST, with what follows its answer; without compaction. */
  readonly writes: number;
  readonly writeUnits: number;
  /** Of `farMs`. */
  readonly budgetMs: number;
}

const ROUND_TRIP_MS = 40;
const POSTS = 41;
/** The first ones open connections and compile code. */
const WARM_UP = 10;
/** What follows an answer is written within it. */
const AFTERMATH_MS = 3000;
/** Nothing listens there: reports need no PostgreSQL. */
const NO_DATABASE = "postgres://nobody@127.0.0.1:9/none?sslmode=disable";

const BUDGET_MS = { without: 60, with: 100 } as const;

type Place = { readonly lon: number; readonly lat: number };

/** POSTs one at a time to a server on dynalite: alone in the world and in one city, without an Idempotency-Key and with one. */
export async function measurePosts(): Promise<PostCosts[]> {
  const dynalite = await startDynalite();
  const proxy = await startFaultProxy(dynalite.endpoint);
  const server = await startServer(
    readConfig({ PORT: "0", SEED: "off", DYNAMODB_ENDPOINT: proxy.endpoint, DATABASE_URL: NO_DATABASE }),
    { client: false },
  );
  try {
    const random = seededRandom(1);
    const anywhere = (): Place => ({ lon: 360 * random() - 180, lat: 130 * random() - 60 });
    const city = (): Place => ({ lon: CITY_CENTER[0] + 0.1 * random(), lat: CITY_CENTER[1] + 0.1 * random() });
    const costs: PostCosts[] = [];
    for (const [where, place] of [
      ["in a cell of its own", anywhere],
      ["in one city", city],
    ] as const) {
      for (const key of ["without", "with"] as const) {
        const rest = await measureSeries(server.url, proxy, place, key === "with");
        costs.push({ what: `${where}, ${key} a key`, ...rest, budgetMs: BUDGET_MS[key] });
      }
    }
    return costs;
  } finally {
    await server.close();
    await proxy.close();
    await dynalite.stop();
  }
}

async function measureSeries(url: string, proxy: FaultProxy, place: () => Place, hasKey: boolean) {
  for (let i = 0; i < WARM_UP; i++) await timePost(url, place(), hasKey);
  await sleep(AFTERMATH_MS);
  let writes = 0;
  proxy.faults.next(({ isWrite, keys }) => {
    if (isWrite && !keys.some(({ pk }) => pk.startsWith("derived#"))) writes++;
    return undefined;
  });
  const unitsBefore = await writeUnitsOf(url);
  const near: number[] = [];
  for (let i = 0; i < POSTS; i++) near.push(await timePost(url, place(), hasKey));
  await sleep(AFTERMATH_MS);
  const writeUnits = ((await writeUnitsOf(url)) - unitsBefore) / POSTS;

  proxy.faults.next(() => ({ kind: "delayed", ms: ROUND_TRIP_MS }));
  const far: number[] = [];
  for (let i = 0; i < POSTS; i++) far.push(await timePost(url, place(), hasKey));
  proxy.faults.end();
  const [farMs, nearMs] = [median(far), median(near)];
  return { farMs, nearMs, roundTrips: (farMs - nearMs) / ROUND_TRIP_MS, writes: writes / POSTS, writeUnits };
}

async function timePost(url: string, place: Place, hasKey: boolean): Promise<number> {
  const startMs = performance.now();
  const response = await postReport(url, place, hasKey ? { "Idempotency-Key": crypto.randomUUID() } : {});
  const text = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${text}`);
  return performance.now() - startMs;
}

async function writeUnitsOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = /^\w*dynamodb_write_units_total(?:\{[^}]*\})? (\S+)$/m.exec(text);
  if (line === null) throw new Error("/metrics tells no write units");
  return Number(line[1]);
}

/** Measures and prints; what is over its budget shows in the checks. */
export async function printPostCosts(): Promise<{ checks: Check[]; figures: PostCosts[] }> {
  const figures = await measurePosts();
  printTable(
    `a POST, median of ${POSTS}, with the store ${ROUND_TRIP_MS} ms away and at hand; writes with what follows the answer`,
    ["report", "p50 ms", "at hand", "round trips", "writes", "write units"],
    figures.map(({ what, farMs, nearMs, roundTrips, writes, writeUnits }) => [
      what,
      farMs,
      nearMs,
      roundTrips,
      writes,
      writeUnits,
    ]),
  );
  const checks = figures.map(({ what, farMs, budgetMs }) => ({
    what: `p50 of a POST at ${ROUND_TRIP_MS} ms a round trip, ${what}`,
    limit: `${budgetMs} ms`,
    found: farMs,
    met: farMs <= budgetMs,
  }));
  return { checks, figures };
}
