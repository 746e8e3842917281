import { constants, setPriority } from "node:os";
import { type Log, silentLog } from "../../console/log.ts";
import { silentSteps } from "../../console/terminal.ts";
import { createBackground } from "../../kit/background.ts";
import { createClosers } from "../../kit/closers.ts";
import { openDatabase } from "../../postgres/database.ts";
import { wireDomain } from "../app-wiring.ts";
import type { Config } from "../config.ts";
import { openStores } from "../stores/stores.ts";
import { createBackgroundPace } from "./background-pace.ts";
import { drawAreasInBackground } from "./draw-areas.ts";
import { nodeCompressor } from "./node-compressor.ts";
import { prepareReports } from "./prepare.ts";
import { repeatSharedWork } from "./repeated-work.ts";

/**
 * The work that one process does for all (compaction, scoring, deleting what expired) in a process that answers nobody. It comes
 * after those that do: the system gives it what they leave.
 */
export async function startSharedWork(config: Config, log: Log = silentLog): Promise<{ close(): Promise<void> }> {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const clock = { now: Date.now };
  const closers = createClosers(log);
  try {
    const stores = closers.add(openStores(config, { role: "server", log: silentLog }));
    const database = closers.add(openDatabase({ address: stores.database, log }));
    // There are no requests here to wait for, but there may be units to spend.
    const pace = createBackgroundPace(config);
    const prepared = { config: { ...config, seed: false }, stores, clock, log, steps: silentSteps, closers };
    const reports = await prepareReports({ ...prepared, onConsumed: pace.consumed });
    const ofDatabase = { sql: database.sql, pingDatabase: database.ping };
    const domain = wireDomain({ ...reports, ...ofDatabase, compressor: nodeCompressor, clock, log }, {}, pace);
    const background = closers.add(createBackground(log));
    drawAreasInBackground(config, { background, reports, clock, log });
    repeatSharedWork({ background, reports, domain, opened: database.opened, log });
    return closers;
  } catch (error) {
    await closers.close();
    throw error;
  }
}
