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
   * Takes one token. @returns 0, or the whole seconds until there is one.
   * @param who a client, by its line (`lineOf`), or an account
   */
  take(who: string): number;
}

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

  return {
    take(who) {
      const client = nameOf(who);
      const now = clock.now();
      const bucket = buckets.get(client) ?? { tokens: perMinute, atMs: now };
      bucket.tokens = Math.min(perMinute, bucket.tokens + Math.max(0, now - bucket.atMs) * perMs);
      bucket.atMs = now;
      buckets.set(client, bucket);
      if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perMs / 1000);
      bucket.tokens -= 1;
      return 0;
    },
  };
}
