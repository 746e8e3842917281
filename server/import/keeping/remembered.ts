import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { findFormerRowsUntil } from "../ids/former-rows.ts";
import { createRowKey, findRowKey } from "../ids/row-key.ts";
import { patiently } from "./patiently.ts";

/** What must be the same in every run, or rows would become new reports; so the store keeps it. */
export interface Remembered {
  readonly rowKey: string;
  /** Whether rows may be there under ids of programs before. */
  readonly looksForFormer: boolean;
}

export interface RememberedOptions {
  readonly store: Pick<ReportStore, "remember" | "isEmpty">;
  readonly clock: Clock;
  /** Keeps nothing, and asks for nothing that is kept. */
  readonly dryRun?: boolean | undefined;
  /** First wait when the store is unavailable. */
  readonly retryMs?: number | undefined;
}

/** @throws StoreUnavailableError when the store stays away */
export async function findRemembered({ store, clock, dryRun, retryMs }: RememberedOptions): Promise<Remembered> {
  const made = createRowKey();
  if (dryRun) return { rowKey: made, looksForFormer: false };
  return patiently(async () => {
    const rowKey = await findRowKey(store, made);
    const untilMs = await findFormerRowsUntil({ store, clock, isKeyNew: rowKey === made });
    return { rowKey, looksForFormer: clock.now() < untilMs };
  }, retryMs);
}
