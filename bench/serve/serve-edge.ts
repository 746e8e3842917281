import { fileURLToPath } from "node:url";
import { startLocalWorker } from "../../server/runtime/local-worker/local-worker.ts";
import { createTestClock } from "../../test/kit/clock.ts";
import { openAppOrigin, openWorkerOrigin } from "../../test/kit/edge/edge-origin.ts";
import { type ReplayOptions, type ReplayResult, replayEdge } from "../../test/kit/edge/edge-replay.ts";
import { type Check, printTable } from "../../test/kit/output.ts";
import { openSharedStores } from "../../test/kit/stores.ts";
import { barChart } from "../kit/chart.ts";
import { measureFreshness } from "../kit/freshness.ts";

const REPORTS = 20_000;
const REPLAY = { requests: 100_000, requestsPerSecond: 400, writesPerSecond: 10 };
const WANTED_HITS = 0.95;
const START_MS = Date.UTC(2026, 5, 1, 12, 0, 1);
/** As many as two purges each fit into what the platform takes at once. */
const PURGE_TRIALS = 8;
const PURGED_MS = 1000;
const CACHED_WORKER = fileURLToPath(new URL("../../test/kit/edge/cached-worker.ts", import.meta.url));

type Named = ReplayResult & { readonly name: string; readonly isProduct: boolean };

/** A shared cache in front of the app and of the Worker; the cache's time is simulated. */
export async function measureEdge() {
  const replays: Named[] = [];
  for (const [name, purge] of [
    ["nothing"],
    ["tags of 5 and 6", 5],
    ["all tags", 0],
    ["the finest tag", "product"],
  ] as const) {
    const clock = createTestClock(START_MS);
    const options = { ...REPLAY, clock, origin: await openAppOrigin(REPORTS, clock) };
    replays.push(await replayNamed(`app, purging ${name}`, purge, options));
  }
  const stores = await openSharedStores();
  try {
    const origin = await openWorkerOrigin(REPORTS, stores);
    const options = { ...REPLAY, clock: createTestClock(Date.now()), origin };
    replays.push(await replayNamed("workerd, purging the finest tag", "product", options).finally(origin.close));
    printTable(
      `edge: ${REPLAY.requests} requests by Zipf, ${REPLAY.requestsPerSecond} a second, ${REPLAY.writesPerSecond} writes a second in the same city`,
      ["origin", "from cache", "asked of the origin", "304 of those", "oldest s", "beyond bound"],
      replays.map((r) => [r.name, r.hitRate, r.originShare, r.revalidated, r.oldestMs / 1000, r.beyondBound]),
    );
    const purged = await measurePurge(stores);
    return {
      figures: { replays, purged },
      checks: [...replays.filter(({ isProduct }) => isProduct).flatMap(checksOf), purgeCheck(purged)],
      charts: { "edge-cache": drawHits(replays) },
    };
  } finally {
    await stores.close();
  }
}

const drawHits = (replays: readonly Named[]): string =>
  barChart({
    title: "Tiles answered from a shared cache while 10 reports a second come in, per cent",
    bars: replays
      .toSorted((a, b) => Number(b.isProduct) - Number(a.isProduct))
      .map(({ name, hitRate, originShare }) => ({
        name,
        value: hitRate * 100,
        note: `origin asked for ${(originShare * 100).toFixed(0)} %`,
      })),
  });

async function replayNamed(
  name: string,
  purge: "product" | number | undefined,
  options: ReplayOptions,
): Promise<Named> {
  const result = await replayEdge({ ...options, ...(purge === undefined ? {} : { purge }) });
  return { name, isProduct: purge === "product", ...result };
}

function checksOf({ name, hitRate, beyondBound }: Named): Check[] {
  const what = `edge replay, ${name}`;
  return [
    { what, limit: `${WANTED_HITS} from cache`, found: hitRate.toFixed(3), met: hitRate >= WANTED_HITS },
    { what, limit: "0 beyond the bound", found: beyondBound, met: beyondBound === 0 },
  ];
}

/** Through the Worker's gateway, with Workers Cache simulated in front of its cached entrypoint. */
async function measurePurge(stores: Awaited<ReturnType<typeof openSharedStores>>) {
  const vars = { EDGE_CACHE: "on", LOG_LEVEL: "error" };
  const worker = await startLocalWorker({ ...stores, host: "127.0.0.1", port: 0, entrypoint: CACHED_WORKER, vars });
  try {
    return await measureFreshness(worker, worker, PURGE_TRIALS, "a report until it is in a cached tile, by purge");
  } finally {
    await worker.close();
  }
}

const purgeCheck = ({ worstMs }: { worstMs: number }): Check => ({
  what: "report until it is in a cached tile, by purge",
  limit: `${PURGED_MS} ms`,
  found: `${Math.round(worstMs)} ms`,
  met: worstMs <= PURGED_MS,
});
