import { type ListedAccount, listAccounts } from "../accounts/account-list.ts";
import { type AccountTable, createAccountTable, type NewKey } from "../accounts/account-table.ts";
import { hashKey, makeKey, visiblePrefix } from "../accounts/key.ts";
import { createOperatorChanges, type LoggedChange } from "../accounts/operator-changes.ts";
import { findCity } from "../areas/cities.ts";
import { type Billing, BillingOffError, createBilling } from "../billing/billing.ts";
import { createBillingTable } from "../billing/billing-table.ts";
import { PaymentsUnavailableError } from "../billing/payments.ts";
import { createLog } from "../console/log.ts";
import { exitOnError, OperatorError } from "../console/operator-error.ts";
import { formatDay } from "../kit/utc-time.ts";
import type { RunSql } from "../ports/sql.ts";
import { explain } from "../postgres/database.ts";
import { migrateDatabase } from "../postgres/migrate.ts";
import { createPool } from "../postgres/pool.ts";
import { sqlOfPool } from "../postgres/sql.ts";
import { readConfig } from "../runtime/config.ts";
import { openStores } from "../runtime/stores/stores.ts";
import { createStripePayments } from "../stripe/stripe-payments.ts";
import { type AccountCommand, parseAccountCommand, USAGE } from "./account-arguments.ts";
import { SYSTEM_CLOCK } from "./command-store.ts";

const MAX_LISTED = 1_000;
const PAGE = 100;
const MAX_LOGGED = 100;

/** `npm run account`: accounts and their keys, made by operators. Only what was asked for goes to standard output. */
try {
  const command = parseAccountCommand(process.argv.slice(2));
  if (command.name === "help") process.stdout.write(USAGE);
  else await withDatabase((sql, billing) => run(command, sql, billing));
} catch (error) {
  exitOnError(explain(error));
}

async function withDatabase(work: (sql: RunSql, billing: Billing) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  if (config.databaseUrl === undefined && config.dataDir === undefined) {
    throw new OperatorError("DATA_DIR is `memory`, so nothing would be kept: set it to a directory.");
  }
  const write = (line: string) => process.stderr.write(line);
  const log = createLog({ level: config.logLevel, pretty: true, write, now: SYSTEM_CLOCK.now });
  const stores = openStores(config, { role: "command", log });
  try {
    const pool = createPool(await stores.database(), log);
    try {
      await migrateDatabase(pool);
      const sql = sqlOfPool(pool);
      const payments = config.stripe && createStripePayments(config.stripe, SYSTEM_CLOCK);
      const table = createBillingTable({ query: sql });
      await work(sql, createBilling({ table, payments, clock: SYSTEM_CLOCK, log }));
    } finally {
      await pool.end();
    }
  } finally {
    await stores.close();
  }
}

type Command = Exclude<AccountCommand, { name: "help" }>;

async function run(command: Command, sql: RunSql, billing: Billing): Promise<void> {
  const table = createAccountTable(sql);
  if (command.name === "log") return tellLog(await createOperatorChanges(sql).log(MAX_LOGGED));
  if (command.name === "list") return command.email ? showAccount(table, sql, command.email) : tellAccounts(sql);
  if (command.name === "add") {
    const { key, stored } = await newKey(command.keyName);
    await table.add(command.email, command.change, stored);
    return tellKey(key);
  }
  const userId = await table.find(command.email);
  if (command.name === "key add") {
    const { key, stored } = await newKey(command.keyName);
    await table.addKey(userId, stored);
    return tellKey(key);
  }
  if (command.name === "key revoke") {
    await table.revokeKey(userId, command.prefix);
    return say(`${command.prefix} is revoked`);
  }
  if (command.name === "delete") return deleteAccount(sql, billing, { userId, email: command.email });
  await change(command, { table, billing, userId });
  await showAccount(table, sql, command.email);
}

interface Change {
  readonly table: AccountTable;
  readonly billing: Billing;
  readonly userId: string;
}

async function change(
  command: Extract<Command, { name: "operator" | "city" | "set" | "refresh" }>,
  { table, billing, userId }: Change,
): Promise<void> {
  if (command.name === "operator") await table.setOperator(userId, command.isOn);
  else if (command.name === "city") await bindCity(table, userId, command);
  else if (command.name === "set") await table.set(userId, command.change);
  else await billing.refresh(userId).catch(explainBilling);
}

async function deleteAccount(sql: RunSql, billing: Billing, account: { userId: string; email: string }): Promise<void> {
  await billing.endSubscription(account.userId).catch(explainBilling);
  await createOperatorChanges(sql).deleteAccount(null, account.userId);
  say(`${account.email} is deleted`);
}

/** Nothing is changed while Stripe cannot be asked. */
function explainBilling(error: unknown): never {
  if (error instanceof BillingOffError)
    throw new OperatorError("This needs STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET: the account came to a checkout.");
  if (error instanceof PaymentsUnavailableError)
    throw new OperatorError(`${error.message}: nothing was changed. Try again, and look at STRIPE_SECRET_KEY.`);
  throw error;
}

async function bindCity(table: AccountTable, userId: string, { city, isOn }: { city: string; isOn: boolean }) {
  await table.setCity(userId, city, isOn);
  if (isOn && findCity(city) === undefined)
    process.stderr.write(
      `${city} is none of the cities that the product knows: it means one whose areas are imported.\n`,
    );
}

async function newKey(name: string): Promise<{ key: string; stored: NewKey }> {
  const key = makeKey();
  return { key, stored: { name, hash: hashKey(key), prefix: visiblePrefix(key) } };
}

/** The key alone goes to standard output, so that a script can take it. */
function tellKey(key: string): void {
  say(key);
  process.stderr.write("This key is not kept and not shown again. Send it as: Authorization: Bearer KEY\n");
}

async function tellAccounts(sql: RunSql): Promise<void> {
  const nowMs = SYSTEM_CLOCK.now();
  let cursor: string | undefined;
  for (let told = 0; told < MAX_LISTED; told += PAGE) {
    const { accounts, nextCursor } = await listAccounts({ query: sql }, { cursor, limit: PAGE }, nowMs);
    for (const { keys, ...account } of accounts) {
      const working = keys.filter(({ revokedAt }) => revokedAt === null).length;
      say(`${account.email}  ${describe(account)}  ${working} key${working === 1 ? "" : "s"}  ${account.calls} calls`);
    }
    cursor = nextCursor;
    if (cursor === undefined) return;
  }
  process.stderr.write(`Only the newest ${MAX_LISTED} are listed.\n`);
}

function describe({ plan, status, active }: Pick<ListedAccount, "plan" | "status" | "active">): string {
  return `${plan}, ${status ?? "no subscription"}${active || status === null ? "" : " (not active)"}`;
}

async function showAccount(table: AccountTable, sql: RunSql, email: string): Promise<void> {
  const id = await table.find(email);
  const nowMs = SYSTEM_CLOCK.now();
  const [account] = (await listAccounts({ query: sql }, { id, limit: 1 }, nowMs)).accounts;
  if (account === undefined) return;
  const { calls, callsByKind, monthlyCallsLimit, endsAt } = account;
  const kinds = Object.entries(callsByKind).map(([kind, count]) => `, ${kind} ${count}`);
  const month = formatDay(nowMs).slice(0, 7);
  const limit = monthlyCallsLimit === null ? "" : `, ${monthlyCallsLimit} of trends and exports a month`;
  say(`${email}  ${describe(account)}  ${calls} calls in ${month}${limit}${kinds.join("")}`);
  if (account.isBilled) say(`  paid for by Stripe${endsAt === null ? "" : `, access until ${endsAt.toISOString()}`}`);
  for (const { prefix, name, calls, lastUsedAt, revokedAt } of account.keys) {
    const state = revokedAt === null ? `last used ${lastUsedAt ?? "never"}` : `revoked ${revokedAt}`;
    say(`  ${prefix}  ${name}  ${calls} calls  ${state}`);
  }
  const { isOperator, cities } = await table.rights(id);
  if (isOperator) say("  moderates everywhere");
  else if (cities.length > 0) say(`  moderates ${cities.join(", ")}`);
}

function tellLog(changes: readonly LoggedChange[]): void {
  for (const { at, operator, operatorId, account, accountId, action, detail } of changes) {
    const who = operatorId === null ? "command" : (operator ?? operatorId);
    say(`${at.toISOString()}  ${who}  ${action}  ${account ?? accountId}  ${JSON.stringify(detail)}`);
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
