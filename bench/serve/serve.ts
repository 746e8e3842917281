import { silentLog } from "../../server/console/log.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { openStores } from "../../server/runtime/stores/stores.ts";
import { createDocumentClient } from "../../server/store/dynamo/dynamo-client.ts";
import { cityReports } from "../../test/kit/cities/city.ts";
import { fill, openCityStore } from "../../test/kit/cities/city-store.ts";
import { type Check, printChecks, writeResults } from "../../test/kit/output.ts";
import type { BareAnswer } from "../kit/bare-process.ts";
import type { Contestant } from "../kit/contestant.ts";
import { measureFreshness } from "../kit/freshness.ts";
import { createTileCensus, type TileCensus } from "../kit/sample-tiles.ts";
import { startOurs } from "./serve-contestants.ts";
import { measureEdge } from "./serve-edge.ts";
import { measureKeyed } from "./serve-keyed.ts";
import { measureCold, measureWriting } from "./serve-load.ts";
import { measurePosts } from "./serve-posts.ts";
import { measureOneTile, measureWarm, readAnswers } from "./serve-warm.ts";

const REPORTS = 20_000;
const TRIALS = 200;
const FRESH_MS = 2000;
const STAGES = ["cold", "warm", "keyed", "tile", "writing", "posts", "freshness", "edge"] as const;
type Stage = (typeof STAGES)[number];

interface Findings {
  readonly figures: object;
  readonly checks?: readonly Check[];
  readonly charts?: Readonly<Record<string, string>>;
}

/**
 * The running server under load, each server in a process of its own; stores and load are in this one. Without arguments all
 * stages.
 */
export async function run(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => !STAGES.some((stage) => stage === arg));
  if (unknown !== undefined) throw new Error(`no stage ${unknown}; there are ${STAGES.join(", ")}`);
  const wanted = STAGES.filter((stage) => args.length === 0 || args.includes(stage));
  const found = wanted.some((stage) => stage !== "edge") ? await measureNode(wanted) : [];
  if (wanted.includes("edge")) found.push({ ...(await measureEdge()) });
  const checks = found.flatMap((stage) => stage.checks ?? []);
  printChecks("targets", checks);
  const figures = Object.assign({}, ...found.map((stage) => stage.figures));
  writeResults("serve", { checks, ...figures }, Object.assign({}, ...found.map((stage) => stage.charts ?? {})));
}

async function measureNode(wanted: readonly Stage[]): Promise<Findings[]> {
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
  const open: Contestant[] = [];
  try {
    const [{ endpoint = "", tableName }, database] = await Promise.all([stores.dynamo(), stores.database()]);
    const config = readConfig({ DYNAMODB_ENDPOINT: endpoint });
    const census = await fillCity(endpoint, tableName);
    const start = async () => {
      const server = await startOurs(config, database.url);
      open.push(server);
      return server;
    };
    const ours = await start();
    const found: Findings[] = [];
    if (wanted.includes("cold")) found.push(await coldStage(ours, census));
    const answers = await readAnswers(ours, census);
    if (wanted.includes("warm")) found.push(await warmStage(ours, answers));
    if (wanted.includes("keyed")) found.push(await measureKeyed(ours, answers, database));
    if (wanted.includes("tile")) found.push(await measureOneTile(ours, answers));
    if (wanted.includes("writing")) found.push({ figures: { writing: await measureWriting(ours, answers) } });
    if (wanted.includes("posts")) found.push(await postsStage(ours));
    if (wanted.includes("freshness")) found.push(await freshnessStage(ours, await start()));
    return found;
  } finally {
    for (const server of open.reverse()) await server.close();
    await stores.close();
  }
}

async function coldStage(ours: Contestant, census: TileCensus): Promise<Findings> {
  const cold = await measureCold(ours, census);
  const what = "cold tiles refused";
  return { figures: { cold }, checks: [{ what, limit: "0", found: cold.refused, met: cold.refused === 0 }] };
}

async function postsStage(ours: Contestant): Promise<Findings> {
  const { posts, check } = await measurePosts(ours);
  return { figures: { posts }, checks: [check] };
}

async function warmStage(ours: Contestant, answers: readonly BareAnswer[]): Promise<Findings> {
  const { figures, checks } = await measureWarm(ours, answers);
  return { figures: { warm: figures }, checks };
}

async function freshnessStage(writer: Contestant, reader: Contestant): Promise<Findings> {
  const title = "a report on process A until its tile on process B";
  const freshness = await measureFreshness(writer, reader, TRIALS, title);
  return { figures: { freshness }, checks: [freshCheck(freshness.p99Ms)] };
}

const freshCheck = (p99Ms: number): Check => ({
  what: `report on A, tile on B, p99 of ${TRIALS}`,
  limit: `${FRESH_MS} ms`,
  found: `${Math.round(p99Ms)} ms`,
  met: p99Ms <= FRESH_MS,
});

async function fillCity(endpoint: string, table: string): Promise<TileCensus> {
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
