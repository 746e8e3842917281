import type { MiddlewareHandler } from "hono";
import type { TileKeys, TileRefusal } from "../../accounts/tile-keys.ts";
import { lineOf } from "../../kit/network-address.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError } from "../core/problem.ts";
import { unknownKey } from "./api-key.ts";

/** Before tiles: a key in the address is counted, or refused. Nobody waits for PostgreSQL. */
export function createTileGate(
  { clientAddress, besideAnswers }: AppParts,
  tileKeys: TileKeys,
): MiddlewareHandler<AppEnv> {
  return async function tileGate(c, next) {
    const key = c.req.query("key");
    if (!key) return next();
    // In a Worker a request's I/O ends with it, unless it is told to wait.
    const later = (work: Promise<unknown>) => {
      if (besideAnswers !== undefined) c.executionCtx.waitUntil(work);
    };
    const asked = {
      key,
      layers: (c.req.param("layers") ?? "").split(","),
      page: () => ({ origin: c.req.header("Origin"), referer: c.req.header("Referer") }),
      line: () => lineOf(clientAddress(c) ?? ""),
    };
    const verdict = tileKeys.judge(asked, later);
    if (verdict.outcome === "refused") throw tileProblem(verdict.refusal);
    if (verdict.outcome === "counted") c.set("caller", verdict.caller);
    try {
      await next();
    } catch (error) {
      tileKeys.done(verdict, false);
      throw error;
    }
    tileKeys.done(verdict, c.error === undefined);
    const added = besideAnswers?.keyedTile();
    if (added !== undefined) later(added);
  };
}

function tileProblem({ status, kind, detail, waitSeconds, headers }: TileRefusal): ProblemError {
  if (kind === "unknown-key") return unknownKey();
  const wait = waitSeconds === undefined ? {} : { "Retry-After": `${waitSeconds}` };
  return new ProblemError({ status, kind, detail, headers: { ...headers, ...wait } });
}
