import { workerAppOf } from "./worker-app.ts";
import type { ExecutionContext, WorkerEnv, WorkersCache } from "./worker-env.ts";

/** What the entrypoint `CachedTiles` does: it runs only for tiles that are not in the cache in front of it. */

/** Answers a request of the gateway; without Workers Cache out of the Cache API, where there is one. */
export async function answerCachedTile(request: Request, env: WorkerEnv, context: ExecutionContext): Promise<Response> {
  const { edgeCache, fetch } = workerAppOf(env);
  const later = (work: Promise<unknown>) => context.waitUntil(work);
  const render = (asked: Request) => fetch(asked, later);
  const stored = context.cache === undefined ? edgeCache?.stored : undefined;
  const response = stored === undefined ? render(request) : stored.answer(request, render, later);
  later(response.catch(() => {}));
  return response;
}

/** Purges tags; false when the platform refuses, or knows no tags. */
export async function purgeCachedTiles(tags: readonly string[], cache: WorkersCache | undefined): Promise<boolean> {
  return (await cache?.purge({ tags }))?.success ?? false;
}
