import { basename } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { createIdWriter } from "./id-writer.ts";
import { createJournal, type Journal } from "./journal.ts";
import { readKnownRows, readUsedUp, refuseHalfUndone } from "./known-rows.ts";
import { takeLease } from "./lease.ts";
import { patiently } from "./patiently.ts";
import { listRuns, type RunState } from "./run-items.ts";
import { settleDead } from "./settle.ts";
import { createDryWriter, createReportWriter, type ReportWriter } from "./writer.ts";

export interface RunOptions {
  readonly path: string;
  readonly store: Pick<ReportStore, "putMany" | "getMany" | "readCell" | "edit">;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  /** Whose row ids the file has; `undefined` where its rows have none. */
  readonly source: string | undefined;
  readonly rowKey: string;
  readonly dryRun?: boolean | undefined;
  readonly retryMs?: number | undefined;
  onBatch?(): void;
}

/** A run of an import that is to store. */
export interface OpenRun {
  readonly writer: ReportWriter;
  readonly runId: string | undefined;
  /** To be called once, whatever happened. @param state `running` when it broke off */
  close(state: RunState, rejected: number): Promise<void>;
}

/**
 * Makes ready to write rows, by what earlier runs have left.
 * @throws OperatorError while another run of the source is under way, or an undo is not over
 * @throws StoreUnavailableError
 */
export async function openRun(options: RunOptions): Promise<OpenRun> {
  const { derived, source, dryRun, retryMs } = options;
  if (dryRun) return openDryRun(options);
  const journal = createJournal({ ...options, file: basename(options.path) });
  const lease = source === undefined ? undefined : await takeLease({ ...options, source });
  try {
    await settleDead(options);
    const runs = await patiently(() => listRuns(derived), retryMs);
    refuseHalfUndone(runs, source);
    const writer =
      source === undefined
        ? createReportWriter({ ...options, journal, usedUp: await readUsedUp({ ...options, runs }) })
        : createIdWriter({
            ...options,
            source,
            journal,
            lease,
            index: await readKnownRows(source, { ...options, runs }),
          });
    return {
      writer,
      get runId() {
        return journal.runId;
      },
      async close(state, rejected) {
        const { written, replaced, existing } = writer;
        await journal.end(state, { written, replaced, existing, rejected });
        await lease?.release();
      },
    };
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

const NO_JOURNAL: Journal = { runId: undefined, write: async () => () => {}, async end() {} };

async function openDryRun(options: RunOptions): Promise<OpenRun> {
  const { derived, source, retryMs } = options;
  const close = async (): Promise<void> => {};
  if (source === undefined) return { writer: createDryWriter(), runId: undefined, close };
  const runs = await patiently(() => listRuns(derived), retryMs);
  refuseHalfUndone(runs, source);
  const index = await readKnownRows(source, { ...options, runs });
  return { writer: createIdWriter({ ...options, source, journal: NO_JOURNAL, index }), runId: undefined, close };
}
