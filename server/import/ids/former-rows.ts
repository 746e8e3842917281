import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { FOR_GOOD_MS } from "./row-key.ts";

const NAME = "import-former-rows";

export interface FormerRowsOptions {
  readonly store: Pick<ReportStore, "remember" | "isEmpty">;
  readonly clock: Clock;
  /** The store's row key was made a moment ago, so no program with a key has imported anything. */
  readonly isKeyNew: boolean;
}

/**
 * Until when the store may have rows under ids of programs before, whose digest was of all columns: until the last of them has expired,
 * 90 days after the first import by a program of today, or never, where that import found an empty store. Unix milliseconds.
 * @throws StoreUnavailableError
 */
export async function findFormerRowsUntil({ store, clock, isKeyNew }: FormerRowsOptions): Promise<number> {
  const untilMs = isKeyNew && (await store.isEmpty()) ? 0 : clock.now() + REPORT_LIFETIME_MS;
  const kept = await store.remember(NAME, String(untilMs), { untilMs: FOR_GOOD_MS });
  // What is no time was kept by another program: looking in vain costs time only.
  return /^\d{1,15}$/.test(kept) ? Number(kept) : Number.POSITIVE_INFINITY;
}
