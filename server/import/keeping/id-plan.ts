import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { timeOfId } from "../../../tiles/report-id.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { digestOfReport, tailOfTurn } from "../ids/row-of-id.ts";
import type { Hash64, JournalEntry, Moved, Replaced } from "./journal-items.ts";
import { isSamePlace, withTail } from "./restored-id.ts";
import type { KnownRow, RowIndex } from "./row-index.ts";

/** A row with an id, and the report that it tells; the end of that one's id is of no interest. */
export interface RowOfId {
  readonly key: Hash64;
  readonly report: Report;
}

/** What is to be done for rows, each of another id. */
export interface Plan {
  readonly entries: readonly JournalEntry[];
  /** New reports, also of rows that have moved. */
  readonly puts: readonly Report[];
  readonly replacements: readonly Report[];
  /** Reports of rows that have moved, where they were. */
  readonly removals: readonly string[];
  /** New rows. */
  readonly created: number;
  readonly unchanged: number;
}

export interface PlanOptions {
  readonly store: Pick<ReportStore, "getMany">;
  readonly index: RowIndex;
  readonly rowKey: string;
  readonly nowMs: number;
}

/**
 * Compares rows with what is known of them. A report that is not shown stays as moderators have it, whatever its row says now.
 * @throws StoreUnavailableError
 */
export async function planRows(rows: readonly RowOfId[], options: PlanOptions): Promise<Plan> {
  const { store, index, rowKey, nowMs } = options;
  const entries: JournalEntry[] = [];
  const puts: Report[] = [];
  const changed: { readonly row: RowOfId; readonly known: KnownRow; readonly digest: Hash64 }[] = [];
  let unchanged = 0;

  for (const row of rows) {
    const digest = digestOfReport(rowKey, row.report);
    const known = index.find(row.key);
    if (known?.isThere && timeOfId(known.id) + REPORT_LIFETIME_MS > nowMs) {
      if (isSamePlace(known.id, row.report.id) && isSame(known.digest, digest)) unchanged++;
      else changed.push({ row, known, digest });
      continue;
    }
    const turn = known === undefined ? 0 : known.turn + 1;
    const report = named(row, rowKey, turn);
    puts.push(report);
    entries.push({ kind: "created", id: report.id, row: { key: row.key, digest, turn } });
  }
  const created = puts.length;

  const shown = await reportsOf(
    store,
    changed.map(({ known }) => known.id),
  );
  const replacements: Report[] = [];
  const removals: string[] = [];
  for (const { row, known, digest } of changed) {
    const report = shown.get(known.id);
    if (report === undefined) {
      unchanged++;
      continue;
    }
    const before = { report, digest: known.digest };
    if (isSamePlace(known.id, row.report.id)) {
      const state = { key: row.key, digest, turn: known.turn };
      entries.push({ kind: "replaced", id: known.id, row: state, before } satisfies Replaced);
      replacements.push({ ...row.report, id: known.id });
      continue;
    }
    const turn = known.turn + 1;
    const moved = named(row, rowKey, turn);
    entries.push({ kind: "moved", id: moved.id, row: { key: row.key, digest, turn }, before } satisfies Moved);
    puts.push(moved);
    removals.push(known.id);
  }
  return { entries, puts, replacements, removals, created, unchanged };
}

const named = ({ key, report }: RowOfId, rowKey: string, turn: number): Report => ({
  ...report,
  id: withTail(report.id, tailOfTurn(rowKey, key, turn)),
});

const isSame = (a: Hash64, b: Hash64): boolean => a[0] === b[0] && a[1] === b[1];

async function reportsOf(
  store: Pick<ReportStore, "getMany">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Report>> {
  if (ids.length === 0) return new Map();
  return new Map((await store.getMany(ids)).map((report) => [report.id, report]));
}
