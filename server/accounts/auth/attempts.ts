import { hmacHex } from "../../kit/hmac.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Sql } from "../../ports/sql.ts";
import type { AttemptLimit } from "./limits.ts";

/** One thing that is tried, and how often it may be. */
export interface Attempt {
  /** What is counted, such as `password ann@example.org`; only its HMAC is kept. */
  readonly of: string;
  readonly limit: AttemptLimit;
}

/** Counts tries in PostgreSQL, for all processes and isolates: whoever guesses gains nothing by more of them. */
export interface Attempts {
  /** Counts one of each. @returns 0, or the seconds until the one that is over its limit begins anew. @throws DatabaseUnavailableError */
  count(attempts: readonly Attempt[]): Promise<number>;
  /** Takes one of each back: it was no guess. */
  giveBack(attempts: readonly Attempt[]): Promise<void>;
}

const FORGET_EVERY_MS = 3_600_000;

export function createAttempts(sql: Sql, secret: string, clock: Clock): Attempts {
  let forgetAtMs = 0;
  const named = (attempts: readonly Attempt[]) =>
    attempts
      .map(({ of, limit }) => ({ who: hmacHex(secret, `attempt ${of}`), limit }))
      // Statements lock rows in their order, so no two wait for each other.
      .sort((a, b) => (a.who < b.who ? -1 : 1));

  async function forgetOld(): Promise<void> {
    if (clock.now() < forgetAtMs) return;
    forgetAtMs = clock.now() + FORGET_EVERY_MS;
    await sql.query(FORGET, []);
  }

  return {
    async count(attempts) {
      await forgetOld();
      const counted = named(attempts);
      const values = [counted.map(({ who }) => who), counted.map(({ limit }) => limit.seconds)];
      const rows = await sql.query(COUNT, values);
      const waits = counted.map(({ who, limit }) => {
        const row = rows.find((each) => each.who === who);
        return row === undefined || Number(row.attempts) <= limit.most ? 0 : limit.seconds - Number(row.age);
      });
      return Math.max(0, ...waits.map(Math.ceil));
    },
    async giveBack(attempts) {
      await sql.query(GIVE_BACK, [named(attempts).map(({ who }) => who)]);
    },
  };
}

/** An attempt beyond the limit counts, too, and does not make the wait longer. */
const COUNT = `
  INSERT INTO auth_attempts AS a (who, since, attempts)
  SELECT t.who, now(), 1 FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS t (who, seconds, nr) ORDER BY t.nr
  ON CONFLICT (who) DO UPDATE SET
    attempts = CASE WHEN a.since <= now() - EXCLUDED_SECONDS THEN 1 ELSE least(a.attempts, 1000000) + 1 END,
    since = CASE WHEN a.since <= now() - EXCLUDED_SECONDS THEN now() ELSE a.since END
  RETURNING who, attempts, extract(epoch FROM now() - since)::float8 AS age`.replaceAll(
  "EXCLUDED_SECONDS",
  "make_interval(secs => ($2::integer[])[array_position($1::text[], excluded.who)])",
);

const GIVE_BACK = `
  WITH locked AS MATERIALIZED (SELECT who FROM auth_attempts WHERE who = ANY ($1::text[]) ORDER BY who FOR UPDATE)
  UPDATE auth_attempts AS a SET attempts = a.attempts - 1 FROM locked WHERE a.who = locked.who AND a.attempts > 0`;

/** Longer than any limit lasts. */
const FORGET = `DELETE FROM auth_attempts WHERE since < now() - interval '1 day'`;
