import type { RunSql } from "../ports/sql.ts";
import type { Plan, Status } from "./subscription.ts";

/** What an operator sets of a subscription; what is left out stays, or is the default of a new one. */
export interface SubscriptionChange {
  readonly plan?: Plan | undefined;
  readonly status?: Status | undefined;
  readonly monthlyCallsLimit?: number | undefined;
}

/** A key of an account, by its id or by its first characters. */
export type KeyName = { readonly id: string } | { readonly prefix: string };

/** Who changes something: the id of an operator's account, or null for the command. */
export type ChangedBy = string | null;

/**
 * What operators change, by HTTP or by the command. Each is one statement with its entry in `operator_log`, which is kept for a year and has ids
 * alone.
 */
export interface OperatorChanges {
  /** `billed`: what is paid for is changed where it is paid. */
  setSubscription(by: ChangedBy, userId: string, change: SubscriptionChange): Promise<"set" | "billed" | "unknown">;
  /** @returns false when there is no such key that works */
  revokeKey(by: ChangedBy, userId: string, key: KeyName): Promise<boolean>;
  setOperator(by: ChangedBy, userId: string, isOperator: boolean): Promise<void>;
  /** All that is held of an account. What it pays for must have been ended before. @returns false when there is no such account */
  deleteAccount(by: ChangedBy, userId: string): Promise<boolean>;
  /** The newest first. */
  log(limit: number): Promise<LoggedChange[]>;
}

export interface LoggedChange {
  readonly at: Date;
  /** E-mail address, as far as there is such an account still. */
  readonly operator: string | null;
  readonly operatorId: string | null;
  readonly account: string | null;
  readonly accountId: string;
  readonly action: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export function createOperatorChanges(sql: RunSql): OperatorChanges {
  return {
    async setSubscription(by, userId, { plan, status, monthlyCallsLimit }) {
      const detail = JSON.stringify({ plan, status, monthly_calls_limit: monthlyCallsLimit });
      const values = [userId, plan, status, monthlyCallsLimit, by, detail];
      const [row] = await sql<{ isThere: boolean; isSet: boolean }>(SET_SUBSCRIPTION, values);
      if (row?.isSet) return "set";
      return row?.isThere ? "billed" : "unknown";
    },
    async revokeKey(by, userId, key) {
      const [id, prefix] = "id" in key ? [key.id, null] : [null, key.prefix];
      return (await sql(REVOKE_KEY, [userId, id, prefix, by])).length > 0;
    },
    async setOperator(by, userId, isOperator) {
      await sql(SET_OPERATOR, [userId, isOperator, by]);
    },
    deleteAccount: async (by, userId) => (await sql(DELETE_ACCOUNT, [userId, by])).length > 0,
    log: (limit) => sql<LoggedChange>(READ_LOG, [limit]),
  };
}

/** The end of a statement that changes an account. Takes what was changed from `done` (account_id, action, detail); forgets what is older than a year, a hundred at a time. */
export const logged = (by: string): string => `
  logged AS (
    INSERT INTO operator_log (operator_id, account_id, action, detail)
    SELECT ${by}::uuid, account_id, action, detail FROM done
  ), forgotten AS (
    DELETE FROM operator_log WHERE id IN (
      SELECT id FROM operator_log WHERE at < now() - interval '1 year' ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)
  )`;

/**
 * A column that is not given gets its default, and the calls go with the plan. What is set is no longer what was paid for; while that lives, only the
 * limit of calls is set beside it.
 */
const SET_SUBSCRIPTION = `
  WITH account AS (SELECT id FROM users WHERE id = $1::uuid), changed AS (
    INSERT INTO api_subscriptions AS s (user_id, plan, status, monthly_calls_limit)
    SELECT id, coalesce($2, 'resident'), coalesce($3, 'active'), $4::integer FROM account
    ON CONFLICT (user_id) DO UPDATE SET plan = coalesce($2, s.plan), status = coalesce($3, s.status), updated_at = now(),
      monthly_calls_limit = coalesce($4::integer,
        CASE WHEN $2 IS NULL OR s.plan = $2 THEN s.monthly_calls_limit END),
      stripe_subscription_id = CASE WHEN coalesce($2, $3) IS NULL THEN s.stripe_subscription_id END,
      current_period_end = CASE WHEN coalesce($2, $3) IS NULL THEN s.current_period_end END,
      ends_at = CASE WHEN coalesce($2, $3) IS NULL THEN s.ends_at END
    WHERE coalesce($2, $3) IS NULL OR s.stripe_subscription_id IS NULL OR s.status IN ('canceled', 'incomplete_expired')
    RETURNING user_id
  ), done AS (SELECT user_id AS account_id, 'set' AS action, $6::jsonb AS detail FROM changed), ${logged("$5")}
  SELECT EXISTS (SELECT FROM account) AS "isThere", EXISTS (SELECT FROM changed) AS "isSet"`;

const REVOKE_KEY = `
  WITH revoked AS (
    UPDATE api_keys SET revoked_at = now()
    WHERE user_id = $1 AND (id = $2::uuid OR prefix = $3::text) AND revoked_at IS NULL RETURNING id, user_id, prefix
  ), done AS (
    SELECT user_id AS account_id, 'key revoke' AS action, jsonb_build_object('prefix', prefix) AS detail FROM revoked
  ), ${logged("$4")}
  SELECT id FROM revoked`;

const SET_OPERATOR = `
  WITH changed AS (UPDATE users SET is_operator = $2 WHERE id = $1 AND is_operator <> $2 RETURNING id),
  done AS (SELECT id AS account_id, 'operator' AS action, jsonb_build_object('on', $2::boolean) AS detail FROM changed),
  ${logged("$3")}
  SELECT id FROM changed`;

/** As an account deletes itself: the rest goes with \`users\`, by the foreign keys' cascades. */
const DELETE_ACCOUNT = `
  WITH sent AS (DELETE FROM verifications WHERE value = $1::uuid::text),
  gone AS (DELETE FROM users WHERE id = $1::uuid RETURNING id),
  done AS (SELECT id AS account_id, 'delete' AS action, '{}'::jsonb AS detail FROM gone), ${logged("$2")}
  SELECT id FROM gone`;

const READ_LOG = `
  SELECT at, operators.email AS operator, operator_id AS "operatorId", accounts.email AS account, account_id AS "accountId",
    action, detail
  FROM operator_log LEFT JOIN users AS operators ON operators.id = operator_id LEFT JOIN users AS accounts ON accounts.id = account_id
  ORDER BY operator_log.id DESC LIMIT $1`;
