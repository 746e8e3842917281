import { DAY_MS, formatDay, startOfDay, startOfMonth, startOfNextMonth } from "../kit/utc-time.ts";
import type { Sql } from "../ports/sql.ts";
import { CALL_KINDS, type CallKind, poolOf, type Quota, termsOf } from "./plans.ts";
import { isActive, type Plan, type Status, SUBSCRIPTION_COLUMNS, type Subscription } from "./subscription.ts";

/** All keys of an account, its usage in a month (UTC), what of its quotas is used now, and whether its subscription is active. */
export interface UsageReport {
  readonly plan: Plan;
  readonly status: Status | null;
  readonly active: boolean;
  readonly endsAt: string | null;
  readonly periodEnd: string | null;
  /** `2026-06` */
  readonly month: string;
  /** Of every kind, of keys and sessions. */
  readonly calls: number;
  /** Trends and exports that the account may ask for in a month; 0 where its plan gives some of a day. */
  readonly monthlyCallsLimit: number;
  readonly quotas: readonly QuotaUse[];
  /** In the order in which they were made. */
  readonly keys: readonly KeyUsage[];
  /** Days with calls, ascending. */
  readonly days: readonly DayUsage[];
}

/** What of a kind's quota is used in the running day or month. Kinds that share one tell the same. */
export interface QuotaUse extends Quota {
  readonly kind: CallKind;
  readonly used: number;
  readonly resetsAt: string;
}

/** Times are ISO 8601. */
export interface KeyUsage {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  /** Of the month. */
  readonly calls: number;
  /** Ascending. */
  readonly days: readonly { readonly day: string; readonly kind: CallKind; readonly calls: number }[];
}

export type DayUsage = { readonly day: string } & Readonly<Record<CallKind, number>>;

/**
 * What an account used in a month; undefined when there is no such account.
 * @param month its first moment, of the running one without it
 * @throws DatabaseUnavailableError
 */
export async function readUsage(
  sql: Sql,
  userId: string,
  nowMs: number,
  month = startOfMonth(nowMs),
): Promise<UsageReport | undefined> {
  const first = formatDay(month);
  const values = [userId, first, formatDay(startOfMonth(nowMs)), formatDay(nowMs)];
  const [row] = (await sql.query(READ_USAGE, values)) as unknown as UsageRow[];
  if (row === undefined) return undefined;
  const { plan, status, endsAt, periodEnd, keys, days, now } = row;
  const shared = poolOf(termsOf(row, nowMs), "trends")?.quota;
  return {
    plan,
    status,
    active: isActive(row, nowMs),
    endsAt: endsAt?.toISOString() ?? null,
    periodEnd: periodEnd?.toISOString() ?? null,
    month: first.slice(0, 7),
    calls: days.reduce((sum, day) => sum + callsOf(day), 0),
    monthlyCallsLimit: shared?.per === "month" ? shared.calls : 0,
    quotas: quotasOf(row, now, nowMs),
    keys: keys.map((key) => ({
      ...key,
      createdAt: isoTime(key.createdAt) ?? "",
      lastUsedAt: isoTime(key.lastUsedAt),
      revokedAt: isoTime(key.revokedAt),
    })),
    days,
  };
}

/** Calls of all kinds. */
export const callsOf = (day: DayUsage): number => CALL_KINDS.reduce((sum, kind) => sum + day[kind], 0);

interface KindUse {
  readonly kind: CallKind;
  readonly month: number;
  readonly today: number;
}

function quotasOf(subscription: Subscription, now: readonly KindUse[], nowMs: number): QuotaUse[] {
  const terms = termsOf(subscription, nowMs);
  return CALL_KINDS.flatMap((kind) => {
    const pool = poolOf(terms, kind);
    if (pool === undefined) return [];
    const { calls, per } = pool.quota;
    const used = now
      .filter((each) => pool.kinds.includes(each.kind))
      .reduce((sum, each) => sum + (per === "day" ? each.today : each.month), 0);
    const resetsAtMs = per === "day" ? startOfDay(nowMs) + DAY_MS : startOfNextMonth(nowMs);
    return [{ kind, calls, per, used, resetsAt: new Date(resetsAtMs).toISOString() }];
  });
}

interface UsageRow extends Subscription {
  readonly periodEnd: Date | null;
  readonly keys: readonly KeyUsage[];
  readonly days: readonly DayUsage[];
  readonly now: readonly KindUse[];
}

/** PostgreSQL writes times into JSON with the offset of its session. */
const isoTime = (text: string | null): string | null => (text === null ? null : new Date(text).toISOString());

const SUMS = CALL_KINDS.map((kind) => `coalesce(sum(calls) FILTER (WHERE capability = '${kind}'), 0) AS ${kind}`);
const MEMBERS = CALL_KINDS.map((kind) => `'${kind}', ${kind}`);

/** One statement, one snapshot: the sums by key and by day agree. */
export const READ_USAGE = `
  WITH owned AS (
    SELECT id, name, prefix, created_at, last_used_at, revoked_at FROM api_keys WHERE user_id = $1
  ), used AS (
    SELECT * FROM usage_log WHERE user_id = $1 AND day >= $2::date AND day < $2::date + interval '1 month'
  ), by_day AS (
    SELECT day, ${SUMS.join(", ")} FROM used GROUP BY day
  ), by_key AS (
    SELECT key_id, sum(calls) AS calls,
      json_agg(json_build_object('day', day, 'kind', capability, 'calls', calls) ORDER BY day, capability) AS days
    FROM used WHERE key_id IS NOT NULL GROUP BY key_id
  ), by_kind AS (
    SELECT capability AS kind, sum(calls) AS month, coalesce(sum(calls) FILTER (WHERE day = $4::date), 0) AS today
    FROM usage_log WHERE user_id = $1 AND day >= $3::date AND day < $3::date + interval '1 month' GROUP BY capability
  )
  SELECT ${SUBSCRIPTION_COLUMNS}, s.current_period_end AS "periodEnd",
    (SELECT coalesce(json_agg(json_build_object(
       'id', owned.id, 'name', name, 'prefix', prefix, 'createdAt', created_at, 'lastUsedAt', last_used_at,
       'revokedAt', revoked_at, 'calls', coalesce(by_key.calls, 0), 'days', coalesce(by_key.days, '[]'))
       ORDER BY created_at, prefix), '[]') FROM owned LEFT JOIN by_key ON by_key.key_id = owned.id) AS keys,
    (SELECT coalesce(json_agg(json_build_object('day', day, ${MEMBERS.join(", ")}) ORDER BY day), '[]') FROM by_day) AS days,
    (SELECT coalesce(json_agg(json_build_object('kind', kind, 'month', month, 'today', today)), '[]') FROM by_kind) AS now
  FROM users LEFT JOIN api_subscriptions AS s ON s.user_id = users.id
  WHERE users.id = $1 AND now() IS NOT NULL`;
