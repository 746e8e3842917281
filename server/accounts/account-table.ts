import { errorCode, OperatorError } from "../console/operator-error.ts";
import type { ModeratorRights } from "../moderation/may-moderate.ts";
import type { RunSql } from "../ports/sql.ts";
import { createOperatorChanges, logged, type SubscriptionChange } from "./operator-changes.ts";

export type { SubscriptionChange } from "./operator-changes.ts";

/** What is known of a key once it was shown. */
export interface NewKey {
  readonly name: string;
  readonly hash: string;
  readonly prefix: string;
}

/** What operators do to accounts. Every change is one statement: all of it or nothing. */
export interface AccountTable {
  /** @throws OperatorError when the address has an account */
  add(email: string, change: SubscriptionChange, key: NewKey): Promise<void>;
  /** Id of the account of an address. @throws OperatorError when there is none */
  find(email: string): Promise<string>;
  /** @throws OperatorError when the subscription is paid for */
  set(userId: string, change: SubscriptionChange): Promise<void>;
  /** @throws OperatorError when the account has as many as it may ever have, `MAX_KEYS` */
  addKey(userId: string, key: NewKey): Promise<void>;
  /** Makes the account an operator, who may moderate everywhere, or takes that away. */
  setOperator(userId: string, isOperator: boolean): Promise<void>;
  /** Lets the account moderate in a city, or no more. @throws OperatorError when it has as many as it may, `MAX_CITIES` */
  setCity(userId: string, city: string, isBound: boolean): Promise<void>;
  /** What the account may moderate. */
  rights(userId: string): Promise<ModeratorRights>;
  /** Revokes the key with a visible prefix. @throws OperatorError when there is none, or it was revoked before */
  revokeKey(userId: string, prefix: string): Promise<void>;
}

/** Keys of an account, revoked ones too: one answer tells them all. */
const MAX_KEYS = 100;
/** Cities of an account: they are read with each key. */
const MAX_CITIES = 20;
const BILLED =
  "The subscription is paid for by Stripe: change it there, or end it first. Beside it only --limit can be set.";
const UNIQUE_VIOLATION = "23505";

export function createAccountTable(sql: RunSql): AccountTable {
  const changes = createOperatorChanges(sql);
  return {
    async add(email, { plan, status, monthlyCallsLimit }, { name, hash, prefix }) {
      try {
        await sql(ADD_ACCOUNT, [email, plan, status, monthlyCallsLimit, name, hash, prefix]);
      } catch (error) {
        if (errorCode(error) !== UNIQUE_VIOLATION) throw error;
        throw new OperatorError(`There is an account for ${email} already: use set, or key add.`);
      }
    },
    async find(email) {
      const [row] = await sql<{ id: string }>("SELECT id FROM users WHERE lower(email) = lower($1)", [email]);
      if (row === undefined) throw new OperatorError(`There is no account for ${email}: make one with add.`);
      return row.id;
    },
    async set(userId, change) {
      if ((await changes.setSubscription(null, userId, change)) === "billed") throw new OperatorError(BILLED);
    },
    async addKey(userId, { name, hash, prefix }) {
      const added = await sql(ADD_KEY, [userId, name, hash, prefix]);
      if (added.length === 0) throw new OperatorError(`The account has ${MAX_KEYS} keys, as many as one may have.`);
    },
    setOperator: (userId, isOperator) => changes.setOperator(null, userId, isOperator),
    async setCity(userId, city, isBound) {
      if (!isBound) return void (await sql(UNBIND_CITY, [userId, city]));
      const bound = await sql(BIND_CITY, [userId, city]);
      if (bound.length === 0)
        throw new OperatorError(`The account moderates ${MAX_CITIES} cities, as many as one may.`);
    },
    async rights(userId) {
      const [row] = await sql<ModeratorRights>(RIGHTS, [userId]);
      return row ?? { isOperator: false, cities: [] };
    },
    async revokeKey(userId, prefix) {
      if (!(await changes.revokeKey(null, userId, { prefix })))
        throw new OperatorError(`The account has no key ${prefix} that works: list shows them.`);
    },
  };
}

/** A column that is not given gets its default. */
const ADD_ACCOUNT = `
  WITH account AS (INSERT INTO users (email) VALUES ($1) RETURNING id), subscription AS (
    INSERT INTO api_subscriptions AS s (user_id, plan, status, monthly_calls_limit)
    SELECT id, coalesce($2, 'resident'), coalesce($3, 'active'), $4::integer FROM account RETURNING plan
  ), added AS (
    INSERT INTO api_keys (user_id, name, key_hash, prefix) SELECT id, $5, $6, $7 FROM account RETURNING user_id, prefix
  ), done AS (
    SELECT user_id AS account_id, 'add' AS action, jsonb_build_object('plan', plan, 'prefix', prefix) AS detail
    FROM added, subscription
  ), ${logged("NULL")}
  SELECT FROM added`;

const ADD_KEY = `
  WITH added AS (
    INSERT INTO api_keys (user_id, name, key_hash, prefix)
    SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM api_keys WHERE user_id = $1) < ${MAX_KEYS} RETURNING user_id, prefix
  ), done AS (
    SELECT user_id AS account_id, 'key add' AS action, jsonb_build_object('prefix', prefix) AS detail FROM added
  ), ${logged("NULL")}
  SELECT prefix FROM added`;

const logCity = (isOn: boolean): string => `
  done AS (
    SELECT user_id AS account_id, 'city' AS action, jsonb_build_object('city', city, 'on', ${isOn}) AS detail FROM changed
  ), ${logged("NULL")}
  SELECT city FROM changed`;

const BIND_CITY = `
  WITH changed AS (
    INSERT INTO moderated_cities (user_id, city)
    SELECT $1, $2 WHERE (SELECT count(*) FROM moderated_cities WHERE user_id = $1 AND city <> $2) < ${MAX_CITIES}
    ON CONFLICT (user_id, city) DO UPDATE SET city = excluded.city RETURNING user_id, city
  ), ${logCity(true)}`;

const UNBIND_CITY = `
  WITH changed AS (DELETE FROM moderated_cities WHERE user_id = $1 AND city = $2 RETURNING user_id, city), ${logCity(false)}`;

const RIGHTS = `
  SELECT is_operator AS "isOperator",
    ARRAY (SELECT city FROM moderated_cities WHERE user_id = users.id ORDER BY city) AS cities
  FROM users WHERE id = $1`;
