import { BASE32, encodeGeohash } from "../../tiles/geo/geohash.ts";
import { isReportLayer, REPORT_LAYERS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { idTimePrefix, parseReportId, timeOfId } from "../../tiles/report-id.ts";
import type { LogCell, LogRange } from "../ports/report-store.ts";

/**
 * Keys of the one table, all strings:
 *
 *     pk                            sk                                  what
 *     <layer>#<geohash5>#<shard>    R#<report id>                       a report as it was put; never written again
 *     <layer>#<geohash5>#0          S!<report id>                       the newest version of a report that was edited
 *     <layer>#<geohash5>#0          S#<shard>                           "reports lie in this shard, too"
 *     feed#<ten minutes>[#<shard>]  <time>#<layer><geohash5>#<nonce>    an intent: "this cell changes now"
 *     feed#<ten minutes>[#<shard>]  <time>#~#<nonce>                    confirmations of intents alone
 *     feed#<ten minutes>            ~<count>                            "these ten minutes have so many feed shards"
 *     idem#<key hash>               K                                   a claimed idempotency key
 *     memo#<key>                    K                                   a small value kept for a while
 *     flags#<report id>             <hash of who>                       somebody flagged this report
 *     derived#<group>               <name>                              an item of derived data
 */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** A half-closed report range as sort keys for BETWEEN, which includes both its ends. */
export interface SortKeySpan {
  readonly from: string;
  readonly to: string;
}

/** Write shards that a cell can have; `shards.ts` says when it has more than one. */
export const MAX_SHARDS = 16;

/** Feed partitions span ten minutes: a poll reads those of one such bucket, and a day of a sleeping reader is 144. */
export const FEED_BUCKET_MS = 600_000;

/** Begins the sort key of every report. */
export const REPORT_PREFIX = "R#";
/** Both sort right after the reports, and those of shards last: a read without an end brings them along. */
const EDITED_PREFIX = "S!";
const MARKER_PREFIX = "S#";
/** Sorts after every character of an id. */
const AFTER_IDS = "~";

/** A cell as the key of a map. */
export function cellName(cell: LogCell): string {
  return `${cell.layer}#${cell.geohash5}`;
}

export function logPartition(cell: LogCell, shard = 0): string {
  return `${cellName(cell)}#${shard}`;
}

/** Where a report id is stored, `undefined` when it is not an id or lies in a shard that does not exist. */
export function logKey(id: string): Key | undefined {
  const parts = parseReportId(id);
  if (parts === undefined || parts.shard >= MAX_SHARDS) return undefined;
  return { pk: logPartition(parts, parts.shard), sk: REPORT_PREFIX + id };
}

/** The report id of a log row's sort key. */
export function idOfSortKey(sk: string): string {
  return sk.slice(REPORT_PREFIX.length);
}

/** Sort keys of everything beside the reports: edited ones, and shards. */
export const MARKER_SPAN: SortKeySpan = { from: EDITED_PREFIX, to: MARKER_PREFIX + AFTER_IDS };

/** Where the newest version of an edited report is kept. */
export function editedKey(cell: LogCell, id: string): Key {
  return { pk: logPartition(cell), sk: EDITED_PREFIX + id };
}

/** The report that a sort key is the newest version of; `undefined` when it is none of these. */
export function editedOfSortKey(sk: string): string | undefined {
  return sk.startsWith(EDITED_PREFIX) ? sk.slice(EDITED_PREFIX.length) : undefined;
}

/** The marker of a shard beside 0. */
export function shardKey(cell: LogCell, shard: number): Key {
  return { pk: logPartition(cell), sk: MARKER_PREFIX + BASE32[shard] };
}

/** The shard of a marker's sort key; `undefined` when it is none. */
export function shardOfSortKey(sk: string): number | undefined {
  const shard = sk.startsWith(MARKER_PREFIX) ? BASE32.indexOf(sk.slice(MARKER_PREFIX.length)) : -1;
  return shard > 0 && shard < MAX_SHARDS ? shard : undefined;
}

/**
 * The cell that a report belongs to.
 * @throws RangeError when its id tells of another time, place, layer or shard: such a report would never be found again.
 */
export function cellOfReport(report: Report): LogCell {
  const parts = parseReportId(report.id);
  if (parts === undefined) throw new RangeError(`not a report id: ${report.id}`);
  if (parts.shard >= MAX_SHARDS)
    throw new RangeError(`report ${report.id} lies in shard ${parts.shard} of ${MAX_SHARDS}`);
  if (parts.layer !== report.layer) throw new RangeError(`report ${report.id} is not of layer ${report.layer}`);
  if (parts.createdAtMs !== report.createdAtMs) {
    throw new RangeError(`report ${report.id} was not created at ${report.createdAtMs}`);
  }
  if (encodeGeohash(report.lonDeg, report.latDeg, 5) !== parts.geohash5) {
    throw new RangeError(`report ${report.id} is not at ${report.lonDeg}, ${report.latDeg}`);
  }
  return { layer: parts.layer, geohash5: parts.geohash5 };
}

/** Sort keys of a range, or `undefined` when nothing can be inside. The row at exactly `to` is outside if `before` is given. */
export function logSpan(range: LogRange = {}): SortKeySpan | undefined {
  const { from = "", before = AFTER_IDS } = range;
  return from < before ? { from: REPORT_PREFIX + from, to: REPORT_PREFIX + before } : undefined;
}

/** The cell of a log partition, whichever its shard; `undefined` when it is another kind of partition. */
export function cellOfPartition(pk: string): LogCell | undefined {
  const [layer, geohash5, shard] = pk.split("#");
  if (layer === undefined || geohash5 === undefined || shard === undefined || !isReportLayer(layer)) return undefined;
  return { layer, geohash5 };
}

/** The ten minutes that a time belongs to. */
export const feedBucket = (timeMs: number): number => Math.floor(timeMs / FEED_BUCKET_MS);

export function feedPartition(bucket: number, shard: number): string {
  return `feed#${String(bucket).padStart(8, "0")}${shard === 0 ? "" : `#${shard}`}`;
}

/** Buckets that hold feed items of a time span, both ends inclusive, oldest first. */
export function feedBuckets(fromMs: number, toMs: number): number[] {
  const first = feedBucket(fromMs);
  return Array.from({ length: Math.max(0, feedBucket(toMs) - first + 1) }, (_, i) => first + i);
}

/** The beginning of every feed sort key of a millisecond: an inclusive lower bound. */
export const feedTime = idTimePrefix;

/** Sort key of an intent; the nonce must be new for every item, or one would silently replace another. */
export function intentSortKey(timeMs: number, cell: LogCell, nonce: string): string {
  return `${feedTime(timeMs)}#${REPORT_LAYERS.indexOf(cell.layer)}${cell.geohash5}#${nonce}`;
}

export function confirmationSortKey(timeMs: number, nonce: string): string {
  return `${feedTime(timeMs)}#${AFTER_IDS}#${nonce}`;
}

export interface FeedItemName {
  readonly timeMs: number;
  /** Undefined in a later version's layer, and where the item only confirms. */
  readonly cell: LogCell | undefined;
  readonly nonce: string;
}

/** What a feed item's sort key tells; `undefined` when it is none. */
export function nameOfFeedItem(sk: string): FeedItemName | undefined {
  const [time = "", place = "", nonce] = sk.split("#");
  if (nonce === undefined || time.length !== feedTime(0).length) return undefined;
  const layer = REPORT_LAYERS[Number.parseInt(place.charAt(0), 10)];
  const cell = layer === undefined ? undefined : { layer, geohash5: place.slice(1) };
  return { timeMs: timeOfId(time), cell, nonce };
}

const SHARDS_DIGITS = 3;

/** Sort key that says how many shards the feed has; sorts after all times, so that every read of shard 0 brings it. */
/** Sorts after every time, and before what a bucket says of itself. */
export const FEED_END = "~";

export function feedShardsSortKey(count: number): string {
  return AFTER_IDS + String(count).padStart(SHARDS_DIGITS, "0");
}

/** The number of shards that a sort key tells; `undefined` when it is another item's. */
export function feedShardsOfSortKey(sk: string): number | undefined {
  return sk.startsWith(AFTER_IDS) ? Number(sk.slice(AFTER_IDS.length)) : undefined;
}

export function idempotencyKey(keyHash: string): Key {
  return { pk: `idem#${keyHash}`, sk: "K" };
}

export function memoKey(key: string): Key {
  return { pk: `memo#${key}`, sk: "K" };
}

export function flagsPartition(reportId: string): string {
  return `flags#${reportId}`;
}

export function derivedPartition(group: string): string {
  return `derived#${group}`;
}

export function derivedKey(group: string, name: string): Key {
  return { pk: derivedPartition(group), sk: name };
}

/** A change that makes a reader read all of a cell again. */
export const FROM_THE_BEGINNING = idTimePrefix(0);
