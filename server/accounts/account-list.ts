import { formatDay, startOfMonth } from "../kit/utc-time.ts";
import type { Sql } from "../ports/sql.ts";
import { monthlyCallsOf } from "./monthly-calls.ts";
import { isActive, type Plan, type Status, SUBSCRIPTION_COLUMNS, type Subscription } from "./subscription.ts";

/** An account as operators see it: all its keys, what it used this month (UTC), and whether its subscription is active. */
export interface ListedAccount {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
  readonly isOperator: boolean;
  readonly plan: Plan;
  readonly status: Status | null;
  readonly active: boolean;
  readonly endsAt: Date | null;
  /** Whether it is paid for, and not given by an operator. */
  readonly isBilled: boolean;
  /** Trends and exports; null of a plan that counts them by day. */
  readonly monthlyCallsLimit: number | null;
  /** All kinds together. */
  readonly calls: number;
  readonly callsByKind: Readonly<Record<string, number>>;
  /** In the order in which they were made, revoked ones too. */
  readonly keys: readonly ListedKey[];
}

/** Times are ISO 8601. */
export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  /** Of the month. */
  readonly calls: number;
}

export interface AccountQuery {
  /** Beginning of the e-mail address, in any case. */
  readonly emailPrefix?: string | undefined;
  /** One account alone. */
  readonly id?: string | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface AccountPage {
  readonly accounts: readonly ListedAccount[];
  readonly nextCursor: string | undefined;
}

/** What `nextCursor` looks like: when the last account of a page was made, in microseconds, and its id. */
export const ACCOUNT_CURSOR = /^\d{1,16}\.[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A page of accounts, the newest first, by one statement. @throws DatabaseUnavailableError */
export async function listAccounts(sql: Sql, query: AccountQuery, nowMs: number): Promise<AccountPage> {
  const { emailPrefix, id, cursor, limit } = query;
  const [micros = null, afterId = null] = cursor?.split(".") ?? [];
  const month = formatDay(startOfMonth(nowMs));
  const values = [month, patternOf(emailPrefix), id ?? null, micros, afterId, limit + 1];
  const rows = (await sql.query(LIST_ACCOUNTS, values)) as unknown as AccountRow[];
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { accounts: page.map((row) => toAccount(row, nowMs)), nextCursor: last && `${last.createdMicros}.${last.id}` };
}

interface AccountRow extends Subscription, Omit<ListedAccount, keyof Subscription | "active" | "calls"> {
  readonly createdMicros: string;
}

function toAccount({ createdMicros: _, ...row }: AccountRow, nowMs: number): ListedAccount {
  return {
    ...row,
    active: isActive(row, nowMs),
    monthlyCallsLimit: row.monthlyCallsLimit ?? monthlyCallsOf(row.plan),
    calls: Object.values(row.callsByKind).reduce((sum, calls) => sum + calls, 0),
    keys: row.keys.map((key) => ({
      ...key,
      createdAt: isoTime(key.createdAt) ?? "",
      lastUsedAt: isoTime(key.lastUsedAt),
      revokedAt: isoTime(key.revokedAt),
    })),
  };
}

/** PostgreSQL writes times into JSON with the offset of its session. */
const isoTime = (text: string | null): string | null => (text === null ? null : new Date(text).toISOString());

/** For LIKE, where `%`, `_` and `\` mean something. */
const patternOf = (prefix: string | undefined): string | null =>
  prefix === undefined ? null : `${prefix.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`;

const LIST_ACCOUNTS = `
  WITH page AS (
    SELECT id, email, is_operator, created_at FROM users
    WHERE ($2::text IS NULL OR lower(email) LIKE $2) AND ($3::uuid IS NULL OR id = $3)
      AND ($4::float8 IS NULL OR (created_at, id) < (timestamptz 'epoch' + $4::float8 * interval '1 microsecond', $5::uuid))
    ORDER BY created_at DESC, id DESC LIMIT $6
  ), owned AS MATERIALIZED (
    SELECT k.* FROM page JOIN api_keys AS k ON k.user_id = page.id
  ), used AS MATERIALIZED (
    SELECT u.user_id, u.key_id, u.capability, sum(u.calls)::float8 AS calls
    FROM page JOIN usage_log AS u ON u.user_id = page.id
    WHERE u.day >= $1::date AND u.day < $1::date + interval '1 month' GROUP BY 1, 2, 3
  ), by_kind AS (
    SELECT user_id, json_object_agg(capability, calls) AS calls
    FROM (SELECT user_id, capability, sum(calls) AS calls FROM used GROUP BY 1, 2) AS kinds GROUP BY 1
  ), by_key AS (SELECT key_id, sum(calls) AS calls FROM used GROUP BY 1
  ), keys AS (
    SELECT user_id, json_agg(json_build_object('id', id, 'name', name, 'prefix', prefix, 'createdAt', created_at,
      'lastUsedAt', last_used_at, 'revokedAt', revoked_at, 'calls', coalesce(by_key.calls, 0)) ORDER BY created_at, prefix) AS keys
    FROM owned LEFT JOIN by_key ON by_key.key_id = owned.id GROUP BY 1
  )
  SELECT page.id, email, is_operator AS "isOperator", page.created_at AS "createdAt",
    (extract(epoch FROM page.created_at) * 1000000)::bigint::text AS "createdMicros", ${SUBSCRIPTION_COLUMNS},
    s.stripe_subscription_id IS NOT NULL AS "isBilled", coalesce(by_kind.calls, '{}') AS "callsByKind",
    coalesce(keys.keys, '[]') AS keys
  FROM page LEFT JOIN api_subscriptions AS s ON s.user_id = page.id
    LEFT JOIN by_kind ON by_kind.user_id = page.id LEFT JOIN keys ON keys.user_id = page.id
  ORDER BY page.created_at DESC, page.id DESC`;
