import type { Context } from "hono";
import type { Auth, AuthCall } from "../../accounts/auth/auth.ts";
import { type AuthRefusal, AuthRefusedError } from "../../accounts/auth/auth-refusal.ts";
import { PasswordsBusyError } from "../../accounts/auth/passwords.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError, type ProblemInit } from "../core/problem.ts";

/** What the routes of accounts share: a request as better-auth is asked, and what comes of it. */

/** @throws ProblemError 503 where there are no accounts to sign in to */
export function authOf(auth: Auth | undefined): Auth {
  if (auth === undefined) throw new ProblemError(ACCOUNTS_OFF);
  return auth;
}

export function callOf(c: Context<AppEnv>, parts: AppParts, path: string): AuthCall {
  const { raw } = c.req;
  return {
    method: raw.method === "POST" ? "POST" : "GET",
    path,
    search: new URL(raw.url).search,
    headers: raw.headers,
    publicUrl: c.get("publicUrl"),
    address: parts.clientAddress(c) ?? "",
    isOnThisMachine: parts.isOnThisMachine?.(c) ?? false,
    later: (work) => goOnBehind(c, work, parts),
  };
}

/** Behind the answer, also in a runtime that would end with it. */
function goOnBehind(c: Context<AppEnv>, work: Promise<unknown>, { log, besideAnswers }: AppParts): void {
  const done = work.catch((error: unknown) => log.warn("work behind an answer about accounts failed", { error }));
  if (besideAnswers !== undefined) c.executionCtx.waitUntil(done);
}

const ACCOUNTS_OFF = {
  status: 503,
  kind: "accounts-off",
  detail: "There are no accounts to sign in to here: whoever runs this has not set AUTH_SECRET. Keys work.",
};

const REFUSED: Readonly<Record<AuthRefusal, ProblemInit>> = {
  "too-many-tries": { status: 429, detail: "Too many tries at this account, or too many mails. Try again later." },
  "mail-off": {
    status: 503,
    kind: "mail-off",
    detail:
      "No mail can be sent from here, so no address can be verified: whoever runs this has to set SMTP_URL and PUBLIC_URL.",
  },
  "demo-coming": { status: 503, kind: "starting", detail: "The demo account is still being made. Try again." },
  demo: { status: 403, kind: "demo", detail: "The demo account cannot be changed." },
};

/** The problem of what we refused ourselves; anything else as it is. */
export function problemOfAuth(error: unknown): unknown {
  if (error instanceof PasswordsBusyError) {
    const detail = "Very many sign in just now. Try again.";
    return new ProblemError({ status: 503, kind: "busy", detail, headers: { "Retry-After": "2" } });
  }
  if (!(error instanceof AuthRefusedError)) return error;
  const { kind, waitSeconds } = error;
  const headers = waitSeconds === undefined ? {} : { headers: { "Retry-After": `${waitSeconds}` } };
  return new ProblemError({ ...REFUSED[kind], ...headers });
}

/** The problem of what better-auth refused, with its `code` as a member and, in lower case, as the type. */
export async function refusedByAuth(response: Response): Promise<ProblemError> {
  const told: unknown = await response.json().catch(() => undefined);
  const { code, message } = (typeof told === "object" && told !== null ? told : {}) as Readonly<
    Record<string, unknown>
  >;
  return new ProblemError({
    status: response.status,
    ...(typeof code === "string" && { kind: code.toLowerCase().replaceAll("_", "-"), members: { code } }),
    ...(typeof message === "string" && { detail: message }),
  });
}
