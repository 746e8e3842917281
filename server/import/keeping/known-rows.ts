import { OperatorError } from "../../console/operator-error.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import { createIdSet, type IdSet } from "../ids/id-set.ts";
import type { JournalEntry, Moved, RowState } from "./journal-items.ts";
import { restoredId } from "./restored-id.ts";
import { createRowIndex, type RowIndex } from "./row-index.ts";
import { journalGroup, type KeptRun } from "./run-items.ts";
import { readLeft, readSegments } from "./segments.ts";

export interface KnownRowsOptions {
  readonly derived: Pick<DerivedStore, "list">;
  /** All that are kept. */
  readonly runs: readonly KeptRun[];
  readonly rowKey: string;
  readonly retryMs?: number | undefined;
}

/** @throws OperatorError when one of them is half undone */
export function refuseHalfUndone(runs: readonly KeptRun[], source: string | undefined): void {
  const half = runs.find(({ run }) => run.source === source && run.state === "undoing")?.run;
  if (half === undefined) return;
  throw new OperatorError(`The undo of run ${half.id} is not over: say --undo ${half.id} again first.`);
}

/**
 * What the runs of a source made of its rows, the later ones last; all of it in memory.
 * @throws OperatorError, StoreUnavailableError
 */
export async function readKnownRows(source: string, options: KnownRowsOptions): Promise<RowIndex> {
  const { derived, runs, rowKey, retryMs } = options;
  const index = createRowIndex();
  const undone = undoneOf(runs);
  let left = { runId: "", ids: new Set<string>() };
  for await (const { runId, entries } of readSegments({ derived, group: journalGroup(source), retryMs })) {
    if (!undone.has(runId)) {
      for (const entry of entries) noteDone(index, entry);
      continue;
    }
    if (left.runId !== runId) left = { runId, ids: await readLeft({ derived, runId, retryMs }) };
    for (const entry of entries) noteUndone(index, entry, left.ids, (moved) => restoredId(rowKey, runId, moved));
  }
  return index;
}

function noteDone(index: RowIndex, { id, row }: JournalEntry): void {
  if (row !== undefined) index.set(row.key, { ...row, id, turn: latestTurn(index, row), isThere: true });
}

function noteUndone(index: RowIndex, entry: JournalEntry, left: ReadonlySet<string>, restored: RestoredIds): void {
  const { id, row } = entry;
  if (row === undefined) return;
  const { key, digest } = row;
  const turn = latestTurn(index, row);
  if (entry.kind === "created" || left.has(id)) {
    index.set(key, { id, turn, digest, isThere: entry.kind !== "created" || left.has(id) });
    return;
  }
  // What is known is of runs before, of which some were undone later still: then only the id that was put back is of interest.
  const { report, digest: digestBefore } = entry.before;
  const known = index.find(key) ?? { id: report.id, digest: digestBefore, isThere: true };
  const isMovedBack = entry.kind === "moved" && known.id === report.id;
  index.set(key, { ...known, id: isMovedBack ? restored(entry) : known.id, turn });
}

type RestoredIds = (entry: Moved) => string;

/** Every id takes another turn, those of runs that are undone too. */
const latestTurn = (index: RowIndex, { key, turn }: RowState): number => Math.max(turn, index.find(key)?.turn ?? 0);

/** Reports without row ids that undone runs had made: their ids are used up. @throws OperatorError, StoreUnavailableError */
export async function readUsedUp({ derived, runs, retryMs }: Omit<KnownRowsOptions, "rowKey">): Promise<IdSet> {
  const used = createIdSet();
  for (const { run } of runs) {
    if (run.state !== "undone" || run.source !== undefined) continue;
    const left = await readLeft({ derived, runId: run.id, retryMs });
    for await (const { entries } of readSegments({ derived, group: journalGroup(undefined), runId: run.id, retryMs })) {
      for (const { id } of entries) if (!left.has(id)) used.add(id);
    }
  }
  return used;
}

const undoneOf = (runs: readonly KeptRun[]): Set<string> =>
  new Set(runs.flatMap(({ run }) => (run.state === "undone" ? [run.id] : [])));
