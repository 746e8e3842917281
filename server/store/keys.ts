import { BASE32, encodeGeohash } from "../../tiles/geohash.ts";
import { isReportLayer, type ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { idTimePrefix, parseReportId } from "../../tiles/report-id.ts";
import type { LogCell, LogRange } from "../ports.ts";

/**
 * Keys of the one table, all strings:
 *
 *     pk                            sk                                         what
 *     <layer>#<geohash5>#<shard>    R#<report id>                              a report
 *     <layer>#<geohash5>#0          S!<report id>                              "this report is hidden"
 *     <layer>#<geohash5>#0          S#<shard>                                  "reports lie in this shard, too"
 *     cells#<layer>                 <geohash5>                                 a cell that ever held a report
 *     feed#<ten minutes>            <ms, 14 digits>#<layer>#<geohash5>#<nonce> "read this cell again"
 *     idem#<key hash>               K                                          a claimed idempotency key
 *     memo#<key>                    K                                          a small value kept for a while
 *     flags#<report id>             <hash of who>                              somebody flagged this report
 *     derived#<group>               <name>                                     an item of derived data
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

/** Feed partitions span ten minutes: a poll reads one of them, and a day of a sleeping reader is 144. */
export const FEED_BUCKET_MS = 600_000;

const FEED_TIME_DIGITS = 14;
const REPORT_PREFIX = "R#";
/** Both sort right after the reports, and those of shards last: newest first, they come with the first page. */
const HIDDEN_PREFIX = "S!";
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

/** Sort keys of all markers, of hidden reports and of shards. */
export const MARKER_SPAN: SortKeySpan = { from: HIDDEN_PREFIX, to: MARKER_PREFIX + AFTER_IDS };

/** The marker of a hidden report. */
export function hiddenKey(cell: LogCell, id: string): Key {
  return { pk: logPartition(cell), sk: HIDDEN_PREFIX + id };
}

/** The report that a marker's sort key hides; `undefined` when it is none of these. */
export function hiddenOfSortKey(sk: string): string | undefined {
  return sk.startsWith(HIDDEN_PREFIX) ? sk.slice(HIDDEN_PREFIX.length) : undefined;
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

export function directoryPartition(layer: ReportLayer): string {
  return `cells#${layer}`;
}

export function directoryKey(cell: LogCell): Key {
  return { pk: directoryPartition(cell.layer), sk: cell.geohash5 };
}

export function feedPartition(timeMs: number): string {
  return `feed#${String(Math.floor(timeMs / FEED_BUCKET_MS)).padStart(8, "0")}`;
}

/** Partitions that hold feed items of a time span, both ends inclusive, oldest first. */
export function feedPartitions(fromMs: number, toMs: number): string[] {
  const partitions: string[] = [];
  const first = Math.floor(fromMs / FEED_BUCKET_MS) * FEED_BUCKET_MS;
  for (let ms = first; ms <= toMs; ms += FEED_BUCKET_MS) partitions.push(feedPartition(ms));
  return partitions;
}

/** The beginning of every feed sort key of a millisecond: an inclusive lower bound. */
export function feedTime(timeMs: number): string {
  return String(timeMs).padStart(FEED_TIME_DIGITS, "0");
}

/** Key of a feed item; the nonce must be new for every item, or one would silently replace another. */
export function feedKey(timeMs: number, cell: LogCell, nonce: string): Key {
  return { pk: feedPartition(timeMs), sk: `${feedTime(timeMs)}#${cell.layer}#${cell.geohash5}#${nonce}` };
}

/** The cell of a feed item's sort key; `undefined` when it is none, such as one of a later version's layers. */
export function cellOfFeedKey(sk: string): LogCell | undefined {
  const [, layer, geohash5] = sk.split("#");
  if (layer === undefined || geohash5 === undefined || !isReportLayer(layer)) return undefined;
  return { layer, geohash5 };
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
