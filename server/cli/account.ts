import { type AccountTable, createAccountTable, type NewKey } from "../accounts/account-table.ts";
import { hashKey, makeKey, visiblePrefix } from "../accounts/key.ts";
import { readUsage, type UsageReport } from "../accounts/usage-report.ts";
import { findCity } from "../areas/cities.ts";
import { createLog } from "../console/log.ts";
import { exitOnError, OperatorError } from "../console/operator-error.ts";
import type { RunSql } from "../ports/sql.ts";
import { explain } from "../postgres/database.ts";
import { migrateDatabase } from "../postgres/migrate.ts";
import { createPool } from "../postgres/pool.ts";
import { sqlOfPool } from "../postgres/sql.ts";
import { readConfig } from "../runtime/config.ts";
import { openStores } from "../runtime/stores/stores.ts";
import { type AccountCommand, parseAccountCommand, USAGE } from "./account-arguments.ts";
import { SYSTEM_CLOCK } from "./command-store.ts";

const MAX_LISTED = 1_000;

/** `npm run account`: accounts and their keys, made by operators. Only what was asked for goes to standard output. */
try {
  const command = parseAccountCommand(process.argv.slice(2));
  if (command.name === "help") process.stdout.write(USAGE);
  else await withDatabase((sql) => run(command, sql));
} catch (error) {
  exitOnError(explain(error));
}

async function withDatabase(work: (sql: RunSql) => Promise<void>): Promise<void> {
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
      await work(sqlOfPool(pool));
    } finally {
      await pool.end();
    }
  } finally {
    await stores.close();
  }
}

async function run(command: Exclude<AccountCommand, { name: "help" }>, sql: RunSql): Promise<void> {
  const table = createAccountTable(sql);
  if (command.name === "list") return command.email ? showAccount(table, sql, command.email) : listAccounts(table);
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
  if (command.name === "operator") await table.setOperator(userId, command.isOn);
  else if (command.name === "city") await bindCity(table, userId, command);
  else await table.set(userId, command.change);
  await showAccount(table, sql, command.email);
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

async function listAccounts(table: AccountTable): Promise<void> {
  const accounts = await table.list(MAX_LISTED + 1);
  for (const { email, plan, status, keys } of accounts.slice(0, MAX_LISTED)) {
    say(`${email}  ${plan ?? "resident"}  ${status ?? "no subscription"}  ${keys} key${keys === 1 ? "" : "s"}`);
  }
  if (accounts.length > MAX_LISTED) process.stderr.write(`Only the newest ${MAX_LISTED} are listed.\n`);
}

async function showAccount(table: AccountTable, sql: RunSql, email: string): Promise<void> {
  const userId = await table.find(email);
  const report = await readUsage({ query: sql }, userId, SYSTEM_CLOCK.now());
  if (report === undefined) return;
  say(describe(email, report));
  const { isOperator, cities } = await table.rights(userId);
  if (isOperator) say("  moderates everywhere");
  else if (cities.length > 0) say(`  moderates ${cities.join(", ")}`);
}

function describe(email: string, report: UsageReport): string {
  const { plan, status, active, month, calls, monthlyCallsLimit, keys } = report;
  const lines = keys.map(({ prefix, name, calls, lastUsedAt, revokedAt }) => {
    const state = revokedAt === null ? `last used ${lastUsedAt ?? "never"}` : `revoked ${revokedAt}`;
    return `  ${prefix}  ${name}  ${calls} calls  ${state}`;
  });
  const subscription = `${plan}, ${status ?? "no subscription"}${active ? "" : " (not active)"}`;
  return [`${email}  ${subscription}  ${calls} of ${monthlyCallsLimit} calls in ${month}`, ...lines].join("\n");
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
