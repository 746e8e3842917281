/** @module-tag slow */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { createCompactionState } from "../../server/pyramid/compaction-state.ts";
import { buildEdgeAssets } from "../../server/runtime/local-worker/assets.ts";
import { type LocalWorker, startLocalWorker } from "../../server/runtime/local-worker/local-worker.ts";
import { createDynamoDerivedStore } from "../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../server/store/dynamo/dynamo.ts";
import { EMULATOR_CREDENTIALS } from "../../server/store/dynamo/dynamo-client.ts";
import type { Report } from "../../tiles/report.ts";
import { type CutOffProxy, startCutOffProxy } from "../kit/dynamo/cut-off-proxy.ts";
import { startDynalite } from "../kit/dynamo/dynalite-server.ts";
import { seededRandom } from "../kit/random.ts";
import { makeCity, makeReport } from "../kit/sample-reports.ts";
import { cellAggregatesOf, contentsOf } from "../server/pyramid/cut-off.ts";
import { connect, type Emulator } from "../server/store/emulators.ts";

const TABLE = "cut";
/** Fewer requests than that need not bring a compaction forward. */
const LEAST_REQUESTS = 20;
/** From so many requests a run on, being cut off costs at most a fifth more. */
const REQUESTS_FOR_A_FIFTH = 100;
/** For so long a reader of the feed is told of a change again. */
const TOLD_AGAIN_MS = 8_000;

const clock = { now: Date.now };
const random = seededRandom(31);
/** A city, and reports that lie alone somewhere in the world. */
const reports: Report[] = [
  ...makeCity(1500, Date.now()),
  ...Array.from({ length: 40 }, (_, i) =>
    makeReport({ lonDeg: i * 8.5 - 170, latDeg: random() * 100 - 50, createdAtMs: Date.now() - 3_600_000 }, random),
  ),
];

const emulators: Emulator[] = [];
let proxy: CutOffProxy;
let worker: LocalWorker;

beforeAll(async () => {
  [proxy] = await Promise.all([startCutOffProxy(), buildEdgeAssets(silentLog)]);
  worker = await startLocalWorker({
    dynamo: {
      endpoint: proxy.endpoint,
      tableName: TABLE,
      region: "us-east-1",
      credentials: EMULATOR_CREDENTIALS,
    },
    // Nobody listens: the cron trigger compacts, and scores when it can.
    database: { url: "postgres://nobody@127.0.0.1:9/none", embedded: false },
    host: "127.0.0.1",
    port: 0,
  });
});
afterAll(async () => {
  await worker?.close();
  await proxy?.close();
  for (const { stop } of emulators) await stop();
});

type Table = Awaited<ReturnType<typeof openTable>>;

/** A table that holds the reports, none of them compacted. */
async function openTable() {
  const emulator = await startDynalite();
  emulators.push(emulator);
  const options = { client: connect(emulator.endpoint), table: TABLE, clock };
  const store = createDynamoStore(options);
  await store.migrate();
  await store.putMany(reports);
  return { endpoint: emulator.endpoint, derived: createDynamoDerivedStore(options) };
}

/** Fires the cron trigger again and again, each time with so many requests, until a state says that all is compacted. */
async function compactInPieces({ endpoint, derived }: Table, requestsOf: () => number) {
  const state = createCompactionState(derived, silentLog, clock);
  let requests = 0;
  let runs = 0;
  while ((await state.read()) === undefined) {
    proxy.allow(endpoint, requestsOf(), runs % 2 === 0);
    await worker.scheduled().catch(() => {});
    requests += proxy.passed();
    if (++runs > 500) throw new Error("it does not come to an end");
  }
  return { requests, runs, contents: contentsOf(await cellAggregatesOf(derived)) };
}

it("ends for at most a fifth more requests, with the cell aggregates of a compaction that was not cut off", async () => {
  const between = (least: number, most: number) => Math.round(least * (most / least) ** random());
  const [often, seldom] = [between(LEAST_REQUESTS, 60), between(REQUESTS_FOR_A_FIFTH, 600)];
  const series = [
    { name: `after ${often} requests`, requestsOf: () => often, most: 2 },
    { name: `after ${REQUESTS_FOR_A_FIFTH} requests`, requestsOf: () => REQUESTS_FOR_A_FIFTH, most: 1.2 },
    { name: `after ${seldom} requests`, requestsOf: () => seldom, most: 1.2 },
    { name: "after 60 to 400 requests, at random", requestsOf: () => between(60, 400), most: 1.2 },
  ];
  const [undisturbed, ...tables] = await Promise.all([openTable(), ...series.map(openTable)]);
  // Else what was told is told again, and compacted twice.
  await sleep(TOLD_AGAIN_MS);
  const whole = await compactInPieces(undisturbed, () => Infinity);
  expect(whole.runs).toBe(1);
  for (const [i, { name, requestsOf, most }] of series.entries()) {
    const { requests, runs, contents } = await compactInPieces(tables[i] as Table, requestsOf);
    const ratio = requests / whole.requests;
    console.log(`cut off ${name}: ${runs} runs, ${ratio.toFixed(3)} of ${whole.requests} requests`);
    expect(runs, name).toBeGreaterThan(2);
    expect(contents, name).toEqual(whole.contents);
    expect(ratio, name).toBeLessThanOrEqual(most);
  }
});
