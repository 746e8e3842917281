import type { Log } from "../../console/log.ts";
import { sleep as waitFor } from "../../kit/wait.ts";
import type { Clock } from "../../ports/clock.ts";
import type { MetricSample } from "../../ports/metrics.ts";

/** Purges what reports of this isolate changed from the cache in front of it. */
export interface TilePurge {
  /** A report changed the tiles with this tag; `send` does the rest. */
  note(tag: string): void;
  /**
   * Purges what was noted, and again once every other isolate has heard of it, who until then may have put the old tile back.
   * To be kept going behind the answer of each request that wrote. Never rejects.
   */
  send(purge: Purge): Promise<void>;
  samples(): MetricSample[];
}

/** Resolves to false when the platform refuses. */
type Purge = (tags: readonly string[]) => Promise<boolean>;

/** Every isolate shows a report within this time. */
const FRESH_MS = 2000;
const AGAIN_AFTER_MS = FRESH_MS + 100;
/**
 * Workers Cache takes 25 purges at once and then 5 a minute of an account, whatever its plan, each of at most 100 tags.
 * https://developers.cloudflare.com/workers/cache/limitations/
 */
const MAX_TAGS = 100;
const BURST = 20;
const REFILL_MS = 15_000;

interface PurgeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** What cannot be purged is left to the bound of staleness: tags wait, at most as many as one purge takes. */
export function createTilePurge({ clock, log, sleep = waitFor }: PurgeOptions): TilePurge {
  const now = new Set<string>();
  const again = new Map<string, number>();
  let tokens = BURST;
  let filledAtMs = clock.now();
  const counts = { purged: 0, refused: 0 };

  function takeToken(): boolean {
    const filled = Math.floor((clock.now() - filledAtMs) / REFILL_MS);
    tokens = Math.min(BURST, tokens + filled);
    filledAtMs += filled * REFILL_MS;
    if (tokens === 0) return false;
    tokens--;
    return true;
  }

  async function flush(purge: Purge): Promise<void> {
    if (now.size === 0 || !takeToken()) return;
    const tags = [...now];
    now.clear();
    const done = await purge(tags).catch((error: unknown) => {
      log.warn("tiles not purged", { error });
      return false;
    });
    counts[done ? "purged" : "refused"]++;
    if (!done) tokens = 0;
  }

  function add(tag: string): void {
    if (now.size < MAX_TAGS) now.add(tag);
  }

  return {
    note(tag) {
      add(tag);
      again.set(tag, clock.now() + FRESH_MS);
    },
    async send(purge) {
      await flush(purge);
      await sleep(AGAIN_AFTER_MS);
      for (const [tag, atMs] of again) {
        if (atMs > clock.now()) continue;
        again.delete(tag);
        add(tag);
      }
      await flush(purge);
    },
    samples: () =>
      Object.entries(counts).map(([result, value]) => ({
        name: "stratum_edge_purges_total",
        help: "Purges of cached tiles, by what the platform said.",
        type: "counter",
        value,
        labels: { result },
      })),
  };
}
