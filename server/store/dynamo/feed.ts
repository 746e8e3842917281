import { StoredItemError } from "../../../tiles/codec/stored-item.ts";
import { keptFrom } from "../../../tiles/kept.ts";
import type { Report } from "../../../tiles/report.ts";
import { parseReportId, type ReportIdParts } from "../../../tiles/report-id.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogCell, LogChange } from "../../ports/report-store.ts";
import { FEED_END, feedBuckets, feedPartition, feedShardsOfSortKey, feedTime, nameOfFeedItem } from "../keys.ts";
import { mergeChanges } from "../log-changes.ts";
import { type AppendedReport, decodeAppended } from "./appended-report.ts";
import { forEachBounded } from "./batches.ts";
import { type Confirmations, decodeConfirmations, nonceOf } from "./confirmations.ts";
import type { FeedShards } from "./feed-shards.ts";
import { type FeedItem, fromOfIntent } from "./intent.ts";
import { OVERLAP_MS } from "./publisher.ts";
import type { Requests } from "./requests.ts";

/** Reads the change feed; `publisher.ts` says what stands in it, and why reading it tells of every write. */
export interface Feed {
  /** What was published since a time, which is that of an earlier read, and so long before it that all that is stored is told. */
  readSince(timeMs: number): Promise<LogChange[]>;
  /**
   * Looks for a report of the last minutes of whose row nobody knows: whoever appended it may have died before it stored the row. Stores
   * the row then. Two queries, more where the feed has many shards.
   */
  find(id: string): Promise<Report | undefined>;
  /** Stores rows of a time span that are in their intents alone, and returns them. */
  recover(fromMs: number, toMs: number): Promise<Report[]>;
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
/** After a clock was set back nobody knows for how long it was wrong: what was written meanwhile was not looked for. */
const SET_BACK_MS = 15 * 60_000;
/** Whoever lives reads the feed, and stores what is in it alone, within this time. */
const FOUND_WITHIN_MS = 2 * 60_000;
/** Partitions read at a time. */
const WIDTH = 16;
/** The feed's rate is that of so long. */
const RATE_MS = OVERLAP_MS;

interface FeedPlace {
  readonly bucket: number;
  readonly shard: number;
}

export interface FeedOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly shards: FeedShards;
  /** Stores the row of a report that is in its intent, unless it is there. */
  readonly apply: (report: Report) => Promise<void>;
}

export function createFeed({ clock, requests, shards, apply }: FeedOptions): Feed {
  const partitions = createFeedPartitions(requests, shards);
  return {
    async readSince(timeMs) {
      const now = clock.now();
      const fromMs = readFrom(timeMs, now);
      const items = await partitions.readItems(fromMs, now);
      shards.observe(rateOf(items, now));
      const { changes, unapplied } = toldBy(items, { fromMs, nowMs: now });
      // Before their cells are told of, for then they are read.
      await forEachBounded(unapplied, WIDTH, apply);
      return changes;
    },

    async find(id) {
      const cell = parseReportId(id);
      const now = clock.now();
      if (cell === undefined || !isOfLastMinutes(cell, now)) return undefined;
      for (const { sk, report: body } of await partitions.readBetween(now - FOUND_WITHIN_MS, now + SKEW_MS)) {
        const of = nameOfFeedItem(sk)?.cell;
        if (body === undefined || of?.layer !== cell.layer || of.geohash5 !== cell.geohash5) continue;
        const report = whole(() => decodeAppended(body, cell))?.report;
        if (report?.id !== id) continue;
        await apply(report);
        return report;
      }
      return undefined;
    },

    async recover(fromMs, toMs) {
      const items = await partitions.readItems(fromMs, toMs);
      const { unapplied } = toldBy(items, { fromMs: Number.NEGATIVE_INFINITY, nowMs: clock.now() });
      await forEachBounded(unapplied, WIDTH, apply);
      return unapplied;
    },
  };
}

/** Reads the items of all partitions of a time span. */
function createFeedPartitions(requests: Requests, shards: FeedShards) {
  /** @param before without it to the partition's end, where shard 0 has the number of shards */
  async function readPartition({ bucket, shard }: FeedPlace, from: string, items: FeedItem[], before?: string) {
    const pages = requests.queryPages<FeedItem>({
      KeyConditionExpression:
        before === undefined ? "pk = :pk AND sk >= :from" : "pk = :pk AND sk BETWEEN :from AND :before",
      ExpressionAttributeValues: {
        ":pk": feedPartition(bucket, shard),
        ":from": from,
        ...(before !== undefined && { ":before": before }),
      },
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
  async function readItems(fromMs: number, toMs: number): Promise<FeedItem[]> {
    const items: FeedItem[] = [];
    const buckets = feedBuckets(fromMs, toMs + OVERLAP_MS);
    const read = new Map(buckets.map((bucket) => [bucket, 0]));
    for (;;) {
      const next = buckets.flatMap((bucket) => {
        const first = read.get(bucket) ?? 0;
        read.set(bucket, shards.known(bucket));
        return Array.from({ length: shards.known(bucket) - first }, (_, i) => ({ bucket, shard: first + i }));
      });
      if (next.length === 0) return items;
      await forEachBounded(next, WIDTH, (place) => readPartition(place, feedTime(fromMs), items));
    }
  }

  const placesOf = (bucket: number): FeedPlace[] =>
    Array.from({ length: shards.known(bucket) }, (_, shard) => ({ bucket, shard }));

  /** What was published in a time span. */
  async function readBetween(fromMs: number, toMs: number): Promise<FeedItem[]> {
    const buckets = feedBuckets(fromMs, toMs);
    const unknown = buckets.filter((bucket) => shards.known(bucket) === 1);
    await Promise.all(unknown.map((bucket) => readPartition({ bucket, shard: 0 }, FEED_END, [])));
    const items: FeedItem[] = [];
    await forEachBounded(buckets.flatMap(placesOf), WIDTH, (place) =>
      readPartition(place, feedTime(fromMs), items, feedTime(toMs)),
    );
    return items;
  }

  return { readItems, readBetween };
}

/** Whether a report of an id may have been appended in them: its time is older than that by as much as times of its layer are cut. */
const isOfLastMinutes = ({ layer, createdAtMs }: ReportIdParts, nowMs: number): boolean =>
  createdAtMs >= keptFrom(layer, nowMs - FOUND_WITHIN_MS) && createdAtMs <= nowMs + SKEW_MS;

/**
 * Where a read begins that follows one at `timeMs`. A deep one goes back from the beginning of that read's two seconds, and so from
 * before the last deep one, however unevenly its reader polls: whatever is OVERLAP_MS old or younger at a deep read, the next one
 * tells again.
 */
export function readFrom(timeMs: number, nowMs: number): number {
  if (timeMs > nowMs + SKEW_MS) return Math.max(0, nowMs - SET_BACK_MS);
  const sinceMs = Math.min(timeMs, nowMs);
  const deepMs = sinceMs - (sinceMs % DEEP_EVERY_MS);
  const isDeep = nowMs - deepMs >= DEEP_EVERY_MS || timeMs > nowMs;
  return Math.max(0, isDeep ? deepMs - OVERLAP_MS : sinceMs - SHALLOW_MS);
}

function rateOf(items: readonly FeedItem[], nowMs: number): number {
  const since = feedTime(Math.max(0, nowMs - RATE_MS));
  return (items.filter(({ sk }) => sk >= since).length * 1000) / RATE_MS;
}

interface FoundIntent extends LogChange {
  readonly isPlain: boolean;
  readonly isHeld: boolean;
  readonly appended: AppendedReport | undefined;
}

interface Told {
  readonly changes: LogChange[];
  /** Reports that are in their intents, and of which nobody has said that their rows are stored. */
  readonly unapplied: Report[];
}

/**
 * Rows are told only with the intent that they confirm, and then every edit of their cell that was published since is in the same
 * read, so the cell is named: a report that was hidden before its confirmation came is not brought back. Of an intent that lies
 * before what was read, or so near that an edit by a slower clock may, an earlier read has told.
 */
function toldBy(items: readonly FeedItem[], { fromMs, nowMs }: { fromMs: number; nowMs: number }): Told {
  const intents = intentsOf(items, fromMs, nowMs);
  const changes: LogChange[] = [];
  const confirm = (nonce: string) => {
    const intent = intents.get(nonce);
    if (intent === undefined) return;
    const { layer, geohash5, from, isPlain, appended } = intent;
    if (isPlain) changes.push({ layer, geohash5, from });
    else if (appended !== undefined) changes.push({ layer, geohash5, from, rows: appended.columns });
    intents.delete(nonce);
  };
  for (const { confirmed } of items) {
    const { writer, counts, cells } = (confirmed && readConfirmations(confirmed)) ?? NO_CONFIRMATIONS;
    for (const count of counts) confirm(nonceOf(writer, count));
    for (const { layer, geohash5, counts: ofCell, rows } of cells) {
      const nonces = ofCell.map((count) => nonceOf(writer, count));
      if (!nonces.every((nonce) => intents.has(nonce))) continue;
      changes.push({ layer, geohash5, from: feedTime(rows.createdAtMs[0] ?? 0), rows });
      for (const nonce of nonces) intents.delete(nonce);
    }
  }
  const open = [...intents.values()].filter(({ isPlain, isHeld }) => isPlain || !isHeld);
  for (const { layer, geohash5, from } of open) changes.push({ layer, geohash5, from });
  const unapplied = open.flatMap(({ isHeld, appended }) => (appended === undefined || isHeld ? [] : appended.report));
  return { changes: mergeChanges(changes), unapplied };
}

const NO_CONFIRMATIONS: Confirmations = { writer: "", counts: [], cells: [] };

function intentsOf(items: readonly FeedItem[], fromMs: number, nowMs: number): Map<string, FoundIntent> {
  const intents = new Map<string, FoundIntent>();
  for (const { sk, from: named, plain: isPlain = false, report } of items) {
    const name = nameOfFeedItem(sk);
    if (name?.cell === undefined || (!isPlain && name.timeMs < fromMs + SKEW_MS)) continue;
    const from = named ?? fromOfIntent(name.timeMs);
    const isHeld = Math.abs(nowMs - name.timeMs) < HOLD_MS;
    const appended = report && whole(() => decodeAppended(report, name.cell as LogCell));
    intents.set(name.nonce, { ...name.cell, from, isPlain, isHeld, appended });
  }
  return intents;
}

/** None when they cannot be read: then the intents that they confirm are read. */
const readConfirmations = (body: Uint8Array): Confirmations | undefined => whole(() => decodeConfirmations(body));

/** What a stored item says; nothing when it is damaged, or of a later version. */
function whole<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof StoredItemError) return undefined;
    throw error;
  }
}
