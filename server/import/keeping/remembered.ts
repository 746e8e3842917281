import { createRowKey, findRowKey } from "../ids/row-key.ts";
import { findImportEpoch, type ImportEpochOptions } from "./import-epoch.ts";
import { patiently } from "./patiently.ts";

/** What must be the same in every run, or rows would become new reports; so the store keeps it. */
export interface Remembered {
  readonly rowKey: string;
  /** Only where times are mapped. */
  readonly importEpochMs?: number;
}

export interface RememberedOptions extends Omit<ImportEpochOptions, "intoLastMs" | "renew"> {
  readonly intoLastMs?: number | undefined;
  readonly newImportEpoch?: boolean | undefined;
  /** Keeps nothing, and asks for nothing that is kept. */
  readonly dryRun?: boolean | undefined;
  /** First wait when the store is unavailable. */
  readonly retryMs?: number | undefined;
}

/** @throws StoreUnavailableError when the store stays away */
export async function findRemembered(options: RememberedOptions): Promise<Remembered> {
  const { store, clock, intoLastMs, dryRun, retryMs, newImportEpoch: renew = false } = options;
  const rowKey = dryRun ? createRowKey() : await patiently(() => findRowKey(store), retryMs);
  if (intoLastMs === undefined) return { rowKey };
  if (dryRun) return { rowKey, importEpochMs: clock.now() };
  return { rowKey, importEpochMs: await patiently(() => findImportEpoch({ ...options, intoLastMs, renew }), retryMs) };
}
