import type { ReportColumns } from "../../tiles/report-columns.ts";
import { StoredItemError } from "../../tiles/stored-item.ts";
import type { Clock, LogChange } from "../ports.ts";
import { forEachBounded } from "./batches.ts";
import { type Confirmations, decodeConfirmations, nonceOf } from "./confirmations.ts";
import type { FeedShards } from "./feed-shards.ts";
import { feedBuckets, feedPartition, feedShardsOfSortKey, feedTime, type Key, nameOfFeedItem } from "./keys.ts";
import { mergeChanges } from "./log.ts";
import { fromOfIntent, OVERLAP_MS } from "./publisher.ts";
import type { Requests } from "./requests.ts";

/** Reads the change feed; `publisher.ts` says what stands in it, and why reading it tells of every write. */
export interface Feed {
  /** What was published since a time, which is that of an earlier read, and so long before it that all that is stored is told. */
  readSince(timeMs: number): Promise<LogChange[]>;
}

/** A single intent that is not confirmed yet is not told sooner: it mostly is a moment later, and then nothing need be read. */
const HOLD_MS = 1500;
/**
 * Whoever polls once a second reads less in between: as far back as what is mostly new. What is stored late, and cells that must be
 * read again, come with the next deep read, which is the first of every two seconds, and every one after a longer pause.
 */
const SHALLOW_MS = 2500;
const DEEP_EVERY_MS = 2000;
/** Clocks of processes differ by less. */
const SKEW_MS = 1500;
/** Partitions read at a time. */
const WIDTH = 32;
/** The feed's rate is that of so long. */
const RATE_MS = OVERLAP_MS;

interface FeedItem extends Key {
  /** Of an intent, where it is not `fromOfIntent`. */
  readonly from?: string;
  /** Of an intent that stands for more than one report, and is never confirmed. */
  readonly plain?: boolean;
  readonly confirmed?: Uint8Array;
}

export function createFeed({
  clock,
  requests,
  shards,
}: {
  clock: Clock;
  requests: Requests;
  shards: FeedShards;
}): Feed {
  async function readPartition(bucket: number, shard: number, from: string, items: FeedItem[]): Promise<void> {
    const pages = requests.queryPages<FeedItem>({
      KeyConditionExpression: "pk = :pk AND sk >= :from",
      ExpressionAttributeValues: { ":pk": feedPartition(bucket, shard), ":from": from },
    });
    for await (const page of pages) {
      for (const item of page) {
        const count = feedShardsOfSortKey(item.sk);
        if (count === undefined) items.push(item);
        else shards.note(bucket, count);
      }
    }
  }

  /** Shards that were not known before are read behind the first, which tells of them. */
  async function readItems(fromMs: number, nowMs: number): Promise<FeedItem[]> {
    const items: FeedItem[] = [];
    const buckets = feedBuckets(fromMs, nowMs + OVERLAP_MS);
    const read = new Map(buckets.map((bucket) => [bucket, 0]));
    for (;;) {
      const next = buckets.flatMap((bucket) => {
        const first = read.get(bucket) ?? 0;
        read.set(bucket, shards.known(bucket));
        return Array.from({ length: shards.known(bucket) - first }, (_, i) => ({ bucket, shard: first + i }));
      });
      if (next.length === 0) return items;
      await forEachBounded(next, WIDTH, ({ bucket, shard }) => readPartition(bucket, shard, feedTime(fromMs), items));
    }
  }

  return {
    async readSince(timeMs) {
      const now = clock.now();
      // A clock that was set back must not hide what is written from now on.
      const sinceMs = Math.min(timeMs, now);
      const isDeep = timeMs > now || Math.floor(now / DEEP_EVERY_MS) !== Math.floor(timeMs / DEEP_EVERY_MS);
      const fromMs = Math.max(0, sinceMs - (isDeep ? OVERLAP_MS : SHALLOW_MS));
      const items = await readItems(fromMs, now);
      shards.observe(rateOf(items, now));
      return changesOf(items, { fromMs, nowMs: now });
    },
  };
}

function rateOf(items: readonly FeedItem[], nowMs: number): number {
  const since = feedTime(Math.max(0, nowMs - RATE_MS));
  return (items.filter(({ sk }) => sk >= since).length * 1000) / RATE_MS;
}

/**
 * Rows are told only with the intent that they confirm, and then every edit of their cell that was published since is in the same
 * read, so the cell is named: a report that was hidden before its confirmation came is not brought back. Of an intent that lies
 * before what was read, or so near that an edit by a slower clock may, an earlier read has told.
 */
function changesOf(items: readonly FeedItem[], { fromMs, nowMs }: { fromMs: number; nowMs: number }): LogChange[] {
  const changes: LogChange[] = [];
  const intents = new Map<string, LogChange & { isHeld: boolean }>();
  for (const { sk, from: named, plain } of items) {
    const name = nameOfFeedItem(sk);
    if (name?.cell === undefined) continue;
    const from = named ?? fromOfIntent(name.timeMs);
    if (plain) changes.push({ ...name.cell, from });
    else if (name.timeMs >= fromMs + SKEW_MS) {
      intents.set(name.nonce, { ...name.cell, from, isHeld: Math.abs(nowMs - name.timeMs) < HOLD_MS });
    }
  }
  for (const { confirmed } of items) {
    const confirmations = confirmed && readConfirmations(confirmed);
    for (const { layer, geohash5, counts, rows } of confirmations?.cells ?? []) {
      const nonces = counts.map((count) => nonceOf(confirmations?.writer ?? "", count));
      const isWhole = nonces.every((nonce) => intents.has(nonce));
      if (isWhole && rows.length > 0) changes.push({ layer, geohash5, from: firstId(rows), rows });
      if (isWhole || rows.length === 0) for (const nonce of nonces) intents.delete(nonce);
    }
  }
  for (const { isHeld, ...change } of intents.values()) if (!isHeld) changes.push(change);
  return mergeChanges(changes);
}

const firstId = ({ createdAtMs }: ReportColumns): string => feedTime(createdAtMs[0] ?? 0);

/** None when they cannot be read: then the intents that they confirm are read. */
function readConfirmations(body: Uint8Array): Confirmations | undefined {
  try {
    return decodeConfirmations(body);
  } catch (error) {
    if (error instanceof StoredItemError) return undefined;
    throw error;
  }
}
