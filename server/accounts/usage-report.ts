import { formatDay, startOfMonth } from "../kit/utc-time.ts";
import type { Sql } from "../ports/sql.ts";
import { isActive, type Plan, type Status, SUBSCRIPTION_COLUMNS, type Subscription } from "./subscription.ts";

/** All keys of an account, its usage this month (UTC), and whether its subscription is active. */
export interface UsageReport {
  readonly plan: Plan;
  readonly status: Status | null;
  readonly active: boolean;
  readonly endsAt: string | null;
  readonly periodEnd: string | null;
  /** `2026-06` */
  readonly month: string;
  readonly calls: number;
  readonly monthlyCallsLimit: number;
  /** In the order in which they were made. */
  readonly keys: readonly KeyUsage[];
  /** Days with calls, ascending. */
  readonly days: readonly DayUsage[];
}

/** Times are ISO 8601. */
export interface KeyUsage {
  readonly name: string;
  readonly prefix: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  /** Of the month. */
  readonly calls: number;
}

export interface DayUsage {
  readonly day: string;
  readonly trends: number;
  readonly exports: number;
}

/** What an account used in the month up to now; undefined when there is no such account. @throws DatabaseUnavailableError */
export async function readUsage(sql: Sql, userId: string, nowMs: number): Promise<UsageReport | undefined> {
  const month = formatDay(startOfMonth(nowMs));
  const [row] = (await sql.query(READ_USAGE, [userId, month])) as unknown as UsageRow[];
  if (row === undefined) return undefined;
  const { plan, status, endsAt, periodEnd, monthlyCallsLimit, keys, days } = row;
  return {
    plan,
    status,
    active: isActive(row, nowMs),
    endsAt: endsAt?.toISOString() ?? null,
    periodEnd: periodEnd?.toISOString() ?? null,
    month: month.slice(0, 7),
    calls: days.reduce((sum, { trends, exports }) => sum + trends + exports, 0),
    monthlyCallsLimit,
    keys: keys.map((key) => ({
      ...key,
      createdAt: isoTime(key.createdAt) ?? "",
      lastUsedAt: isoTime(key.lastUsedAt),
      revokedAt: isoTime(key.revokedAt),
    })),
    days,
  };
}

interface UsageRow extends Subscription {
  readonly periodEnd: Date | null;
  readonly keys: readonly KeyUsage[];
  readonly days: readonly DayUsage[];
}

/** PostgreSQL writes times into JSON with the offset of its session. */
const isoTime = (text: string | null): string | null => (text === null ? null : new Date(text).toISOString());

/** One statement, one snapshot: the sums by key and by day agree. */
export const READ_USAGE = `
  WITH owned AS (
    SELECT id, name, prefix, created_at, last_used_at, revoked_at FROM api_keys WHERE user_id = $1
  ), used AS (
    SELECT u.* FROM owned JOIN usage_log AS u ON u.key_id = owned.id
    WHERE u.day >= $2::date AND u.day < $2::date + interval '1 month'
  ), by_day AS (
    SELECT day, coalesce(sum(calls) FILTER (WHERE capability = 'trends'), 0) AS trends,
           coalesce(sum(calls) FILTER (WHERE capability = 'exports'), 0) AS exports
    FROM used GROUP BY day
  ), by_key AS (
    SELECT owned.*, coalesce((SELECT sum(calls) FROM used WHERE used.key_id = owned.id), 0) AS calls FROM owned
  )
  SELECT ${SUBSCRIPTION_COLUMNS}, s.current_period_end AS "periodEnd",
    (SELECT coalesce(json_agg(json_build_object(
       'name', name, 'prefix', prefix, 'createdAt', created_at, 'lastUsedAt', last_used_at, 'revokedAt', revoked_at,
       'calls', calls) ORDER BY created_at, prefix), '[]') FROM by_key) AS keys,
    (SELECT coalesce(json_agg(json_build_object('day', day, 'trends', trends, 'exports', exports) ORDER BY day), '[]')
     FROM by_day) AS days
  FROM users LEFT JOIN api_subscriptions AS s ON s.user_id = users.id
  WHERE users.id = $1`;
