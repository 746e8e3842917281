import { mapLimited } from "../../kit/map-limited.ts";
import { sleep } from "../../kit/wait.ts";
import { StoreUnavailableError } from "../../ports/report-store.ts";

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 2000;
/** Rounds in a row in which a batch got nowhere, after which the store counts as unavailable: 5 s on average. */
const MAX_IDLE_ROUNDS = 8;

/** Cuts a list into runs of at most `size`. */
export function chunk<T>(list: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let i = 0; i < list.length; i += size) chunks.push(list.slice(i, i + size));
  return chunks;
}

/** All items of all pages. */
export async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const items: T[] = [];
  // Not `push(...page)`: a page can hold more rows than a call takes arguments.
  for await (const page of pages) for (const item of page) items.push(item);
  return items;
}

/** Runs a task per item, at most `width` at a time. Rejects with the first failure, when nothing is under way any more. */
export async function forEachBounded<T>(items: readonly T[], width: number, task: (item: T) => Promise<void>) {
  let failure: { readonly error: unknown } | undefined;
  await mapLimited(items, width, async (item) => {
    if (failure !== undefined) return;
    try {
      await task(item);
    } catch (error) {
      failure ??= { error };
    }
  });
  if (failure !== undefined) throw failure.error;
}

/**
 * Sends a batch, then what came back unprocessed, with exponential backoff and full jitter, until nothing is left.
 * @throws StoreUnavailableError when the store takes nothing for several rounds.
 */
export async function sendAll<T>(batch: readonly T[], send: (items: readonly T[]) => Promise<readonly T[]>) {
  let left = batch;
  for (let idleRounds = 0; left.length > 0; ) {
    const before = left.length;
    left = await send(left);
    if (left.length === 0) return;
    idleRounds = left.length < before ? 0 : idleRounds + 1;
    if (idleRounds === MAX_IDLE_ROUNDS) throw new StoreUnavailableError(`${left.length} items came back unprocessed`);
    await sleep(Math.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** idleRounds));
  }
}
