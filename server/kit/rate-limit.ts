import { LRUCache } from "lru-cache";
import type { Clock } from "../ports/clock.ts";
import { createClientHash } from "./client-hash.ts";

export interface RateLimitOptions {
  readonly clock: Clock;
  /** Tokens that flow in per minute; the bucket holds as many. */
  readonly perMinute: number;
  /** Clients remembered; the one that was quiet longest is forgotten first. */
  readonly maxClients?: number;
}

export interface RateLimit {
  /**
   * Takes tokens, one unless it is said how many. @returns 0, or the whole seconds until there are so many; then none are taken.
   * @param who a client, by its line (`lineOf`), or an account
   */
  take(who: string, tokens?: number): number;
  /** Takes tokens that are spent already, and may leave a debt; of fewer than none, gives so many back. */
  spend(who: string, tokens: number): void;
}

/** A debt is forgiven beyond what so many minutes bring. */
const MOST_DEBT_MINUTES = 10;

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * A token bucket per client, in memory. Who comes is kept only as hashes with a salt that dies with the process. Packages
 * (rate-limiter-flexible, hono-rate-limiter) count in fixed windows, and let twice as much through where two of them meet.
 */
export function createRateLimit({ clock, perMinute, maxClients = 50_000 }: RateLimitOptions): RateLimit {
  if (!(perMinute > 0)) throw new RangeError(`a rate limit needs more than 0 a minute, got ${perMinute}`);
  const perMs = perMinute / 60_000;
  // By size: by `max`, the room of all of them is taken before the first one.
  const buckets = new LRUCache<string, Bucket>({ maxSize: maxClients, sizeCalculation: () => 1 });
  const nameOf = createClientHash();

  function bucketOf(who: string): Bucket {
    const client = nameOf(who);
    const now = clock.now();
    const bucket = buckets.get(client) ?? { tokens: perMinute, atMs: now };
    bucket.tokens = Math.min(perMinute, bucket.tokens + Math.max(0, now - bucket.atMs) * perMs);
    bucket.atMs = now;
    buckets.set(client, bucket);
    return bucket;
  }

  return {
    take(who, tokens = 1) {
      const bucket = bucketOf(who);
      if (bucket.tokens < tokens) return Math.ceil((tokens - bucket.tokens) / perMs / 1000);
      bucket.tokens -= tokens;
      return 0;
    },
    spend(who, tokens) {
      const bucket = bucketOf(who);
      bucket.tokens = Math.max(-MOST_DEBT_MINUTES * perMinute, Math.min(perMinute, bucket.tokens - tokens));
    },
  };
}
