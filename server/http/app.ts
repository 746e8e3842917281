import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { accepts } from "hono/accepts";
import { cors } from "hono/cors";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { matchedRoutes } from "hono/route";
import { type Accounts, createAccounts } from "../accounts/accounts.ts";
import type { Log } from "../console/log.ts";
import type { Sql } from "../ports/sql.ts";
import type { App, AppEnv, AppParts } from "./core/app-parts.ts";
import { createRequestMetrics, noteRequest, type RequestMetrics } from "./core/metrics.ts";
import { NOT_FOUND_HEADERS, notFoundPage } from "./core/not-found-page.ts";
import {
  fieldErrors,
  invalidRequest,
  PROBLEM_TYPE,
  ProblemError,
  problemOfError,
  respondProblem,
} from "./core/problem.ts";
import { keepAddressesApart, publicPath } from "./core/public-address.ts";
import { EXPOSED_HEADERS, SAFE_HEADERS } from "./core/safe-headers.ts";
import { SLASH_CACHE_CONTROL } from "./core/slash-redirect.ts";
import { mountAccess, requireAccessOfAll } from "./middleware/access.ts";
import { mountBesideAnswers } from "./middleware/beside-answers.ts";
import { createOwnAreaFinder, type FindOwnArea } from "./middleware/own-area.ts";
import { mountReadBudget } from "./middleware/read-budget.ts";
import { mountAccount } from "./routes/account.ts";
import { mountAreas } from "./routes/areas.ts";
import { mountAuth } from "./routes/auth.ts";
import { mountBilling } from "./routes/billing.ts";
import { mountBillingWebhook } from "./routes/billing-webhook.ts";
import { mountCities } from "./routes/cities.ts";
import { mountClusters } from "./routes/clusters.ts";
import { mountExports } from "./routes/exports.ts";
import { mountFlags } from "./routes/flags.ts";
import { mountKeys } from "./routes/keys.ts";
import { mountLive } from "./routes/live.ts";
import { mountMetrics } from "./routes/metrics.ts";
import { mountModeration } from "./routes/moderation.ts";
import { mountNeighborhood } from "./routes/neighborhood.ts";
import { mountOperations } from "./routes/operations.ts";
import { mountOperator } from "./routes/operator.ts";
import { mountOwnAreas } from "./routes/own-areas.ts";
import { mountPlaces } from "./routes/places.ts";
import { mountPlans } from "./routes/plans.ts";
import { mountReports } from "./routes/reports.ts";
import { mountSecurityText } from "./routes/security-text.ts";
import { mountTiles } from "./routes/tiles.ts";
import { mountTrends } from "./routes/trends.ts";
import { mountUsage } from "./routes/usage.ts";

export {
  type App,
  type AppEnv,
  type AppParts,
  type AppSettings,
  type BesideAnswers,
  DEFAULT_SETTINGS,
} from "./core/app-parts.ts";

/**
 * The whole HTTP interface over ports, the same on Node and in workerd. A runtime may add routes behind it (static files);
 * what then matches nothing is answered as a problem, like every error.
 */
export function createApp(parts: AppParts): App {
  const app: App = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw new ProblemError(invalidRequest(fieldErrors(result.error)));
    },
  });
  const { metrics = createRequestMetrics() } = parts;

  app.use(requestId({ limitLength: 64 }), observe(metrics, parts.log), safeHeaders(), openToEveryOrigin());
  app.use(lengthOfHead(), keepAddressesApart(parts));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, allowed) => respondMethodNotAllowed(c, allowed) }));

  if (parts.besideAnswers !== undefined) mountBesideAnswers(app, parts.besideAnswers);
  const accounts = parts.accounts ?? ownAccounts(parts);
  mountAccess(app, parts, accounts);
  mountReadBudget(app, parts);
  const findOwn = createOwnAreaFinder(parts);
  mountReports(app, parts, findOwn);
  mountFlags(app, parts);
  mountCities(app, parts);
  mountPlaces(app);
  mountTiles(app, parts);
  if (parts.live !== undefined) mountLive(app, parts, parts.live);
  if (parts.clusters !== undefined) mountClusters(app, parts, parts.clusters);
  mountNeighborhood(app, parts);
  if (parts.areas !== undefined) mountAreas(app, parts, { areas: parts.areas, findOwn });
  if (parts.sql !== undefined) mountRelational(app, parts, parts.sql, { accounts, findOwn });
  mountOperations(app, parts);
  mountMetrics(app, parts, metrics);
  mountSecurityText(app, parts);
  requireAccessOfAll(app);

  app.notFound((c) => redirectSlash(c) ?? respondNotFound(c));
  app.onError((error, c) => respondProblem(c, problemOfError(error, c.get("requestId"), parts.log)));
  return app;
}

/** A page for who asks with a browser, a problem for programs. */
function respondNotFound(c: Context<AppEnv>): Response {
  const type = accepts(c, {
    header: "Accept",
    supports: [PROBLEM_TYPE, "application/json", "text/html"],
    default: PROBLEM_TYPE,
  });
  if (type === "text/html") return c.newResponse(notFoundPage(publicPath(c, "")), 404, NOT_FOUND_HEADERS);
  return respondProblem(c, { status: 404, detail: "There is nothing at this address.", headers: { Vary: "Accept" } });
}

function ownAccounts({ sql, usage, clock, log, settings }: AppParts): Accounts | undefined {
  if (sql === undefined || usage === undefined) return undefined;
  return createAccounts({ sql, usage, clock, log, perMinute: settings.keyCallsPerMinute });
}

/** What PostgreSQL answers; nothing else waits for it. */
function mountRelational(
  app: App,
  parts: AppParts,
  sql: Sql,
  { accounts, findOwn }: { readonly accounts: Accounts | undefined; readonly findOwn: FindOwnArea },
): void {
  const { billing } = parts;
  mountTrends(app, parts, sql);
  mountExports(app, parts, sql, findOwn);
  if (billing !== undefined) {
    mountPlans(app, billing);
    mountBilling(app, parts, billing);
    mountBillingWebhook(app, billing);
  }
  if (parts.sessions !== undefined) mountOwnAreas(app, parts, sql);
  if (accounts === undefined) return;
  mountUsage(app, parts, sql, accounts);
  mountKeys(app, parts, sql, accounts);
  mountModeration(app, parts);
  mountAuth(app, parts);
  mountAccount(app, parts, sql);
  mountOperator(app, parts, sql);
}

function respondMethodNotAllowed(c: Parameters<typeof respondProblem>[0], allowed: readonly string[]): Response {
  const allow = [...allowed, "OPTIONS"].join(", ");
  return respondProblem(c, { status: 405, detail: `This address takes ${allow}.`, headers: { Allow: allow } });
}

/**
 * The address without slashes at its end, for whoever typed or was linked to one with some; 308 keeps method and body. Relative, so
 * that it holds under whatever path a proxy serves this, and never leads to another host.
 */
function redirectSlash(c: Context<AppEnv>): Response | undefined {
  const { pathname, search } = new URL(c.req.url);
  let end = pathname.length;
  while (pathname[end - 1] === "/") end--;
  if (end === pathname.length || end === 0) return undefined;
  const name = pathname.slice(pathname.lastIndexOf("/", end - 1) + 1, end);
  const location = `${"../".repeat(pathname.length - end)}${name}${search}`;
  return c.newResponse(null, 308, { Location: location, "Cache-Control": SLASH_CACHE_CONTROL });
}

/**
 * Answers HEAD with the length that GET's body has: Hono drops the body, and with it what would have been measured. What is answered
 * as a stream sends none on HEAD.
 */
function lengthOfHead(): MiddlewareHandler<AppEnv> {
  return async function lengthOfHead(c, next) {
    await next();
    const { res } = c;
    if (c.req.method !== "HEAD" || res.body === null || res.headers.has("Content-Length")) return;
    const { byteLength } = await res.arrayBuffer();
    c.res = undefined;
    c.res = new Response(null, res);
    c.res.headers.set("Content-Length", `${byteLength}`);
  };
}

/**
 * As `OPEN_HEADERS` say, and preflights. Every header may be sent: tools that watch a page add their own (`sentry-trace`, `baggage`,
 * `traceparent`), and none of them means anything here. `*` would leave out `Authorization`, so what is asked for is allowed.
 */
function openToEveryOrigin(): MiddlewareHandler<AppEnv> {
  return cors({
    origin: "*",
    allowMethods: ["GET", "HEAD", "POST", "OPTIONS"],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: 86_400,
  });
}

function safeHeaders(): MiddlewareHandler<AppEnv> {
  return async function safeHeaders(c, next) {
    await next();
    for (const [name, value] of Object.entries(SAFE_HEADERS)) c.header(name, value);
  };
}

/** Methods that metrics tell apart: a client may send any word. */
const METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"];

function observe(metrics: RequestMetrics, log: Log): MiddlewareHandler<AppEnv> {
  return async function observe(c, next) {
    const startMs = performance.now();
    await next();
    const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL")?.path ?? "unmatched";
    const method = METHODS.includes(c.req.method) ? c.req.method : "other";
    noteRequest({ metrics, log }, { requestId: c.get("requestId"), method, route, status: c.res.status, startMs });
  };
}
