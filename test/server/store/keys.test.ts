import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  confirmationSortKey,
  FEED_BUCKET_MS,
  feedBucket,
  feedBuckets,
  feedPartition,
  feedShardsOfSortKey,
  feedShardsSortKey,
  feedTime,
  idOfSortKey,
  intentSortKey,
  logKey,
  logPartition,
  logSpan,
  MARKER_SPAN,
  MAX_SHARDS,
  nameOfFeedItem,
  shardKey,
  shardOfSortKey,
} from "../../../server/store/keys.ts";
import { BASE32, encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { formatReportId, TAIL_LENGTH } from "../../../tiles/report-id.ts";

const base32 = (length: number) =>
  fc.array(fc.constantFrom(...BASE32), { minLength: length, maxLength: length }).map((chars) => chars.join(""));
const timeMs = fc.integer({ min: 0, max: 10_000_000_000_000 });
const cell = fc.record({ layer: fc.constantFrom(...REPORT_LAYERS), geohash5: base32(5) });
const shard = fc.integer({ min: 0, max: MAX_SHARDS - 1 });
const id = fc
  .tuple(cell, timeMs, shard, base32(TAIL_LENGTH))
  .map(([place, createdAtMs, inShard, tail]) => formatReportId({ ...place, createdAtMs, shard: inShard, tail }));

describe("log keys", () => {
  it("hold the id, in the partition of its cell and shard", () => {
    fc.assert(
      fc.property(cell, timeMs, shard, base32(TAIL_LENGTH), (place, createdAtMs, inShard, tail) => {
        const made = formatReportId({ ...place, createdAtMs, shard: inShard, tail });
        const key = logKey(made);
        expect(key?.pk).toBe(logPartition(place, inShard));
        expect(idOfSortKey(key?.sk ?? "")).toBe(made);
      }),
    );
  });

  it("sort as ids do, and lie in a span exactly when the id lies in the range", () => {
    fc.assert(
      fc.property(id, fc.option(id, { nil: undefined }), fc.option(id, { nil: undefined }), (one, from, before) => {
        const sk = logKey(one)?.sk ?? "";
        const span = logSpan({ ...(from && { from }), ...(before && { before }) });
        const inRange = (from === undefined || one >= from) && (before === undefined || one < before);
        expect(span !== undefined && sk >= span.from && sk < span.to).toBe(inRange);
      }),
    );
  });

  it("are nothing for what is not an id", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(logKey(text)).toBeUndefined();
      }),
    );
    const parts = { layer: "vibe", geohash5: "9v6kp", createdAtMs: 1, tail: "00000000" } as const;
    expect(logKey(formatReportId({ ...parts, shard: MAX_SHARDS - 1 }))).toBeDefined();
    expect(logKey(formatReportId({ ...parts, shard: MAX_SHARDS }))).toBeUndefined();
  });

  it("leave room for markers of shards right behind, in the partition of shard 0", () => {
    fc.assert(
      fc.property(id, cell, fc.integer({ min: 1, max: MAX_SHARDS - 1 }), (report, place, marked) => {
        const marker = shardKey(place, marked);
        expect(marker.pk).toBe(logPartition(place));
        expect(shardOfSortKey(marker.sk)).toBe(marked);
        expect(marker.sk > MARKER_SPAN.from && marker.sk < MARKER_SPAN.to).toBe(true);
        const row = logKey(report)?.sk ?? "";
        expect(row < MARKER_SPAN.from).toBe(true);
        expect((logSpan()?.to ?? "~") < MARKER_SPAN.from).toBe(true);
        expect(shardOfSortKey(row)).toBeUndefined();
      }),
    );
    for (const sk of ["S#", "S#0", "S#h", "S#11", "S#~"]) expect(shardOfSortKey(sk)).toBeUndefined();
  });

  it("keep cells apart", () => {
    fc.assert(
      fc.property(cell, cell, (a, b) => {
        const same = a.layer === b.layer && a.geohash5 === b.geohash5;
        expect(logPartition(a) === logPartition(b)).toBe(same);
      }),
    );
    expect(logPartition({ layer: "safety", geohash5: encodeGeohash(-97.743057, 30.267153, 5) })).toBe("safety#9v6kp#0");
  });
});

describe("feed keys", () => {
  it("give back their time, cell and nonce, and sort by time", () => {
    fc.assert(
      fc.property(cell, timeMs, timeMs, (place, a, b) => {
        const sk = intentSortKey(a, place, "nonce");
        expect(nameOfFeedItem(sk)).toEqual({ timeMs: a, cell: place, nonce: "nonce" });
        expect(sk >= feedTime(b)).toBe(a >= b);
        const confirmation = confirmationSortKey(a, "n");
        expect(nameOfFeedItem(confirmation)).toEqual({ timeMs: a, cell: undefined, nonce: "n" });
        expect(confirmation >= feedTime(b)).toBe(a >= b);
      }),
    );
  });

  it("have no cell for a layer that is not known here, and are nothing for what is none", () => {
    expect(nameOfFeedItem(`${feedTime(0)}#99v6kp#n`)).toEqual({ timeMs: 0, cell: undefined, nonce: "n" });
    expect(nameOfFeedItem("")).toBeUndefined();
    for (const place of ["49v6kp", "x9v6kp", "09v6k", "09v6ka", "0 9v6kp", "v2"]) {
      expect(nameOfFeedItem(`${feedTime(0)}#${place}#n`)).toEqual({ timeMs: 0, cell: undefined, nonce: "n" });
    }
    for (const sk of [
      "01783#safety#9v6kp#n",
      "aaaaaaaaaa#09v6kp#n",
      `${feedTime(0)}#09v6kp`,
      `${feedTime(0)}#0#9v6kp#n`,
    ]) {
      expect(nameOfFeedItem(sk)).toBeUndefined();
    }
    for (const sk of ["~", "~many", "~1e3", "~-1", "~8 ", "~v2#8"]) expect(feedShardsOfSortKey(sk)).toBeUndefined();
  });

  it("tell behind every time how many shards there are", () => {
    fc.assert(
      fc.property(timeMs, fc.integer({ min: 1, max: 999 }), (time, count) => {
        const sk = feedShardsSortKey(count);
        expect(feedShardsOfSortKey(sk)).toBe(count);
        expect(sk > feedTime(time)).toBe(true);
        expect(nameOfFeedItem(sk)).toBeUndefined();
        expect(feedShardsOfSortKey(feedTime(time))).toBeUndefined();
      }),
    );
  });

  it("are found in the buckets of every span around their time", () => {
    const span = fc.integer({ min: 0, max: 5 * FEED_BUCKET_MS });
    fc.assert(
      fc.property(timeMs, span, span, (time, before, after) => {
        const buckets = feedBuckets(Math.max(0, time - before), time + after);
        expect(buckets).toContain(feedBucket(time));
        expect(buckets).toEqual([...new Set(buckets)].sort((x, y) => x - y));
        expect(buckets.length).toBeLessThanOrEqual((before + after) / FEED_BUCKET_MS + 2);
      }),
    );
    expect(feedPartition(7, 0)).toBe("feed#00000007");
    expect(feedPartition(7, 3)).toBe("feed#00000007#3");
  });
});
