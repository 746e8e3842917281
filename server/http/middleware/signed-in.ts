import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError } from "../core/problem.ts";

/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Before routes for whoever is signed in: the route finds `signedIn`. A session's cookie is sent by the browser whoever asked it to, so what changes
 * something must come from a page of ours: its `Origin` is ours. 401 without a session, 403 from elsewhere.
 */
export function requireSignedIn({ sessions }: Pick<AppParts, "sessions">): MiddlewareHandler<AppEnv> {
  return async function requireSignedIn(c, next) {
    c.header("Cache-Control", "private, no-store");
    const signedIn = c.get("signedIn") ?? (await sessions?.of(c.req.raw.headers, c.get("publicUrl")));
    if (signedIn === undefined) throw new ProblemError(SIGN_IN_NEEDED);
    requireOurs(c);
    c.set("signedIn", signedIn);
    await next();
  };
}

/** Whether a page of ours sent it. Every browser names the origin of what is no GET and no HEAD (Fetch, 4.6 "append a request Origin header"). */
export function comesFromUs(c: Context<AppEnv>): boolean {
  return c.req.header("Origin") === new URL(c.get("publicUrl")).origin;
}

/** Before what a session may change. @throws ProblemError 403 when no page of ours sent it */
export function requireOurs(c: Context<AppEnv>): void {
  if (!SAFE_METHODS.has(c.req.method) && !comesFromUs(c)) throw new ProblemError(FROM_ELSEWHERE);
}

/** Who is signed in, behind `requireSignedIn`. */
export function signedInOf(c: Context<AppEnv>) {
  const signedIn = c.get("signedIn");
  if (signedIn === undefined) throw new ProblemError(SIGN_IN_NEEDED);
  return signedIn;
}

const SIGN_IN_NEEDED = { status: 401, kind: "sign-in-needed", detail: "This is for whoever is signed in." } as const;
const FROM_ELSEWHERE = {
  status: 403,
  kind: "foreign-origin",
  detail: "With a session this is taken from pages of this service alone; programs send a key.",
} as const;
