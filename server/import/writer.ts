import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../../tiles/report.ts";
import { type ReportStore, StoreUnavailableError } from "../ports/report-store.ts";

/** Writes reports in batches, a few at a time, so that neither the store nor memory is flooded. */
export interface ReportWriter {
  readonly written: number;
  readonly existing: number;
  /** Resolves when there is room for the next report. @throws what a batch failed with. */
  add(report: Report): Promise<void>;
  /** Resolves when everything is stored. @throws what a batch failed with. */
  finish(): Promise<void>;
}

export interface WriterOptions {
  readonly store: Pick<ReportStore, "putMany">;
  /** First wait when the store is unavailable; doubles with every try. */
  readonly retryMs?: number | undefined;
  onBatch?(): void;
}

const BATCH_REPORTS = 2000;
const BATCHES_IN_FLIGHT = 3;
const MAX_TRIES = 8;
const RETRY_MS = 250;

export function createReportWriter({ store, retryMs = RETRY_MS, onBatch }: WriterOptions): ReportWriter {
  const inFlight = new Set<Promise<void>>();
  let batch: Report[] = [];
  let failure: { readonly error: unknown } | undefined;
  let [written, existing] = [0, 0];

  /** Ids are the rows' own, so a batch that was half written can simply be written again. */
  async function putBatch(reports: readonly Report[]): Promise<void> {
    for (let tries = 1; failure === undefined; tries++) {
      try {
        const outcome = await store.putMany(reports);
        written += outcome.written;
        existing += outcome.existing;
        onBatch?.();
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || tries === MAX_TRIES) throw error;
        await sleep(retryMs * 2 ** (tries - 1));
      }
    }
  }

  async function send(): Promise<void> {
    const reports = batch;
    batch = [];
    while (inFlight.size >= BATCHES_IN_FLIGHT) await Promise.race(inFlight);
    if (failure) throw failure.error;
    const put = putBatch(reports)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => inFlight.delete(put));
    inFlight.add(put);
  }

  return {
    get written() {
      return written;
    },
    get existing() {
      return existing;
    },
    async add(report) {
      batch.push(report);
      if (batch.length >= BATCH_REPORTS) await send();
    },
    async finish() {
      if (batch.length > 0) await send();
      await Promise.all(inFlight);
      if (failure) throw failure.error;
    },
  };
}

/** Counts what would be written. */
export function createDryWriter(): ReportWriter {
  let written = 0;
  return {
    existing: 0,
    get written() {
      return written;
    },
    async add() {
      written++;
    },
    async finish() {},
  };
}
