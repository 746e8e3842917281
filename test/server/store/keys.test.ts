import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cellOfFeedKey,
  FEED_BUCKET_MS,
  feedKey,
  feedPartition,
  feedPartitions,
  feedTime,
  idOfSortKey,
  logKey,
  logPartition,
  logSpan,
  MARKER_SPAN,
  MAX_SHARDS,
  shardKey,
  shardOfSortKey,
} from "../../../server/store/keys.ts";
import { BASE32, encodeGeohash } from "../../../tiles/geohash.ts";
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
  it("give back their cell and sort by time", () => {
    fc.assert(
      fc.property(cell, timeMs, timeMs, (place, a, b) => {
        const key = feedKey(a, place, "nonce");
        expect(cellOfFeedKey(key.sk)).toEqual(place);
        expect(key.sk >= feedTime(b)).toBe(a >= b);
      }),
    );
  });

  it("are nothing for a layer that is not known here", () => {
    expect(cellOfFeedKey(`${feedTime(0)}#scent#9v6kp#n`)).toBeUndefined();
    expect(cellOfFeedKey("")).toBeUndefined();
  });

  it("are found in the partitions of every span around their time", () => {
    const span = fc.integer({ min: 0, max: 5 * FEED_BUCKET_MS });
    fc.assert(
      fc.property(timeMs, span, span, (time, before, after) => {
        const partitions = feedPartitions(Math.max(0, time - before), time + after);
        expect(partitions).toContain(feedPartition(time));
        expect(partitions).toEqual([...new Set(partitions)].sort());
        expect(partitions.length).toBeLessThanOrEqual((before + after) / FEED_BUCKET_MS + 2);
      }),
    );
  });
});
