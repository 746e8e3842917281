import { readConfig } from "../server/config.ts";
import { silentLog } from "../server/console/log.ts";
import { openStores } from "../server/embedded/stores.ts";
import { createDocumentClient } from "../server/store/dynamo-client.ts";
import { cityReports } from "./city.ts";
import { fill, openCityStore } from "./city-store.ts";
import { measureFreshness } from "./freshness.ts";
import { type Check, printChecks, writeResults } from "./output.ts";
import { createTileCensus, type TileCensus } from "./sample-tiles.ts";
import { type Contestant, startOurs } from "./serve-contestants.ts";
import { measureEdge } from "./serve-edge.ts";
import { measureCold, measureWriting } from "./serve-load.ts";
import { measureOneTile, measureWarm } from "./serve-warm.ts";

const REPORTS = 20_000;
const TRIALS = 200;
const FRESH_MS = 2000;
const STAGES = ["node", "edge"] as const;

/** The running server under load, each server in a process of its own; stores and load are in this one. */
export async function run(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => !STAGES.some((stage) => stage === arg));
  if (unknown !== undefined) throw new Error(`no stage ${unknown}; there are ${STAGES.join(" and ")}`);
  const wanted = (stage: (typeof STAGES)[number]) => args.length === 0 || args.includes(stage);
  const node = wanted("node") ? await measureNode() : undefined;
  const edge = wanted("edge") ? await measureEdge() : undefined;
  const checks = [...(node?.checks ?? []), ...(edge?.checks ?? [])];
  printChecks("targets", checks);
  const charts = node === undefined ? {} : { "one-tile": node.chart };
  writeResults("serve", { checks, ...node?.figures, ...edge?.figures }, charts);
}

async function measureNode() {
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
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
    const { answers, figures: warm, checks } = await measureWarm(first, census);
    const { figures: oneTile, chart } = await measureOneTile(first, answers);
    const writing = await measureWriting(first, answers);
    const title = `a report on process A until its tile on process B`;
    const freshness = await measureFreshness(first, await start(), TRIALS, title);
    return {
      figures: { cold, warm, oneTile, writing, freshness },
      checks: [...checks, freshCheck(freshness.p99Ms)],
      chart,
    };
  } finally {
    for (const server of open.reverse()) await server.close();
    await stores.close();
  }
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
