import { createLog, type Log } from "../console/log.ts";
import { OperatorError } from "../console/operator-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
import { type Compactor, createCompactor } from "../pyramid/compactor.ts";
import { readConfig } from "../runtime/config.ts";
import { migrateReportStore, openReports } from "../runtime/stores/open-reports.ts";
import { openStores } from "../runtime/stores/stores.ts";

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

/** What a command works on. */
export interface CommandStore {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly log: Log;
  /** Makes what tiles are read from out of what the command wrote. */
  readonly compactor: Compactor;
  /** Also stops what was started for the command. */
  close(): Promise<void>;
}

/**
 * The report store that the environment names, migrated, for a command that writes and ends; a running server's, when that
 * keeps DATA_DIR. @throws OperatorError when it cannot be reached or would keep nothing.
 */
export async function openCommandStore(env: NodeJS.ProcessEnv): Promise<CommandStore> {
  const config = readConfig(env);
  if (config.dynamo === undefined && config.dataDir === undefined) {
    throw new OperatorError("DATA_DIR is `memory`, so nothing would be kept: set it to a directory.");
  }
  const log = createLog({
    level: config.logLevel,
    pretty: process.stderr.isTTY,
    write: (line) => process.stderr.write(line),
    now: SYSTEM_CLOCK.now,
  });
  const stores = openStores(config, { role: "command", log });
  try {
    const { store, derived } = await openReports(stores, { clock: SYSTEM_CLOCK, log });
    await migrateReportStore(store, config.dynamo);
    return {
      store,
      derived,
      log,
      compactor: createCompactor({ store, derived, clock: SYSTEM_CLOCK, log }),
      async close() {
        // What is not confirmed is read instead.
        await store.confirm({ isLast: true }).catch((error: unknown) => log.warn("changes not confirmed", { error }));
        await store.close();
        await stores.close();
      },
    };
  } catch (error) {
    await stores.close();
    throw error;
  }
}
