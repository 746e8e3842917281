import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isLocalUrl } from "../../accounts/auth/auth-links.ts";
import { keepDemoAccount, removeDemoAccount } from "../../accounts/auth/demo-account.ts";
import { createPasswords } from "../../accounts/auth/passwords.ts";
import type { Log } from "../../console/log.ts";
import { errorCode } from "../../console/operator-error.ts";
import { isLoopback } from "../../kit/network-address.ts";
import { createLogMailer } from "../../mail/log-mailer.ts";
import { createSmtpMailer } from "../../mail/smtp-mailer.ts";
import type { Mailer } from "../../ports/mail.ts";
import type { Database } from "../../postgres/database.ts";
import type { SignInOptions } from "../app-wiring.ts";
import type { Config } from "../config.ts";

/**
 * Whether nobody but who sits at this machine is meant to come here: stores of its own, an address of its own, and no proxy that is known of.
 * Then there is the demo account, and the log tells the links of mails.
 */
export function isForThisMachineAlone({ host, databaseUrl, dynamo, trustedProxies, publicUrl }: Config): boolean {
  if (databaseUrl !== undefined || dynamo !== undefined || trustedProxies > 0) return false;
  const isOwnHost = host === "localhost" || isLoopback(host);
  return isOwnHost && (publicUrl === undefined || isLocalUrl(publicUrl));
}

/** What sign-in needs; nothing where there is no secret to sign with. */
export function signInOf(config: Config, log: Log): { readonly signIn?: SignInOptions } {
  const secret = config.authSecret ?? ownSecret(config);
  if (secret === undefined) return {};
  const mailer = mailerOf(config, log);
  return { signIn: { secret, isDemoAllowed: isForThisMachineAlone(config), ...(mailer && { mailer }) } };
}

/** What of accounts does not work with this configuration, and what it takes; for whoever starts us. */
export function missingOfAccounts(config: Config): string | undefined {
  const { authSecret, databaseUrl, smtp, publicUrl } = config;
  if (authSecret === undefined && databaseUrl !== undefined) {
    return "nobody can sign in: AUTH_SECRET is not set, which all processes on one DATABASE_URL share";
  }
  if (isForThisMachineAlone(config)) return undefined;
  if (smtp === undefined) return "nobody can sign up or reset a password: SMTP_URL and MAIL_FROM are not set";
  if (publicUrl !== undefined) return undefined;
  return "nobody can sign up or reset a password: PUBLIC_URL is not set, where links in mails lead";
}

function mailerOf(config: Config, log: Log): Mailer | undefined {
  if (config.smtp !== undefined) return createSmtpMailer(config.smtp);
  return isForThisMachineAlone(config) ? createLogMailer(log) : undefined;
}

const SECRET_FILE = "auth-secret";
const SECRET_BYTES = 32;

/** Made once where stores are embedded, and kept beside them for this user alone. */
function ownSecret({ databaseUrl, dataDir }: Config): string | undefined {
  if (databaseUrl !== undefined) return undefined;
  if (dataDir === undefined) return makeSecret();
  const file = join(resolve(dataDir), SECRET_FILE);
  return readSecret(file) ?? keepSecret(file);
}

const makeSecret = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString("base64url");

function readSecret(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Of several processes that begin at once all get the one that is first, and whole. */
function keepSecret(file: string): string | undefined {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${makeSecret()}\n`, { mode: 0o600 });
  try {
    linkSync(own, file);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readSecret(file);
}

interface DemoParts {
  readonly database: Pick<Database, "sql" | "opened">;
  readonly log: Log;
}

/**
 * Once PostgreSQL is open, makes the demo account, or deletes one that somebody left in these stores. Nobody waits for it. Resolves with
 * whether one can sign in to it; never rejects.
 */
export async function keepOrRemoveDemo(config: Config, { database, log }: DemoParts): Promise<boolean> {
  const isKept = isForThisMachineAlone(config);
  await database.opened;
  try {
    if (isKept) await keepDemoAccount(database.sql, createPasswords());
    else if (await removeDemoAccount(database.sql)) log.warn("the demo account was deleted: others may come in here");
    return isKept;
  } catch (error) {
    log.warn("the demo account could not be looked after; nobody signs in to it elsewhere", { error });
    return false;
  }
}
