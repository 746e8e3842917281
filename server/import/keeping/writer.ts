import { parseReportId } from "../../../tiles/report-id.ts";
import { mapLimited } from "../../kit/map-limited.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { ToldByRow } from "../fields/row-report.ts";
import type { Journal } from "./journal.ts";
import { patiently } from "./patiently.ts";

/** Writes reports in batches, a few at a time, so that neither the store nor memory is flooded. */
export interface ReportWriter {
  readonly written: number;
  readonly existing: number;
  /** Resolves when there is room for the next report. @throws what a batch failed with. */
  add(told: ToldByRow): Promise<void>;
  /** Resolves when everything is stored. @throws what a batch failed with. */
  finish(): Promise<void>;
}

export interface WriterOptions {
  readonly store: Pick<ReportStore, "putMany" | "getMany" | "readCell">;
  /** First wait when the store is unavailable; doubles with every try. */
  readonly retryMs?: number | undefined;
  /** Is told of reports before they are stored that are not there. */
  readonly journal: Pick<Journal, "write">;
  onBatch?(): void;
}

/** Of a batch, from the time on when it stands in the journal. */
interface Noted {
  done?: () => void;
}

const BATCH_REPORTS = 2000;
const BATCHES_IN_FLIGHT = 3;
const CELLS_AT_ONCE = 8;
/** Sorts after every id. */
const LAST_ID = "~";

export function createReportWriter({ store, journal, retryMs, onBatch }: WriterOptions): ReportWriter {
  const inFlight = new Set<Promise<void>>();
  let batch: ToldByRow[] = [];
  let failure: { readonly error: unknown } | undefined;
  let [written, existing] = [0, 0];

  /** Ids are the rows' own, so a batch that was half written can simply be written again. */
  async function putBatch(all: readonly ToldByRow[], noted: Noted): Promise<void> {
    if (failure !== undefined) return;
    const former = await formerIds(store, all);
    const reports = all.flatMap((told) => (told.formerIds.some((id) => former.has(id)) ? [] : told.report));
    const outcome = await store.putMany(reports, {
      async onMissing(missing) {
        // A second try finds some that the first has stored.
        noted.done ??= await journal.write(missing.map(({ id }) => ({ kind: "created", id })));
      },
    });
    noted.done?.();
    written += outcome.written;
    existing += outcome.existing + all.length - reports.length;
    onBatch?.();
  }

  async function send(): Promise<void> {
    const all = batch;
    batch = [];
    while (inFlight.size >= BATCHES_IN_FLIGHT) await Promise.race(inFlight);
    if (failure) throw failure.error;
    const noted: Noted = {};
    const put = patiently(() => putBatch(all, noted), retryMs)
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
    async add(told) {
      batch.push(told);
      if (batch.length >= BATCH_REPORTS) await send();
    },
    async finish() {
      if (batch.length > 0) await send();
      await Promise.all(inFlight);
      if (failure) throw failure.error;
    },
  };
}

/**
 * Those ids of programs before this one under which they stored rows of a batch, shown or hidden: such rows are not stored again under those of
 * today. Which were hidden every read of a cell tells.
 */
async function formerIds(store: WriterOptions["store"], all: readonly ToldByRow[]): Promise<ReadonlySet<string>> {
  const asked = all.flatMap((told) => told.formerIds);
  const shown = await store.getMany(asked);
  const ids = new Set(shown.map(({ id }) => id));
  const cells = new Map(asked.map((id) => [id.slice(10, 16), parseReportId(id)]));
  await mapLimited([...cells.values()], CELLS_AT_ONCE, async (cell) => {
    if (cell === undefined) return;
    const { edited } = await store.readCell(cell, { from: LAST_ID });
    for (const id of edited.keys()) ids.add(id);
  });
  return ids;
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
