import type { Pool } from "pg";
import { type Auth, type AuthOptions, createAuth } from "../../server/accounts/auth/auth.ts";
import { createPasswords } from "../../server/accounts/auth/passwords.ts";
import { silentLog } from "../../server/console/log.ts";
import type { AppParts } from "../../server/http/app.ts";
import type { Mail } from "../../server/ports/mail.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { createSql } from "../../server/postgres/questions.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { createKeyApp } from "./accounts-fixture.ts";
import type { TestApp } from "./app-fixture.ts";

/** Tables of accounts and sign-in, children first. */
export const AUTH_TABLES = ["auth_attempts", "verifications", "sessions", "credentials"];

/** The same function as in production, a hundredth of its cost. */
export const CHEAP_COST = { logN: 4, r: 8, p: 1 };

export const SECRET = "a secret of tests, which nobody else should ever use";

export interface AuthAppOptions extends Partial<Omit<AuthOptions, "sql">> {
  readonly parts?: Partial<Omit<AppParts, "sql">>;
  readonly runSql?: RunSql;
}

/** The app with accounts, and the mails that it sent. */
export function createAuthApp(pool: Pool, { parts, runSql = sqlOfPool(pool), ...change }: AuthAppOptions = {}) {
  const mails: Mail[] = [];
  const sql = createSql(runSql, silentLog);
  const auth: Auth = createAuth({
    sql,
    clock: { now: Date.now },
    log: silentLog,
    secret: SECRET,
    passwords: createPasswords({ cost: CHEAP_COST }),
    mailer: { send: async (mail) => void mails.push(mail) },
    isUrlConfigured: false,
    isDemoAllowed: false,
    evenAnswerMs: 0,
    ...change,
  });
  const made = createKeyApp(pool, { auth, sessions: auth.sessions, sql: runSql, ...parts });
  return { ...made, auth, mails };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly json: any;
}

/** A browser, as far as cookies and origins go. */
export function createVisitor(app: TestApp, origin = "http://localhost") {
  const jar = new Map<string, string>();

  async function send(path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (jar.size > 0 && !headers.has("Cookie"))
      headers.set("Cookie", [...jar].map((pair) => pair.join("=")).join("; "));
    const response = await app.request(new URL(path, origin).href, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) keep(cookie);
    const text = await response.text();
    return { status: response.status, headers: response.headers, json: text === "" ? undefined : JSON.parse(text) };
  }

  function keep(cookie: string): void {
    const [pair = ""] = cookie.split(";");
    const at = pair.indexOf("=");
    if (/max-age=0/i.test(cookie)) jar.delete(pair.slice(0, at));
    else jar.set(pair.slice(0, at), pair.slice(at + 1));
  }

  return {
    jar,
    cookies: () => [...jar].map((pair) => pair.join("=")).join("; "),
    get: (path: string, headers: Readonly<Record<string, string>> = {}) => send(path, { headers }),
    post: (path: string, body: unknown = {}, headers: Readonly<Record<string, string>> = {}) =>
      send(path, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "Content-Type": "application/json", Origin: origin, ...headers },
      }),
    delete: (path: string, body: unknown = {}, headers: Readonly<Record<string, string>> = {}) =>
      send(path, {
        method: "DELETE",
        body: JSON.stringify(body),
        headers: { "Content-Type": "application/json", Origin: origin, ...headers },
      }),
  };
}

export type Visitor = ReturnType<typeof createVisitor>;

export const PASSWORD = "correct horse battery";

/** The first link of a mail. */
export const linkIn = (mail: Mail | undefined): string => /https?:\/\/\S+/.exec(mail?.text ?? "")?.[0] ?? "";

/** Signs up, verifies and signs in. */
export async function signUp(
  { app, mails }: { readonly app: TestApp; readonly mails: readonly Mail[] },
  email: string,
  password = PASSWORD,
): Promise<Visitor> {
  const visitor = createVisitor(app);
  await visitor.post("/api/auth/sign-up/email", { name: "Ann", email, password });
  await visitor.get(linkIn(mails.at(-1)));
  await visitor.post("/api/auth/sign-in/email", { email, password });
  return visitor;
}
