import type { RunSql, Sql } from "../../ports/sql.ts";
import type { Passwords } from "./passwords.ts";

/**
 * The account that shows the product to whoever started it: a city's plan, no city to moderate, and a password that anybody may know. It is
 * made by the server itself, on embedded stores of one machine, and found nowhere else: wherever others may come in it is deleted at the
 * start, its sessions count for nothing, and nobody can sign up for its address.
 */
export const DEMO_EMAIL = "demo@stratum.app";
export const DEMO_PASSWORD = "stratum2026";

export const isDemoAddress = (email: string): boolean => email.trim().toLowerCase() === DEMO_EMAIL;

/** Makes the account unless it is there, and takes from it what it must not have. @throws what PostgreSQL fails with */
export async function keepDemoAccount(sql: RunSql, passwords: Passwords): Promise<void> {
  const [found] = await sql<{ id: string }>("SELECT id FROM users WHERE is_demo", []);
  if (found === undefined) await sql(MAKE, [DEMO_EMAIL, await passwords.hash(DEMO_PASSWORD)]);
  await sql("DELETE FROM moderated_cities WHERE user_id IN (SELECT id FROM users WHERE is_demo)", []);
}

/** Whether it is made already. @throws DatabaseUnavailableError */
export async function hasDemoAccount(sql: Sql): Promise<boolean> {
  return (await sql.query("SELECT id FROM users WHERE is_demo AND now() IS NOT NULL", [])).length > 0;
}

/** Deletes the account with all that it has. Returns whether there was one. */
export async function removeDemoAccount(sql: RunSql): Promise<boolean> {
  return (await sql("DELETE FROM users WHERE is_demo RETURNING id", [])).length > 0;
}

/** Of two processes that start at once one makes it. */
const MAKE = `
  WITH account AS (
    INSERT INTO users (email, name, email_verified, is_demo) VALUES ($1, 'Demo', true, true)
    ON CONFLICT (lower(email)) DO NOTHING RETURNING id
  ), credential AS (
    INSERT INTO credentials (user_id, account_id, provider_id, password)
    SELECT id, id::text, 'credential', $2 FROM account
  )
  INSERT INTO api_subscriptions (user_id, plan, status) SELECT id, 'city', 'active' FROM account`;
