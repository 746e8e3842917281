import { WorkerEntrypoint } from "cloudflare:workers";
import { answerCachedTile, purgeCachedTiles } from "../../../server/runtime/worker/cached-tiles.ts";
import type { ExecutionContext, WorkerEnv, WorkersCache } from "../../../server/runtime/worker/worker-env.ts";
import worker from "../../../server/worker.ts";
import { createEdgeCache, type EdgeAnswer } from "./edge-cache.ts";

/**
 * The Worker with what local workerd lacks: Workers Cache before `CachedTiles`. The gateway, the entrypoint, the calls between
 * them and what is purged are the product's own. `/_cache` tells what the cache did, `?advance=` moves its clock. `?hold=1` stops it until
 * `?hold=0`, so that nothing but a purge makes it ask anew.
 */
export { HurriedCompaction, LiveShard } from "../../../server/worker.ts";

let skippedMs = 0;
let heldAtMs: number | undefined;
const clock = { now: () => (heldAtMs ?? Date.now()) + skippedMs };
let render: (request: Request) => Promise<Response>;
const cache = createEdgeCache({
  origin: (url, { headers }) => render(new Request(url, { headers })),
  clock,
});
const counts = { purges: 0, tags: 0, refuse: false };
const platform: WorkersCache = {
  async purge({ tags }) {
    if (counts.refuse) return { success: false };
    counts.purges++;
    counts.tags += tags.length;
    cache.purge(tags);
    return { success: true };
  },
};

export default {
  ...worker,
  async fetch(request: Request, env: WorkerEnv, context: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/_cache") return worker.fetch(request, env, context);
    skippedMs += Number(searchParams.get("advance") ?? 0);
    const hold = searchParams.get("hold");
    if (hold !== null) heldAtMs = hold === "1" ? Date.now() : undefined;
    counts.refuse = searchParams.has("refuse");
    return Response.json({ ...cache.counts, ...counts });
  },
};

export class CachedTiles extends WorkerEntrypoint<WorkerEnv, ExecutionContext> {
  async fetch(request: Request): Promise<Response> {
    const { ctx, env } = this;
    const context = {
      waitUntil: (work: Promise<unknown>) => ctx.waitUntil(work),
      exports: ctx.exports,
      cache: platform,
    };
    render = (asked) => answerCachedTile(asked, env, context);
    const { hits } = cache.counts;
    const answer = await cache.fetch(request.url, Object.fromEntries(request.headers));
    // Promises of one request are not for another to wait for.
    await cache.settle();
    return respond(answer, cache.counts.hits > hits ? "HIT" : "MISS");
  }

  purge(tags: readonly string[]): Promise<boolean> {
    return purgeCachedTiles(tags, platform);
  }
}

function respond({ status, headers, body }: EdgeAnswer, found: string): Response {
  const sent = new Headers(headers);
  // As the platform does.
  sent.delete("Cache-Tag");
  sent.set("Cf-Cache-Status", found);
  const init: ResponseInit & { encodeBody: "manual" } = { status, headers: sent, encodeBody: "manual" };
  return new Response(status === 204 || status === 304 ? null : (body as Uint8Array<ArrayBuffer>), init);
}
