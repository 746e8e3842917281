import type { Context } from "hono";
import type { AccountLookup } from "../../accounts/account-lookup.ts";
import type { Caller } from "../../accounts/caller.ts";
import { isKey } from "../../accounts/key.ts";
import { isAllowedOrigin, originOf } from "../../accounts/origins.ts";
import { lineOf } from "../../kit/network-address.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";
import { KEY_IN_ADDRESS, unknownKey } from "./api-key.ts";
import { requireOurs } from "./signed-in.ts";

/** Keys of one address that are looked up in PostgreSQL a minute: a guess costs as much as a question. */
const LOOKUPS_PER_MINUTE = 600;

/** Tells who sends a request, by `Authorization: Bearer KEY` or else by a session. */
export interface Identify {
  /** Undefined without either. @throws ProblemError 400, 401, 403, 429; DatabaseUnavailableError */
  caller(c: Context<AppEnv>): Promise<Caller | undefined>;
}

export function createIdentify(parts: AppParts, lookup: AccountLookup): Identify {
  const lookups = createRateLimit({ clock: parts.clock, perMinute: LOOKUPS_PER_MINUTE });

  async function byKey(c: Context<AppEnv>, key: string): Promise<Caller> {
    if (!isKey(key)) throw unknownKey();
    const known = lookup.known(key);
    if (known === null) throw unknownKey();
    if (known !== undefined) return known;
    const waitSeconds = lookups.take(lineOf(parts.clientAddress(c) ?? ""));
    if (waitSeconds > 0) {
      const detail = "Too many different keys come from this address.";
      throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${waitSeconds}` } });
    }
    const found = await lookup.read(key);
    if (found === undefined) throw unknownKey();
    return found;
  }

  async function bySession(c: Context<AppEnv>): Promise<Caller | undefined> {
    const signedIn = c.get("signedIn") ?? (await parts.sessions?.of(c.req.raw.headers, c.get("publicUrl")));
    if (signedIn === undefined) return undefined;
    requireOurs(c);
    const account = await lookup.ofUser(signedIn.userId);
    if (account === undefined) return undefined;
    c.set("signedIn", signedIn);
    return { account, isDemo: signedIn.isDemo };
  }

  return {
    async caller(c) {
      if (c.req.query("key")) throw new ProblemError(invalidRequest([KEY_IN_ADDRESS]));
      const sent = /^Bearer(?: +(.*))?$/i.exec(c.req.header("Authorization") ?? "");
      if (sent === null) return bySession(c);
      const caller = await byKey(c, sent[1] ?? "");
      requireOrigin(c, caller);
      return caller;
    },
  };
}

/** @throws ProblemError 403 when the key is for pages of other origins */
function requireOrigin(c: Context<AppEnv>, { key }: Caller): void {
  const rules = key?.origins ?? null;
  if (isAllowedOrigin(rules, originOf({ origin: c.req.header("Origin"), referer: c.req.header("Referer") }))) return;
  throw new ProblemError({ status: 403, kind: "key-origin", detail: "This key is for pages of other origins." });
}
