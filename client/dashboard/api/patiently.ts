import { AskError } from "./ask.ts";

/** A first start makes its database while its pages are open already. */
const PATIENCE_MS = 30_000;
const MOST_PAUSE_MS = 2_000;

/**
 * Asks, and asks again for half a minute while the answer is that the server is not ready yet: nothing was done then, so that it may be asked
 * twice. @param onWait is called before each further try @throws what the last try threw
 */
export async function patiently<T>(question: () => Promise<T>, onWait: () => void): Promise<T> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof AskError) || error.waitSeconds === undefined) throw error;
      const pauseMs = Math.min(MOST_PAUSE_MS, 1_000 * error.waitSeconds);
      if (performance.now() + pauseMs > untilMs) throw error;
      onWait();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
