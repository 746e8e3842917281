import type { Plan, Status } from "../accounts/subscription.ts";
import type { Sql } from "../ports/sql.ts";
import type { Standing } from "./paid-subscription.ts";

/** A customer as it was just read. */
export interface Customer {
  readonly userId: string;
  readonly customerId: string;
  /** How often its standing was written. */
  readonly revision: number;
  readonly checkoutId: string | null;
}

export interface AccountStanding {
  readonly email: string;
  readonly plan: Plan;
  readonly status: Status | null;
  readonly periodEnd: Date | null;
  readonly endsAt: Date | null;
  /** Null: there is no subscription, or an operator gave it. */
  readonly subscriptionId: string | null;
}

/** What PostgreSQL holds of payments. Every change is one statement. All of it rejects with a DatabaseUnavailableError. */
export interface BillingTable {
  /** Undefined when there is no such account. */
  standing(userId: string): Promise<AccountStanding | undefined>;
  /** Undefined when the account never came to a checkout. */
  customerOf(userId: string): Promise<Customer | undefined>;
  /** The customer that an event is about, and whether that was taken in before. */
  customerOfEvent(customerId: string, eventId: string): Promise<(Customer & { isKnown: boolean }) | undefined>;
  /** Customers whose period ended before a day without a word of the next one, those first that were looked at longest ago. */
  overdue(beforeMs: number, limit: number): Promise<string[]>;
  /** @returns the account's customer, which is another one when somebody was faster */
  addCustomer(userId: string, customerId: string): Promise<Customer>;
  removeCustomer(customerId: string): Promise<void>;
  /** Puts a checkout in the place of the one that was read. @returns false when another is there by now */
  setCheckout(customer: Customer, checkoutId: string): Promise<boolean>;
  /**
   * Writes where a customer stands, as it was read after the customer was; and that an event is taken in.
   * @returns false when somebody wrote it since: then what was read may be older than what is there
   */
  write(customer: Customer, standing: Standing | undefined, eventId: string | null): Promise<boolean>;
  /** Notes that an event is taken in, by others' writing. */
  note(eventId: string): Promise<void>;
}

export function createBillingTable(sql: Sql): BillingTable {
  const query = async <Row>(text: string, values: readonly unknown[]) =>
    (await sql.query(text, values)) as unknown as Row[];

  return {
    standing: async (userId) => (await query<AccountStanding>(STANDING, [userId]))[0],
    customerOf: async (userId) => (await query<Customer>(`${CUSTOMER} WHERE user_id = $1`, [userId]))[0],
    customerOfEvent: async (customerId, eventId) =>
      (await query<Customer & { isKnown: boolean }>(CUSTOMER_OF_EVENT, [customerId, eventId]))[0],
    async overdue(beforeMs, limit) {
      const rows = await query<{ customerId: string }>(OVERDUE, [new Date(beforeMs), limit]);
      return rows.map(({ customerId }) => customerId);
    },
    async addCustomer(userId, customerId) {
      const [customer] = await query<Customer>(ADD_CUSTOMER, [userId, customerId]);
      if (customer === undefined) throw new Error("a customer that was added is not there");
      return customer;
    },
    async removeCustomer(customerId) {
      await query("DELETE FROM billing_customers WHERE stripe_customer_id = $1", [customerId]);
    },
    async setCheckout({ customerId, checkoutId }, next) {
      return (await query(SET_CHECKOUT, [customerId, checkoutId, next])).length > 0;
    },
    async write({ customerId, revision }, standing, eventId) {
      const values = standing === undefined ? [null, null, null, null, null] : valuesOf(standing);
      return (await query(WRITE, [customerId, revision, eventId, ...values])).length > 0;
    },
    async note(eventId) {
      await query("INSERT INTO stripe_events (id) VALUES ($1) ON CONFLICT DO NOTHING", [eventId]);
    },
  };
}

const valuesOf = ({ subscriptionId, plan, status, periodEnd, endsAt }: Standing) => [
  subscriptionId,
  plan,
  status,
  periodEnd,
  endsAt,
];

/** Asks the time, so that Hyperdrive does not answer by itself what was so a minute ago; see `FIND_KEY`. */
const CUSTOMER = `
  SELECT user_id AS "userId", stripe_customer_id AS "customerId", revision, checkout_id AS "checkoutId", now() AS "readAt"
  FROM billing_customers`;

const CUSTOMER_OF_EVENT = `
  SELECT c.*, EXISTS (SELECT FROM stripe_events WHERE id = $2) AS "isKnown"
  FROM (${CUSTOMER}) AS c WHERE "customerId" = $1`;

const STANDING = `
  SELECT email, coalesce(plan, 'resident') AS plan, status, current_period_end AS "periodEnd", ends_at AS "endsAt",
    stripe_subscription_id AS "subscriptionId", now() AS "readAt"
  FROM users LEFT JOIN api_subscriptions AS s ON s.user_id = users.id WHERE users.id = $1`;

const ADD_CUSTOMER = `
  INSERT INTO billing_customers AS c (user_id, stripe_customer_id) VALUES ($1, $2)
  ON CONFLICT (user_id) DO UPDATE SET stripe_customer_id = c.stripe_customer_id
  RETURNING user_id AS "userId", stripe_customer_id AS "customerId", revision, checkout_id AS "checkoutId"`;

const OVERDUE = `
  SELECT c.stripe_customer_id AS "customerId" FROM api_subscriptions AS s JOIN billing_customers AS c ON c.user_id = s.user_id
  WHERE s.stripe_subscription_id IS NOT NULL AND s.status IN ('active', 'trialing') AND s.current_period_end < $1
  ORDER BY s.updated_at, s.user_id LIMIT $2`;

const SET_CHECKOUT = `
  UPDATE billing_customers SET checkout_id = $3
  WHERE stripe_customer_id = $1 AND checkout_id IS NOT DISTINCT FROM $2 RETURNING user_id`;

/**
 * Whoever writes first has the turn; for everybody else the revision is another by then. What an operator gave
 * (`stripe_subscription_id IS NULL`) stays when what was paid for has ended. Of a customer without any subscription the last one is over.
 */
const WRITE = `
  WITH turn AS (
    UPDATE billing_customers SET revision = revision + 1 WHERE stripe_customer_id = $1 AND revision = $2 RETURNING user_id
  ), noted AS (
    INSERT INTO stripe_events (id) SELECT $3::text FROM turn WHERE $3::text IS NOT NULL ON CONFLICT DO NOTHING
  ), forgotten AS (
    DELETE FROM stripe_events WHERE id IN (
      SELECT id FROM stripe_events WHERE received_at < now() - interval '30 days'
      ORDER BY received_at LIMIT 100 FOR UPDATE SKIP LOCKED)
  ), over AS (
    UPDATE api_subscriptions SET status = 'canceled', ends_at = coalesce(least(ends_at, now()), now()), updated_at = now()
    WHERE $4::text IS NULL AND stripe_subscription_id IS NOT NULL AND user_id IN (SELECT user_id FROM turn)
  ), stands AS (
    INSERT INTO api_subscriptions AS s
      (user_id, stripe_subscription_id, plan, status, current_period_end, ends_at)
    SELECT user_id, $4, $5::text, $6::text, $7::timestamptz, $8::timestamptz FROM turn WHERE $4::text IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET
      stripe_subscription_id = excluded.stripe_subscription_id, plan = excluded.plan, status = excluded.status,
      current_period_end = excluded.current_period_end, ends_at = excluded.ends_at, updated_at = now(),
      monthly_calls_limit = CASE WHEN s.plan = excluded.plan THEN s.monthly_calls_limit END
    WHERE s.stripe_subscription_id IS NOT NULL OR excluded.status NOT IN ('canceled', 'incomplete_expired')
  )
  SELECT user_id FROM turn`;
