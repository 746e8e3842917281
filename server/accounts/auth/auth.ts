import type { Log } from "../../console/log.ts";
import { errorCode } from "../../console/operator-error.ts";
import { siteOf } from "../../kit/network-address.ts";
import { sleep } from "../../kit/wait.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Mailer } from "../../ports/mail.ts";
import type { Sql } from "../../ports/sql.ts";
import { type Attempt, type Attempts, createAttempts } from "./attempts.ts";
import type { EngineOptions, MailedUser } from "./auth-engine.ts";
import { AUTH_PATH, authLinks, isLocalUrl } from "./auth-links.ts";
import { AUTH_MAILS } from "./auth-mails.ts";
import { AuthRefusedError } from "./auth-refusal.ts";
import { hasDemoAccount, isDemoAddress } from "./demo-account.ts";
import { EVEN_ANSWER_MS, MAILS, UNVERIFIED_DAYS, WRONG_PASSWORDS } from "./limits.ts";
import type { Passwords } from "./passwords.ts";
import { createSessionTable, type SessionTable } from "./sessions.ts";

/** A request to one of better-auth's paths. */
export interface AuthCall {
  readonly method: "GET" | "POST";
  /** Below `/api/auth`, such as `/sign-in/email`. */
  readonly path: string;
  /** With its question mark, or empty. */
  readonly search: string;
  readonly headers: Headers;
  /** Checked before; what is not in it better-auth does not see. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Where the client finds us, without a slash at the end. */
  readonly publicUrl: string;
  readonly address: string;
  /** Whether it comes from a program of this machine, through nobody. */
  readonly isOnThisMachine: boolean;
  /** Keeps the request going for what nobody waits for. */
  later(work: Promise<unknown>): void;
}

/** Sign-up, sign-in and what belongs to them: better-auth behind our limits. */
export interface Auth {
  readonly sessions: SessionTable;
  /** @throws AuthRefusedError, PasswordsBusyError, DatabaseUnavailableError */
  run(call: AuthCall): Promise<Response>;
  /** Whether it is the account's password; a wrong one counts as a wrong sign-in. @throws as `run` */
  confirmPassword(of: PasswordCheck): Promise<boolean>;
}

export interface PasswordCheck {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly address: string;
}

export interface AuthOptions {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs cookies and links: at least 32 characters that nobody guesses. */
  readonly secret: string;
  readonly passwords: Passwords;
  /** Without one no address can be verified: nobody signs up or resets a password. */
  readonly mailer?: Mailer;
  /** Whether `publicUrl` is what the operator says, and not what a request's `Host` claims: a link in a mail must not lead elsewhere. */
  readonly isUrlConfigured: boolean;
  readonly isDemoAllowed: boolean;
  /** 500 ms unless it is said. */
  readonly evenAnswerMs?: number;
}

/** It is made behind the start, by a slow hash. */
const DEMO_WAIT_SECONDS = 1;

export function createAuth(options: AuthOptions): Auth {
  const { sql, clock, secret, passwords, evenAnswerMs = EVEN_ANSWER_MS } = options;
  const attempts = createAttempts(sql, secret, clock);
  const sessions = createSessionTable(options);

  async function ask(call: AuthCall): Promise<Response> {
    // Not before somebody signs in: it is a third of a second of work to load, which tiles need not pay.
    const { createAuthEngine } = await import("./auth-engine.ts");
    const engine = createAuthEngine({ ...options, ...call, ...mailsOf(options, call) });
    const response = await engine(requestOf(call));
    if (call.method === "POST") sessions.forget();
    return response;
  }

  const rules: Readonly<Record<string, (call: AuthCall) => Promise<Response>>> = {
    "/sign-in/email": (call) => signIn(call),
    "/sign-up/email": async (call) => {
      await countMail(attempts, call, options);
      await sql.query(FORGET_UNVERIFIED, [emailOf(call)]);
      return ask(call);
    },
    "/request-password-reset": async (call) => {
      await countMail(attempts, call, options);
      return ask(call);
    },
    "/send-verification-email": async (call) => {
      await countMail(attempts, call, options);
      return ask(call);
    },
    "/change-password": (call) => changePassword(call),
  };

  async function signIn(call: AuthCall): Promise<Response> {
    const email = emailOf(call);
    const tries = passwordTries(email, call.address);
    await count(attempts, tries);
    const isRefusedDemo = isDemoAddress(email) && !(options.isDemoAllowed && call.isOnThisMachine);
    // The same work as for any other wrong password.
    const body = { ...call.body, ...(isRefusedDemo && { password: crypto.randomUUID() }) };
    // Before it is looked for: it may be made meanwhile.
    const isDemoMissing = isDemoAddress(email) && !isRefusedDemo && !(await hasDemoAccount(sql));
    const response = await ask({ ...call, body });
    const isDemoComing = isDemoMissing && response.status === 401;
    if (response.status !== 401 || isDemoComing) call.later(attempts.giveBack(tries));
    if (isDemoComing) throw new AuthRefusedError("demo-coming", DEMO_WAIT_SECONDS);
    if (response.ok) call.later(sessions.tidy(call.headers, call.publicUrl, email));
    return response;
  }

  async function changePassword(call: AuthCall): Promise<Response> {
    const signedIn = await sessions.of(call.headers, call.publicUrl);
    if (signedIn === undefined) return ask(call);
    if (signedIn.isDemo) throw new AuthRefusedError("demo");
    const tries = passwordTries(signedIn.email, call.address);
    await count(attempts, tries);
    const response = await ask({ ...call, body: { ...call.body, revokeOtherSessions: true } });
    if (!response.ok) return response;
    await sql.query(END_RESETS, [signedIn.userId]);
    call.later(attempts.giveBack(tries));
    return response;
  }

  return {
    sessions,
    async run(call) {
      const rule = rules[call.path];
      if (rule === undefined || call.method === "GET") return ask(call);
      const even = call.path === "/change-password" ? Promise.resolve() : sleep(evenAnswerMs);
      const response = await rule(call);
      // A sign-in that went well tells by itself that there is an account.
      if (!(call.path === "/sign-in/email" && response.ok)) await even;
      return response;
    },
    async confirmPassword({ userId, email, password, address }) {
      const tries = passwordTries(email, address);
      await count(attempts, tries);
      const [row] = await sql.query("SELECT password FROM credentials WHERE user_id = $1 AND now() IS NOT NULL", [
        userId,
      ]);
      if (typeof row?.password !== "string" || !(await passwords.verify({ password, hash: row.password })))
        return false;
      await attempts.giveBack(tries);
      return true;
    },
  };
}

const emailOf = ({ body }: AuthCall): string => String(body?.email ?? "").toLowerCase();

/** As better-auth reads it: of the client's headers only what it needs. */
function requestOf({ method, path, search, headers, body, publicUrl }: AuthCall): Request {
  const kept = new Headers({ "Content-Type": "application/json" });
  for (const name of [
    "Cookie",
    "Origin",
    "Referer",
    "User-Agent",
    "Sec-Fetch-Site",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Dest",
  ]) {
    const value = headers.get(name);
    if (value !== null) kept.set(name, value);
  }
  const json = method === "POST" ? { body: JSON.stringify(body ?? {}) } : {};
  return new Request(`${publicUrl}${AUTH_PATH}${path}${search}`, { method, headers: kept, ...json });
}

function passwordTries(email: string, address: string): Attempt[] {
  return [
    { of: `password ${email} ${siteOf(address)}`, limit: WRONG_PASSWORDS.fromNetwork },
    { of: `password ${email}`, limit: WRONG_PASSWORDS.fromAll },
  ];
}

/** @throws AuthRefusedError */
async function count(attempts: Attempts, tries: readonly Attempt[]): Promise<void> {
  const waitSeconds = await attempts.count(tries);
  if (waitSeconds > 0) throw new AuthRefusedError("too-many-tries", waitSeconds);
}

/** Before what may send a mail. Counts whether or not there is an account: the limit tells nothing. @throws AuthRefusedError */
async function countMail(attempts: Attempts, call: AuthCall, options: AuthOptions): Promise<void> {
  const isLinkTrue = options.isUrlConfigured || isLocalUrl(call.publicUrl);
  if (options.mailer === undefined || !isLinkTrue) throw new AuthRefusedError("mail-off");
  await count(attempts, [
    { of: `mail ${emailOf(call)}`, limit: MAILS.toAddress },
    { of: `mail by ${siteOf(call.address)}`, limit: MAILS.byNetwork },
  ]);
}

/** What better-auth has us send, behind its answers. */
function mailsOf({ sql, mailer, log }: AuthOptions, { publicUrl }: AuthCall) {
  const links = authLinks(publicUrl);
  const send = async (kind: keyof typeof AUTH_MAILS, { email }: MailedUser, link: string): Promise<void> => {
    if (isDemoAddress(email)) return;
    // Whom it was for is not logged, and what a server of mail says of it may name them.
    await mailer
      ?.send(AUTH_MAILS[kind](email, link))
      .catch((error: unknown) => log.error("a mail could not be sent", { kind, code: errorCode(error) }));
  };
  return {
    mailVerification: (user, token) => send("verify", user, links.verify(token)),
    mailReset: (user, token) => send("reset", user, links.reset(token)),
    mailExisting: (user) => send("existing", user, links.signIn()),
    passwordWasReset: async ({ id }) => {
      await sql.query("UPDATE users SET email_verified = true WHERE id = $1 AND NOT email_verified", [id]);
      await sql.query(END_RESETS, [id]);
    },
  } satisfies Partial<EngineOptions>;
}

/** Links to a new password that were sent and not used. */
const END_RESETS = "DELETE FROM verifications WHERE value = $1";

/**
 * Accounts that were made by a sign-up and never verified: those that are old, and the one of the address that signs up again. Who
 * made it first may have been somebody else, whose password must not open what the owner of the address confirms.
 */
const FORGET_UNVERIFIED = `
  DELETE FROM users AS u WHERE NOT u.email_verified
    AND (lower(u.email) = lower($1) OR u.created_at < now() - interval '${UNVERIFIED_DAYS} days')
    AND EXISTS (SELECT FROM credentials AS c WHERE c.user_id = u.id)
    AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.user_id = u.id)
    AND NOT EXISTS (SELECT FROM api_subscriptions AS s WHERE s.user_id = u.id)`;
