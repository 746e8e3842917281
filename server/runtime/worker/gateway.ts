import { addressOf, lineOf } from "../../kit/network-address.ts";
import { fileOf, withoutPrefix } from "./prefixed-request.ts";
import { answerSettingsError } from "./settings-answer.ts";
import { answerForClient, cachedTileRequest } from "./tile-gateway.ts";
import { workerAppOf } from "./worker-app.ts";
import { workerCompressor } from "./worker-compressor.ts";
import { type ExecutionContext, SettingsError, type WorkerEnv } from "./worker-env.ts";

/** Answers every request that is no static file. No cache is in front of it: tiles it asks the cached entrypoint for. */
export async function answerRequest(request: Request, env: WorkerEnv, context: ExecutionContext): Promise<Response> {
  try {
    const response = answer(request, env, context);
    // Without this a client that hangs up would freeze its request half way through a build.
    context.waitUntil(response.catch(() => {}));
    return await response;
  } catch (error) {
    if (error instanceof SettingsError) return answerSettingsError(error);
    throw error;
  }
}

/** Counts a tile for the key in its address before the cache is asked; undefined without one. */
function judgeKey(request: Request, env: WorkerEnv, context: ExecutionContext) {
  const { tileKeys, flushNowAndThen } = workerAppOf(env);
  const url = new URL(request.url);
  const key = url.searchParams.get("key");
  if (!key) return undefined;
  const [, , layers = ""] = url.pathname.split("/");
  const later = (work: Promise<unknown>) => context.waitUntil(work);
  const asked = {
    key,
    layers: decodeURIComponent(layers).split(","),
    page: () => ({
      origin: request.headers.get("Origin") ?? undefined,
      referer: request.headers.get("Referer") ?? undefined,
    }),
    line: () => lineOf(addressOf(request.headers.get("CF-Connecting-IP") ?? "") ?? ""),
  };
  const verdict = tileKeys.judge(asked, later);
  if (verdict.outcome === "refused") return "refused";
  return (isAnswered: boolean) => {
    tileKeys.done(verdict, isAnswered);
    const added = flushNowAndThen();
    if (added !== undefined) later(added);
  };
}

async function answer(given: Request, env: WorkerEnv, context: ExecutionContext): Promise<Response> {
  const { edgeCache, fetch, prefix } = workerAppOf(env);
  const request = prefix === undefined ? given : withoutPrefix(given, prefix);
  if (request instanceof Response) return request;
  if (prefix !== undefined && request !== given) {
    const file = await fileOf(request, prefix, env.ASSETS);
    if (file !== undefined) return file;
  }
  const asked = edgeCache && cachedTileRequest(request, workerCompressor.codings);
  if (asked !== undefined) {
    const count = judgeKey(request, env, context);
    // The app says why a key is refused.
    if (count === "refused") return fetch(request, (work) => context.waitUntil(work));
    const shared = await context.exports.CachedTiles.fetch(asked);
    edgeCache?.note(shared);
    count?.(shared.status < 400);
    return answerForClient(shared, request);
  }
  const response = await fetch(request, (work) => context.waitUntil(work));
  if (edgeCache !== undefined && request.method === "POST" && response.ok) {
    context.waitUntil(edgeCache.purge.send((tags) => context.exports.CachedTiles.purge(tags)));
  }
  return response;
}
