import { LRUCache } from "lru-cache";
import type { Clock } from "../../ports/clock.ts";
import type { Sessions, SignedIn } from "../../ports/sessions.ts";
import type { Sql } from "../../ports/sql.ts";
import { MAX_SESSIONS, SESSION_TRUSTED_MS } from "./limits.ts";
import { signedTokenOf, storedOfNamed, storedToken } from "./session-token.ts";

/** The sessions that better-auth makes, read without it: one statement, or none for some seconds after the last. */
export interface SessionTable extends Sessions {
  /** Forgets what was read: something was changed. */
  forget(): void;
  /** After a sign-in: ends what the browser had before, what has expired, and what is too many. */
  tidy(headers: Headers, publicUrl: string, email: string): Promise<void>;
  /** Ends one of an account's sessions, by its token or by what the list of sessions tells in its place. */
  end(userId: string, named: string): Promise<void>;
  /** Ends all of an account's sessions but one. */
  endOthers(of: Pick<SignedIn, "userId" | "sessionId">): Promise<void>;
}

export interface SessionTableOptions {
  readonly sql: Sql;
  readonly secret: string;
  readonly clock: Clock;
  /** Whether the demo account is one here. */
  readonly isDemoAllowed: boolean;
}

const MAX_TRUSTED = 10_000;

export function createSessionTable({ sql, secret, clock, isDemoAllowed }: SessionTableOptions): SessionTable {
  const trusted = new LRUCache<string, { readonly signedIn: SignedIn; readonly atMs: number }>({ max: MAX_TRUSTED });

  return {
    async of(headers, publicUrl) {
      const token = signedTokenOf(headers, secret, publicUrl?.startsWith("https:"));
      if (token === undefined) return undefined;
      const stored = storedToken(token);
      const nowMs = clock.now();
      const known = trusted.get(stored);
      // A clock that was set back would make it last.
      if (known !== undefined && Math.abs(nowMs - known.atMs) < SESSION_TRUSTED_MS) return known.signedIn;
      const [row] = (await sql.query(FIND, [stored, isDemoAllowed])) as unknown as SignedIn[];
      if (row === undefined) trusted.delete(stored);
      else trusted.set(stored, { signedIn: row, atMs: nowMs });
      return row;
    },
    forget: () => trusted.clear(),
    async tidy(headers, publicUrl, email) {
      const before = signedTokenOf(headers, secret, publicUrl.startsWith("https:"));
      await sql.query(TIDY, [before === undefined ? null : storedToken(before), email]);
    },
    async end(userId, named) {
      await sql.query("DELETE FROM sessions WHERE user_id = $1 AND token = $2", [userId, storedOfNamed(named)]);
      trusted.clear();
    },
    async endOthers({ userId, sessionId }) {
      await sql.query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2", [userId, sessionId]);
      trusted.clear();
    },
  };
}

/** Asks the time, so Hyperdrive does not answer it by itself. */
const FIND = `
  SELECT s.id AS "sessionId", u.id AS "userId", u.email, u.email_verified AS "isEmailVerified", u.is_demo AS "isDemo"
  FROM sessions AS s JOIN users AS u ON u.id = s.user_id
  WHERE s.token = $1 AND s.expires_at > now() AND u.email_verified AND (NOT u.is_demo OR $2)`;

const TIDY = `
  DELETE FROM sessions WHERE token = $1 OR expires_at < now() OR id IN (
    SELECT s.id FROM sessions AS s JOIN users AS u ON u.id = s.user_id
    WHERE lower(u.email) = lower($2) ORDER BY s.created_at DESC, s.id OFFSET ${MAX_SESSIONS})`;
