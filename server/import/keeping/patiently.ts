import { setTimeout as sleep } from "node:timers/promises";
import { StoreUnavailableError } from "../../ports/report-store.ts";

const MAX_TRIES = 8;
const RETRY_MS = 250;

/**
 * Tries again while the store is unavailable.
 * @param retryMs first wait; doubles with every try
 * @throws StoreUnavailableError when it stays away
 */
export async function patiently<T>(act: () => Promise<T>, retryMs = RETRY_MS): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || tries === MAX_TRIES) throw error;
      await sleep(retryMs * 2 ** (tries - 1));
    }
  }
}
