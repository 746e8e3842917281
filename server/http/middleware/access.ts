import type { Context, MiddlewareHandler } from "hono";
import { ACCESS, type Access } from "../../accounts/access.ts";
import type { Accounts } from "../../accounts/accounts.ts";
import { type AdmittedCall, isRefusal } from "../../accounts/admission.ts";
import type { Caller } from "../../accounts/caller.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { roleOf } from "../../moderation/may-moderate.ts";
import { DatabaseUnavailableError } from "../../ports/sql.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError } from "../core/problem.ts";
import { createAnonymous } from "./anonymous.ts";
import { KEY_NEEDED } from "./api-key.ts";
import { createIdentify, type Identify } from "./identify.ts";
import { refused } from "./refused.ts";
import { requireSignedIn } from "./signed-in.ts";
import { createTileGate } from "./tile-gate.ts";

/** Calls of one account's sessions a minute where nothing else is counted. */
const SESSION_CALLS_PER_MINUTE = 300;

/**
 * Mounts the gate before all routes: it does what `ACCESS` says of each, and tells routes who asks (`caller`, `signedIn`) and what the call is
 * counted as (`call`). No route checks by itself who may ask it, but for whose something is.
 */
export function mountAccess(app: App, parts: AppParts, accounts: Accounts | undefined): void {
  const gates = createGates(parts, accounts);
  for (const [path, byMethod] of byPath()) {
    const handlers = new Map([...byMethod].map(([method, access]) => [method, gates(access)]));
    app.use(path, async function enforceAccess(c, next) {
      const method = c.req.method === "HEAD" ? "GET" : c.req.method;
      const gate = handlers.get(method) ?? handlers.get("ALL");
      if (gate === undefined || !isRoute(app, method, path)) return next();
      return gate(c, next);
    });
  }
}

/**
 * To be called when all routes are mounted: one that nobody has said who may ask for has no gate, and the app does not start.
 * @throws Error that names it
 */
export function requireAccessOfAll({ routes }: Pick<App, "routes">): void {
  for (const { method, path } of routes) {
    // Middleware, and better-auth's paths, which have one row.
    if (method === "ALL" || path.startsWith("/api/auth/")) continue;
    if (ACCESS[`${method} ${path}`] === undefined) throw new Error(`${method} ${path} has no row in ACCESS`);
  }
}

/** Without a route there is nothing to guard, and 404 is the answer. */
function isRoute(app: App, method: string, path: string): boolean {
  let known = ROUTES.get(app);
  if (known === undefined) {
    known = new Set(app.routes.map((route) => `${route.method} ${route.path}`));
    ROUTES.set(app, known);
  }
  return known.has(`${method} ${path}`) || path.endsWith("/*");
}

/** Of each app, when its first request comes: then all are there. */
const ROUTES = new WeakMap<App, Set<string>>();

function byPath(): Map<string, Map<string, Access>> {
  const paths = new Map<string, Map<string, Access>>();
  for (const [route, access] of Object.entries(ACCESS)) {
    const [method = "", path = ""] = route.split(" ");
    const byMethod = paths.get(path) ?? new Map<string, Access>();
    paths.set(path, byMethod.set(method, access));
  }
  return paths;
}

type Gate = MiddlewareHandler<AppEnv>;
const open: Gate = (_, next) => next();

function createGates(parts: AppParts, accounts: Accounts | undefined): (access: Access) => Gate {
  const anonymous = createAnonymous(parts);
  const signedIn = createSessionGate(parts);
  // Without accounts keys mean nothing, and all are let in by their address.
  const identify: Identify =
    accounts === undefined ? { caller: async () => undefined } : createIdentify(parts, accounts.lookup);
  const tiles = accounts === undefined ? open : createTileGate(parts, accounts.tileKeys);

  async function callerOf(c: Context<AppEnv>): Promise<Caller> {
    const caller = await identify.caller(c);
    if (caller === undefined) throw new ProblemError(KEY_NEEDED);
    const refusal = accounts?.admission.takeMinute(caller);
    if (refusal !== undefined) throw refused(refusal);
    c.set("caller", caller);
    return caller;
  }

  /** Undefined: nothing is counted but the address. */
  async function admit(c: Context<AppEnv>, counts: "trends" | "exports" | "free"): Promise<AdmittedCall | undefined> {
    const caller = await identify.caller(c);
    if (caller === undefined || accounts === undefined) return anonymous(c, counts);
    c.set("caller", caller);
    const { admission } = accounts;
    if (counts === "free") {
      const refusal = admission.takeMinute(caller);
      if (refusal !== undefined) throw refused(refusal);
      return undefined;
    }
    // A browser that somebody is signed in with is a dashboard.
    const kind = caller.key === undefined && counts === "trends" ? "dashboards" : counts;
    requireKind(caller, kind);
    const call = await admission.admit(caller, kind);
    if (isRefusal(call)) throw refused(call);
    return call;
  }

  return (access) => {
    switch (access.for) {
      case "anyone":
        return access.knows ? (c, next) => knowWhom(c, next, identify) : open;
      case "bearer-of":
        return open;
      case "tiles":
        return tiles;
      case "questions":
        return (c, next) => countCall(c, next, () => admit(c, access.counts));
      case "session":
        return (c, next) => signedIn(c, () => refuseDemo(c, access.demo, next));
      case "account":
        return async (c, next) => {
          requireWholeKey(await callerOf(c));
          return refuseDemo(c, access.demo, next);
        };
      case "moderators":
        return async (c, next) => {
          const caller = await callerOf(c);
          requireWholeKey(caller);
          if (caller.isDemo) throw new ProblemError(NOT_FOR_DEMO);
          if (roleOf(caller.account) === "nobody") throw new ProblemError(NO_MODERATOR);
          return next();
        };
      case "operators":
        return async (c, next) => {
          const caller = await callerOf(c);
          requireWholeKey(caller);
          if (caller.isDemo || !caller.account.isOperator) throw new ProblemError(NO_OPERATOR);
          return next();
        };
    }
  };
}

/** Lets a call in, and counts it once it is answered. */
async function countCall(
  c: Context<AppEnv>,
  next: () => Promise<void>,
  admit: () => Promise<AdmittedCall | undefined>,
): Promise<void> {
  // A browser's cache must not answer a key that is refused now with what another was given.
  c.header("Vary", "Authorization, Cookie");
  const call = await admit();
  for (const [name, value] of Object.entries(call?.headers ?? {})) c.header(name, value);
  if (call !== undefined) c.set("call", call);
  try {
    await next();
  } catch (error) {
    // What is no Error comes through to here.
    call?.failed();
    throw error;
  }
  if (c.error === undefined) call?.answered();
  else call?.failed();
}

/** Who asks for what everybody may; nobody is known while PostgreSQL is away. @throws ProblemError 401 when there is no such key */
async function knowWhom(c: Context<AppEnv>, next: () => Promise<void>, identify: Identify): Promise<void> {
  const caller = await identify.caller(c).catch((error: unknown) => {
    if (error instanceof DatabaseUnavailableError) return undefined;
    throw error;
  });
  if (caller !== undefined) c.set("caller", caller);
  return next();
}

function createSessionGate(parts: AppParts): Gate {
  const calls = createRateLimit({ clock: parts.clock, perMinute: SESSION_CALLS_PER_MINUTE });
  const sessionOnly = requireSignedIn(parts);
  return (c, next) =>
    sessionOnly(c, async () => {
      const waitSeconds = calls.take(c.get("signedIn")?.userId ?? "");
      if (waitSeconds === 0) return next();
      const detail = `At most ${SESSION_CALLS_PER_MINUTE} calls a minute are answered to one account's sessions.`;
      throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${waitSeconds}` } });
    });
}

function refuseDemo(c: Context<AppEnv>, demo: false | undefined, next: () => Promise<void>): Promise<void> {
  const isDemo = c.get("signedIn")?.isDemo === true;
  if (demo === false && isDemo) throw new ProblemError(NOT_FOR_DEMO);
  return next();
}

/**
 * A key that is for some kinds of calls, or for pages of some origins, lies in pages for everybody to read; and a program says of itself what
 * origin it likes. @throws ProblemError 403
 */
function requireWholeKey({ key }: Caller): void {
  if (key === undefined || (key.kinds === null && key.origins === null)) return;
  const what = key.kinds?.join(", ") ?? "what pages show";
  throw new ProblemError({ status: 403, kind: "key-kind", detail: `This key is for ${what} alone.` });
}

/** @throws ProblemError 403 when the key is not for this kind of call */
function requireKind({ key }: Caller, kind: "trends" | "exports" | "dashboards"): void {
  const kinds = key?.kinds ?? null;
  if (kinds === null || kinds.includes(kind)) return;
  throw new ProblemError({ status: 403, kind: "key-kind", detail: `This key is not for ${kind}.` });
}

const NOT_FOR_DEMO = {
  status: 403,
  kind: "demo",
  detail: "The account that shows the product may look, and change nothing that lasts.",
} as const;
const NO_MODERATOR = { status: 403, kind: "no-moderator", detail: "This account may not moderate." } as const;
const NO_OPERATOR = { status: 403, kind: "no-operator", detail: "This is for operators." } as const;
