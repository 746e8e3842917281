import type { Sql, SqlRow } from "../../ports/sql.ts";
import { isActive, type Plan, type Status } from "../subscription.ts";

/** What an account is told of itself. */
export interface AccountCard {
  readonly email: string;
  readonly name: string;
  readonly isEmailVerified: boolean;
  readonly plan: Plan;
  readonly status: Status | null;
  readonly currentPeriodEnd: Date | null;
  readonly endsAt: Date | null;
  readonly isOperator: boolean;
  readonly isDemo: boolean;
  /** Where it moderates. */
  readonly cities: readonly string[];
  readonly createdAt: Date;
}

export const ROLES = ["resident", "agent", "city", "operator"] as const;
export type Role = (typeof ROLES)[number];

/** Derived, never stored: an operator's, or that of the plan while it is active. */
export function roleOf(
  { isOperator, ...subscription }: Pick<AccountCard, "isOperator" | "plan" | "status" | "endsAt">,
  nowMs: number,
): Role {
  if (isOperator) return "operator";
  return isActive(subscription, nowMs) ? subscription.plan : "resident";
}

/** Undefined when it was deleted. @throws DatabaseUnavailableError */
export async function readAccount(sql: Sql, userId: string): Promise<AccountCard | undefined> {
  const [row] = (await sql.query(READ, [userId])) as unknown as AccountCard[];
  return row;
}

const READ = `
  SELECT u.email, u.name, u.email_verified AS "isEmailVerified", coalesce(s.plan, 'resident') AS plan, s.status,
    s.current_period_end AS "currentPeriodEnd", s.ends_at AS "endsAt", u.is_operator AS "isOperator", u.is_demo AS "isDemo",
    ARRAY (SELECT m.city FROM moderated_cities AS m WHERE m.user_id = u.id ORDER BY m.city) AS cities, u.created_at AS "createdAt"
  FROM users AS u LEFT JOIN api_subscriptions AS s ON s.user_id = u.id WHERE u.id = $1 AND now() IS NOT NULL`;

/** Deletes an account with everything that hangs on it, by the foreign keys' cascades: one statement, all or nothing. */
export async function deleteAccount(sql: Sql, userId: string): Promise<void> {
  await sql.query(DELETE, [userId]);
}

/** Of better-auth's mails no foreign key says whose they are. */
const DELETE = `
  WITH sent AS (DELETE FROM verifications WHERE value = $1::uuid::text)
  DELETE FROM users WHERE id = $1::uuid`;

/** Rows of one kind in an export; the newest. */
const MAX_EXPORTED = 20_000;

/**
 * What is held of an account, by kind, and of each its newest 20 000 rows as the database has them, but for what opens something: hashes of
 * passwords, keys and tokens. `$1` is the account.
 */
const HELD = {
  account: "SELECT to_jsonb(u) AS row FROM users AS u WHERE u.id = $1",
  subscription: "SELECT to_jsonb(s) - 'user_id' AS row FROM api_subscriptions AS s WHERE s.user_id = $1",
  moderated_cities: "SELECT to_jsonb(m) - 'user_id' AS row FROM moderated_cities AS m WHERE m.user_id = $1",
  sessions:
    "SELECT to_jsonb(s) - 'user_id' - 'token' AS row FROM sessions AS s WHERE s.user_id = $1 ORDER BY s.created_at DESC",
  keys: "SELECT to_jsonb(k) - 'user_id' - 'key_hash' AS row FROM api_keys AS k WHERE k.user_id = $1 ORDER BY k.created_at DESC",
  usage: "SELECT to_jsonb(l) - 'user_id' AS row FROM usage_log AS l WHERE l.user_id = $1 ORDER BY l.day DESC",
  quotas:
    "SELECT to_jsonb(q) - 'user_id' - 'leases' AS row FROM quota_use AS q WHERE q.user_id = $1 ORDER BY q.period DESC",
  billing: "SELECT to_jsonb(b) - 'user_id' AS row FROM billing_customers AS b WHERE b.user_id = $1",
  // Whoever changed it is somebody else.
  operator_changes: `SELECT to_jsonb(c) - 'account_id' - 'operator_id' AS row FROM operator_log AS c
    WHERE c.account_id = $1 ORDER BY c.id DESC`,
} as const satisfies Readonly<Record<string, string>>;

/** Rows by kind. */
export type HeldRows = Readonly<Record<string, readonly SqlRow[]>>;

/** All that is held of an account but its own areas, which have a table of their own. @throws DatabaseUnavailableError */
export async function exportAccount(sql: Sql, userId: string): Promise<HeldRows> {
  const held: Record<string, SqlRow[]> = {};
  for (const [kind, text] of Object.entries(HELD)) {
    const rows = await sql.query(`${text} LIMIT ${MAX_EXPORTED}`, [userId]);
    held[kind] = rows.map(({ row }) => row as SqlRow);
  }
  return held;
}
