import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import { mapLimited } from "../../kit/map-limited.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { ToldByRow } from "../fields/row-report.ts";
import type { IdSet } from "../ids/id-set.ts";
import { type RowKeyWords, tailAfter } from "../ids/row-of-id.ts";
import { createBatches } from "./batches.ts";
import type { Journal } from "./journal.ts";
import { patiently } from "./patiently.ts";
import { withTail } from "./restored-id.ts";

/** Writes reports in batches, a few at a time, so that neither the store nor memory is flooded. */
export interface ReportWriter {
  readonly written: number;
  readonly replaced: number;
  readonly existing: number;
  /** Resolves when there is room for the next report. @throws what a batch failed with. */
  add(told: ToldByRow, key?: RowKeyWords): Promise<void>;
  /** A row that a later row of the file takes the place of. */
  addRepeated(): void;
  /** Resolves when everything is stored. @throws what a batch failed with. */
  finish(): Promise<void>;
  /** Begins nothing any more; resolves when what was begun has ended. */
  abandon(): Promise<void>;
}

export interface WriterOptions {
  readonly store: Pick<ReportStore, "putMany" | "getMany" | "readCell">;
  /** First wait when the store is unavailable; doubles with every try. */
  readonly retryMs?: number | undefined;
  /** Is told of reports before they are stored that are not there. */
  readonly journal: Pick<Journal, "write">;
  /** Ids that undone runs had made. */
  readonly usedUp: Pick<IdSet, "has">;
  readonly rowKey: string;
  onBatch?(): void;
}

/** Of a batch, from the time on when it stands in the journal. */
interface Noted {
  done?: () => void;
}

const CELLS_AT_ONCE = 8;
/** Sorts after every id. */
const LAST_ID = "~";

export function createReportWriter({ store, journal, usedUp, rowKey, retryMs, onBatch }: WriterOptions): ReportWriter {
  let [written, existing] = [0, 0];

  /** Ids are the rows' own, so a batch that was half written can simply be written again. */
  async function putBatch(all: readonly ToldByRow[], noted: Noted): Promise<void> {
    const former = await formerIds(store, all);
    // What an undo removed was hidden by it, and is not there.
    const isThere = (id: string): boolean => former.has(id) && !usedUp.has(id);
    const reports = all.flatMap((told) => (told.formerIds.some(isThere) ? [] : told.report));
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

  const batches = createBatches<ToldByRow>({
    write(all) {
      const noted: Noted = {};
      return patiently(() => putBatch(all, noted), retryMs);
    },
  });
  return {
    get written() {
      return written;
    },
    replaced: 0,
    get existing() {
      return existing;
    },
    async add(told) {
      await batches.add({ ...told, report: withUnusedId(told.report, usedUp, rowKey) });
    },
    addRepeated() {
      existing++;
    },
    finish: batches.finish,
    abandon: batches.abandon,
  };
}

/** What an undo removed never comes back under its id. */
function withUnusedId(report: Report, usedUp: Pick<IdSet, "has">, rowKey: string): Report {
  let { id } = report;
  while (usedUp.has(id)) id = withTail(id, tailAfter(rowKey, id));
  return id === report.id ? report : { ...report, id };
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
  let [written, existing] = [0, 0];
  return {
    replaced: 0,
    get existing() {
      return existing;
    },
    get written() {
      return written;
    },
    async add() {
      written++;
    },
    addRepeated() {
      existing++;
    },
    async finish() {},
    async abandon() {},
  };
}
