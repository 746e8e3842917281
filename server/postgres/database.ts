import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Log } from "../console/log.ts";
import { errorCode, OperatorError } from "../console/operator-error.ts";
import { settlesWithin } from "../kit/wait.ts";
import type { RunSql } from "../ports/sql.ts";
import { DatabaseUnavailableError } from "../ports/sql.ts";
import { migrateDatabase } from "./migrate.ts";
import type { DatabaseAddress } from "./pool.ts";
import { createPool } from "./pool.ts";
import { sqlOfPool } from "./sql.ts";

/**
 * PostgreSQL, which nobody waits for: it is opened and brought forward in the background, and tried again until it is, whatever
 * keeps it. Tiles and reports do not need it.
 */
export interface Database {
  /** Asks it. @throws DatabaseUnavailableError at once, as long as it is not open. */
  readonly sql: RunSql;
  /** Resolves when it answers. @throws DatabaseUnavailableError as `sql`. */
  ping(): Promise<void>;
  /**
   * How the first try went: what was migrated, or that it is away. Rejects with what somebody must put right, an OperatorError
   * when that is not us; whoever waits for it tells it. Rejects with an AbortError when it is closed first.
   */
  readonly firstTry: Promise<string>;
  /** Resolves when it is open, be it in hours; never rejects. */
  readonly opened: Promise<void>;
  /** Also while it is being opened. Bounded. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Where it is; the embedded one is started by that. */
  readonly address: () => Promise<DatabaseAddress>;
  readonly log: Log;
  /** Between two tries; by default as `RETRY_MS`. */
  readonly retryMs?: number;
}

/** After it did not answer, and after it refused us: what is refused often looks like an attack. */
const RETRY_MS = { away: 2_000, refused: 15_000 };
const CLOSE_WITHIN_MS = 2_000;

/** What keeps us from asking it. */
interface Fault {
  readonly kind: "away" | "refused";
  readonly error: Error;
}

/** For anybody to read: what the log says may name users and directories. */
const REASON: Readonly<Record<"opening" | Fault["kind"], string>> = {
  opening: "PostgreSQL is still being opened",
  away: "PostgreSQL does not answer",
  refused: "PostgreSQL cannot be used until what the log says is put right",
};

export function openDatabase({ address, log, retryMs }: DatabaseOptions): Database {
  const stop = new AbortController();
  const { promise: opened, resolve: tellOpened } = Promise.withResolvers<void>();
  let pool: Pool | undefined;
  let run: RunSql | undefined;
  /** The embedded one is in this process, or in the one that keeps DATA_DIR: what is wrong with it is not the network. */
  let isEmbedded = true;
  let reason = REASON.opening;

  /** Rejects with a fault when it cannot be used. Returns how many migrations were applied. */
  async function tryToOpen(): Promise<number> {
    const found = await address();
    stop.signal.throwIfAborted();
    isEmbedded = found.embedded;
    pool ??= createPool(found, log);
    const applied = await migrateDatabase(pool);
    stop.signal.throwIfAborted();
    run = sqlOfPool(pool);
    tellOpened();
    return applied.length;
  }

  async function tryFirst(): Promise<string> {
    try {
      return describe(await tryToOpen());
    } catch (error) {
      stop.signal.throwIfAborted();
      const fault = faultOf(error, isEmbedded);
      reason = REASON[fault.kind];
      void tryAgain(fault);
      if (fault.kind === "refused") throw fault.error;
      log.warn("PostgreSQL does not answer: serving without it until it does", { error });
      return "does not answer yet";
    }
  }

  async function tryAgain(first: Fault): Promise<void> {
    const pause = { signal: stop.signal, ref: false };
    let last = first;
    while (await sleep(retryMs ?? RETRY_MS[last.kind], true, pause).catch(() => false)) {
      try {
        return log.info("PostgreSQL is there now", { migrations: await tryToOpen() });
      } catch (error) {
        if (stop.signal.aborted) return;
        const fault = faultOf(error, isEmbedded);
        if (isNews(fault, last)) tell(fault);
        last = fault;
      }
    }
  }

  function tell({ kind, error }: Fault): void {
    reason = REASON[kind];
    if (kind === "refused") log.error("PostgreSQL cannot be used: serving without it until it can", { error });
    else log.warn("PostgreSQL does not answer", { error });
  }

  const closed = new Promise<never>((_, reject) => {
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason));
  });
  const firstTry = Promise.race([tryFirst(), closed]);
  // Whoever does not wait for it need not know.
  firstTry.catch(() => {});

  const sql: RunSql = async (text, values) => {
    if (run === undefined) throw new DatabaseUnavailableError(reason);
    return run(text, values);
  };
  return {
    sql,
    ping: async () => void (await sql("SELECT 1")),
    firstTry,
    opened,
    async close() {
      stop.abort();
      if (pool !== undefined) await settlesWithin(CLOSE_WITHIN_MS, pool.end());
    },
  };
}

const describe = (count: number) =>
  count === 0 ? "up to date" : `${count} migration${count === 1 ? "" : "s"} applied`;

/** SQLSTATE classes of a server that is there but cannot serve now: connection, resources, operator intervention. */
const AWAY_CLASSES = new Set(["08", "53", "57"]);

function faultOf(cause: unknown, isEmbedded: boolean): Fault {
  const explained = explain(cause);
  const error = explained instanceof Error ? explained : new Error(String(explained));
  return { kind: !isEmbedded && isAway(error) ? "away" : "refused", error };
}

function isAway(error: Error): boolean {
  const code = errorCode(error);
  const isSqlState = code !== undefined && /^[0-9A-Z]{5}$/.test(code);
  return !(error instanceof OperatorError) && (!isSqlState || AWAY_CLASSES.has(code.slice(0, 2)));
}

/** How it is away may change with every try. */
function isNews({ kind, error }: Fault, last: Fault): boolean {
  return kind !== last.kind || (kind === "refused" && error.message !== last.error.message);
}

/** The driver's own, when the server asks for a password and there is none. */
const NO_PASSWORD = /^SASL: .* password must be/;

/** Wrong credentials and a database that does not exist are for the operator; a migration that fails is our bug. */
export function explain(error: unknown): unknown {
  const code = errorCode(error) ?? "";
  if (!(error instanceof Error) || !(/^(28|3D)/.test(code) || NO_PASSWORD.test(error.message))) return error;
  return new OperatorError(
    `PostgreSQL refuses DATABASE_URL (${error.message}): correct its user, password or database name.`,
  );
}
