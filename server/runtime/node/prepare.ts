import { seedAreas } from "../../area-import/seed-areas.ts";
import { buildClientWhenStale } from "../../client/build.ts";
import type { Log } from "../../console/log.ts";
import type { Steps } from "../../console/terminal.ts";
import type { Closers } from "../../kit/closers.ts";
import type { Clock } from "../../ports/clock.ts";
import { type SeedIfEmptyOptions, seedIfEmpty } from "../../seed/seed-if-empty.ts";
import type { ConsumedUnits } from "../../store/dynamo/requests.ts";
import type { Config } from "../config.ts";
import { migrateReportStore, openReports, placeOfDynamo } from "../stores/open-reports.ts";
import type { OpenedReports } from "../stores/opened-reports.ts";
import type { Stores } from "../stores/stores.ts";

export interface PrepareOptions {
  readonly config: Config;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly log: Log;
  readonly steps: Steps;
  readonly closers: Closers;
  readonly onConsumed?: (units: ConsumedUnits) => void;
}

/** Opens the report store, makes what it needs, and seeds it when it is empty and that is asked for. */
export async function prepareReports(options: PrepareOptions): Promise<OpenedReports> {
  const { config, stores, clock, log, steps, closers, onConsumed } = options;
  const opened = await steps.run("reports", async (note) => {
    const reports = await openReports(stores, { clock, log, onProgress: note, ...(onConsumed && { onConsumed }) });
    closers.add(reports.store);
    await migrateReportStore(reports.store, config.dynamo);
    note(placeOf(config, config.dynamo === undefined, placeOfDynamo(config.dynamo)));
    return reports;
  });
  if (config.seed) await steps.run("seed", (note) => seed(opened, options, note));
  return opened;
}

type SeedProgress = Parameters<NonNullable<SeedIfEmptyOptions["onProgress"]>>[0];

async function seed(
  { store, derived }: OpenedReports,
  { clock, log }: PrepareOptions,
  note: (detail: string) => void,
): Promise<void> {
  const onProgress = (progress: SeedProgress) => note(`${progress.written} of ${progress.total} reports`);
  const written = await seedIfEmpty({ store, clock, onBegin: () => seedAreas({ derived, clock, log }), onProgress });
  note(written === 0 ? "not needed, there are reports" : `${written} reports`);
}

/** Where a store is, for whoever starts us. */
export function placeOf({ dataDir }: Config, embedded: boolean, elsewhere: string): string {
  if (!embedded) return elsewhere;
  return dataDir === undefined ? "in memory" : `in ${dataDir}`;
}

/** Builds the client when its sources are newer than what was built. */
export async function buildClient(log: Log, steps: Steps): Promise<void> {
  await steps.run("client", async (note) => note(await buildClientWhenStale(log)));
}

/** Waits for all even when one fails, so that nothing is still being opened when the rest is closed. */
export async function allOrNone<T extends readonly unknown[]>(...work: { [I in keyof T]: Promise<T[I]> }): Promise<T> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return Promise.all(work) as Promise<unknown> as Promise<T>;
}
