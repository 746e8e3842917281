import type { ExecutionContext, MiddlewareHandler } from "hono";
import type { App, AppEnv, BehindAnswers } from "../core/app-parts.ts";

/** Mounts them before the routes that they belong to. */
export function mountBehindAnswers(app: App, { tile, change, call }: BehindAnswers): void {
  app.use("/tiles/*", behind(tile));
  app.post("/api/reports/*", behind(change));
  app.use("/api/trends/*", behind(call));
  app.use("/api/exports/*", behind(call));
}

function behind(begin: () => Promise<void> | undefined): MiddlewareHandler<AppEnv> {
  return async function behindAnswer(c, next) {
    await next();
    const work = begin();
    if (work !== undefined) (c.executionCtx as ExecutionContext).waitUntil(work);
  };
}
