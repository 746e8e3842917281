import type { Context } from "hono";
import type { App, AppEnv, BesideAnswers } from "../core/app-parts.ts";

/** What is made of the pyramid, beside lists of reports. */
const OF_THE_PYRAMID = [
  "/tiles/*",
  "/api/neighborhood/*",
  "/api/clusters/*",
  "/api/cities/*",
  "/api/areas/*",
  "/api/exports/:file{reports\\.[a-z]+}",
];

/** Mounts a runtime's work beside answers, before the routes that it belongs to. */
export function mountBesideAnswers(app: App, { reading, tile, change, call }: BesideAnswers): void {
  for (const read of OF_THE_PYRAMID) {
    app.use(read, async (_, next) => {
      await reading();
      await next();
    });
  }
  app.use("/api/reports", async (c, next) => {
    // Who sends a report does not wait.
    if (c.req.method !== "POST") await reading();
    await next();
  });
  app.use("/tiles/*", async (c, next) => {
    goOnWith(c, tile());
    await next();
  });
  // Not `post`: that would count as a route of these addresses, and answer 405 for 404.
  app.use("/api/reports/*", async (c, next) => {
    await next();
    if (c.req.method === "POST") goOnWith(c, change());
  });
  app.use("/api/moderation/*", async (c, next) => {
    await next();
    if (c.req.method === "POST") goOnWith(c, change());
  });
  for (const counted of ["/api/trends/*", "/api/exports/*"]) {
    app.use(counted, async (c, next) => {
      await next();
      goOnWith(c, call());
    });
  }
}

/** Keeps a request's I/O going until something is done, also when its client has gone. */
function goOnWith(c: Context<AppEnv>, work: Promise<void> | undefined): void {
  if (work !== undefined) c.executionCtx.waitUntil(work);
}
