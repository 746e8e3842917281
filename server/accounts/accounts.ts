import type { Log } from "../console/log.ts";
import { settlesWithin } from "../kit/wait.ts";
import type { Clock } from "../ports/clock.ts";
import { DatabaseUnavailableError, type RunSql, type Sql } from "../ports/sql.ts";
import { type AccountLookup, createAccountLookup } from "./account-lookup.ts";
import { type Admission, createAdmission } from "./admission.ts";
import { createQuotas, type Quotas } from "./quotas.ts";
import { createTileKeys, type TileKeys } from "./tile-keys.ts";
import type { UsageLog } from "./usage-log.ts";

/** What a process knows of accounts, and counts for them. */
export interface Accounts {
  readonly lookup: AccountLookup;
  readonly quotas: Quotas;
  readonly admission: Admission;
  readonly tileKeys: TileKeys;
  readonly usage: UsageLog;
  /** Adds what was counted, and tells what was used of quotas. @throws DatabaseUnavailableError */
  flush(): Promise<void>;
  /** A last flush, which gives back what is leased; PostgreSQL may not hold it up for long. */
  close(): Promise<void>;
}

export interface AccountOptions {
  readonly sql: Sql;
  readonly usage: UsageLog;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether requests may wait for each other's statements, and leave some to nobody: not in a Worker. */
  readonly shareWork?: boolean;
  /** Calls of one account a minute, in place of what its plan says. */
  readonly perMinute?: number | undefined;
}

const CLOSE_WITHIN_MS = 3_000;

export function createAccounts({ sql, usage, clock, log, shareWork = true, perMinute }: AccountOptions): Accounts {
  const run: RunSql = (text, values = []) => sql.query(text, values) as Promise<never>;
  const lookup = createAccountLookup(sql, clock);
  const quotas = createQuotas({ sql: run, clock, log, shareWork });
  const unavailable = () => new DatabaseUnavailableError("PostgreSQL does not answer");
  const admission = createAdmission({ clock, quotas, usage, perMinute, leasesBeside: shareWork, unavailable });
  const tileKeys = createTileKeys({ lookup, quotas, usage, clock });
  return {
    lookup,
    quotas,
    admission,
    tileKeys,
    usage,
    async flush() {
      await Promise.all([usage.flush(), quotas.settle()]);
    },
    async close() {
      await Promise.all([usage.close(), settlesWithin(CLOSE_WITHIN_MS, quotas.close())]);
    },
  };
}
