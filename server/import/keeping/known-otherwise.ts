import { basename } from "node:path";
import type { DerivedStore } from "../../ports/derived-store.ts";
import { patiently } from "./patiently.ts";
import { listRuns } from "./run-items.ts";

export interface KnownOtherwiseOptions {
  readonly path: string;
  readonly derived: Pick<DerivedStore, "list">;
  /** Whose row ids the file has; `undefined` where its rows have none. */
  readonly source: string | undefined;
  /** First wait when the store is unavailable. */
  readonly retryMs?: number | undefined;
}

/**
 * Tells of an earlier run of a file of the same name that knew its rows otherwise, by ids or without, so that none of them is found
 * again: a sentence, or nothing.
 * @throws StoreUnavailableError
 */
export async function noteKnownOtherwise(options: KnownOtherwiseOptions): Promise<string[]> {
  const { path, derived, source, retryMs } = options;
  const runs = await patiently(() => listRuns(derived), retryMs);
  const other = runs.findLast(
    ({ run }) =>
      run.file === basename(path) && run.state !== "undone" && (run.source === undefined) !== (source === undefined),
  )?.run;
  if (other === undefined) return [];
  const how = other.source === undefined ? "without --id" : "with --id";
  return [
    `Warning: ${other.file} was imported ${how} before (run ${other.id}), by which its rows cannot be found again, so that they may be there twice: ` +
      `--undo ${other.id} takes those back.`,
  ];
}
