import { type ReportStore, TOLD_FOR_MS } from "../../ports/report-store.ts";

/**
 * Waits until the change feed does not tell again what was stored just now, where it does. What is compacted then is right for whoever
 * starts next; before, that one would take every cell that is told again for changed, and read its rows.
 * @param signal ends the wait
 */
export async function untilTold(store: Pick<ReportStore, "readChanges">, signal?: AbortSignal): Promise<void> {
  const { cursor } = await store.readChanges();
  const { changes } = await store.readChanges(cursor);
  if (changes.length === 0 || signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, TOLD_FOR_MS);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
