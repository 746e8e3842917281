import { mapLimited } from "../../kit/map-limited.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { ToldByRow } from "../fields/row-report.ts";
import { createBatches } from "./batches.ts";
import { type Plan, planRows, type RowOfId } from "./id-plan.ts";
import type { Journal } from "./journal.ts";
import type { Lease } from "./lease.ts";
import { patiently } from "./patiently.ts";
import type { RowIndex } from "./row-index.ts";
import { createSourceWatch } from "./same-source.ts";
import type { ReportWriter } from "./writer.ts";

export interface IdWriterOptions {
  readonly store: Pick<ReportStore, "putMany" | "getMany" | "edit">;
  readonly clock: Clock;
  readonly index: RowIndex;
  readonly rowKey: string;
  readonly source: string;
  readonly journal: Journal;
  /** None in a dry run, which stores nothing. */
  readonly lease?: Lease | undefined;
  readonly retryMs?: number | undefined;
  onBatch?(): void;
}

const EDITS_AT_ONCE = 16;

/** Writes rows that are known by their ids: new ones are stored, changed ones replaced, and what is in no row any more stays. */
export function createIdWriter(options: IdWriterOptions): ReportWriter {
  const { store, clock, index, rowKey, source, journal, lease, retryMs, onBatch } = options;
  const watch = createSourceWatch({ index, source, runId: () => journal.runId });
  let [written, replaced, existing] = [0, 0, 0];

  async function apply({ entries, puts, replacements, removals }: Plan): Promise<void> {
    if (lease === undefined || entries.length === 0) return;
    await lease.renew();
    const done = await journal.write(entries);
    await patiently(() => store.putMany(puts), retryMs);
    await mapLimited(replacements, EDITS_AT_ONCE, (report) =>
      patiently(() => store.edit(report.id, { kind: "replace", report }), retryMs),
    );
    // Behind the puts: wherever this ends, a row that moves has a report.
    await mapLimited(removals, EDITS_AT_ONCE, (id) => patiently(() => store.edit(id, { kind: "remove" }), retryMs));
    done();
  }

  async function write(rows: readonly RowOfId[]): Promise<void> {
    const plan = await patiently(() => planRows(rows, { store, index, rowKey, nowMs: clock.now() }), retryMs);
    await apply(plan);
    written += plan.created;
    replaced += plan.replacements.length + plan.removals.length;
    existing += plan.unchanged;
    onBatch?.();
  }

  const batches = createBatches<RowOfId>({ check: watch, write });
  return {
    get written() {
      return written;
    },
    get replaced() {
      return replaced;
    },
    get existing() {
      return existing;
    },
    async add({ report }: ToldByRow, key) {
      if (key !== undefined) await batches.add({ key, report });
    },
    addRepeated() {
      existing++;
    },
    finish: batches.finish,
    abandon: batches.abandon,
  };
}
