import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import type { Feed, Fresh } from "./feed.ts";
import type { FeedState } from "./feed-state.ts";
import type { Failure } from "./fetch-feed.ts";

export interface Patience {
  /** First wait after a failure that may pass, in milliseconds; doubles with every try. */
  readonly retryMs: number;
  readonly tries: number;
  /** A server that wants to be left alone for longer is asked in a later round. */
  readonly longestMs: number;
}

export const PATIENCE: Patience = { retryMs: 2_000, tries: 4, longestMs: 120_000 };

export interface FreshOptions {
  readonly feed: Feed;
  readonly known: FeedState;
  readonly signal: AbortSignal;
  readonly patience?: Patience | undefined;
  now(): number;
  /** Before it waits to look again. */
  onRetry?(failure: Failure, waitMs: number): void;
}

/**
 * Looks at a feed, again where it fails for now, and gives what is new to `use`; what was fetched is removed afterwards.
 * @returns what `use` does; a failure after all tries
 * @throws AbortError when the signal ends a wait or a download
 */
export async function withFresh<T>(
  { feed, known, signal, patience = PATIENCE, now, onRetry }: FreshOptions,
  use: (fresh: Fresh) => Promise<T>,
): Promise<T | Failure | "unchanged"> {
  const folder = await mkdtemp(join(tmpdir(), "stratum-feed-"));
  try {
    for (let tries = 1; ; tries++) {
      const found = await feed.look(known, { folder, signal, nowMs: now() });
      if (found === "unchanged") return found;
      if (!("reason" in found)) return await use(found);
      const waitMs = Math.max(patience.retryMs * 2 ** (tries - 1), found.retryAfterMs ?? 0);
      if (!found.isTemporary || tries >= patience.tries || waitMs > patience.longestMs) return found;
      onRetry?.(found, waitMs);
      await sleepFor(waitMs, undefined, { signal });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
