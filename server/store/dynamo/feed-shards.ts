import { LRUCache } from "lru-cache";
import type { Clock } from "../../ports/clock.ts";
import { FEED_BUCKET_MS, feedBucket, feedPartition, feedShardsSortKey } from "../keys.ts";
import { ttlSeconds } from "../rows.ts";
import type { Requests } from "./requests.ts";

/**
 * Over how many partitions the change feed is spread. All writes of the world go through it, and all pollers read all of it: at
 * thirty items a second of a shard, three hundred pollers take about a thousand read units a second of it, and writers thirty.
 *
 * Writers decide by the rate that they see: their own, and the whole feed's, since whoever polls it can count. The first who
 * wants more shards than the running ten minutes have says so in shard 0, before anything is written to them; readers ask shard
 * 0 anyway and find it there. So a quiet feed costs one query a poll, and a new bucket begins small again.
 */
export interface FeedShards {
  /** The partition for an item that is about to be written; readers find it from now on. */
  place(nowMs: number): Promise<string>;
  /** Shards that a bucket is known to have. */
  known(bucket: number): number;
  /** Somebody has said that a bucket has so many. */
  note(bucket: number, count: number): void;
  /** So many items a second were seen in the whole feed. */
  observe(itemsPerSecond: number): void;
  /** DynamoDB refused an item because its partition takes no more. */
  throttled(): void;
}

export const MAX_FEED_SHARDS = 512;
const ITEMS_PER_SECOND = 30;
/** A rate is that of about this long. */
const MEMORY_MS = 5_000;
/** What was seen of the feed counts for so long, and what was refused. */
const REMEMBER_MS = 60_000;
/** Buckets whose shards are remembered: readers go back some. */
const MAX_BUCKETS = 512;
const FEED_SPARE_MS = 86_400_000;

export function createFeedShards({ clock, requests }: { clock: Clock; requests: Requests }): FeedShards {
  const counts = new LRUCache<number, number>({ max: MAX_BUCKETS });
  let own = { items: 0, atMs: clock.now() };
  let least = { shards: 1, untilMs: 0 };

  function atLeast(shards: number): void {
    const now = clock.now();
    if (shards >= least.shards || now >= least.untilMs) least = { shards, untilMs: now + REMEMBER_MS };
  }

  function wanted(nowMs: number): number {
    const items = own.items * Math.exp(-Math.max(0, nowMs - own.atMs) / MEMORY_MS) + 1;
    own = { items, atMs: nowMs };
    const ownShards = shardsFor((items * 1000) / MEMORY_MS);
    return nowMs < least.untilMs ? Math.max(ownShards, least.shards) : ownShards;
  }

  const known = (bucket: number): number => counts.get(bucket) ?? 1;

  function note(bucket: number, count: number): void {
    if (count <= known(bucket)) return;
    counts.set(bucket, Math.min(MAX_FEED_SHARDS, count));
  }

  return {
    async place(nowMs) {
      const bucket = feedBucket(nowMs);
      const count = wanted(nowMs);
      if (count > known(bucket)) {
        const key = { pk: feedPartition(bucket, 0), sk: feedShardsSortKey(count) };
        await requests.put({ Item: { ...key, expires_at: ttlSeconds(nowMs + FEED_BUCKET_MS + FEED_SPARE_MS) } });
        note(bucket, count);
      }
      return feedPartition(bucket, Math.floor(Math.random() * Math.max(count, known(bucket))));
    },
    known,
    note,
    observe(itemsPerSecond) {
      const shards = shardsFor(itemsPerSecond);
      if (shards > 1) atLeast(shards);
    },
    throttled: () => atLeast(Math.min(MAX_FEED_SHARDS, 2 * Math.max(least.shards, known(feedBucket(clock.now()))))),
  };
}

/** The power of two that brings a rate under what one shard takes. */
function shardsFor(itemsPerSecond: number): number {
  let shards = 1;
  while (shards * ITEMS_PER_SECOND < itemsPerSecond && shards < MAX_FEED_SHARDS) shards *= 2;
  return shards;
}
