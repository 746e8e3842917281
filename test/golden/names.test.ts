import { describe, expect, it } from "vitest";
import { hashKey, isKey, visiblePrefix } from "../../server/accounts/key.ts";
import { formatRisingCursor, parseRisingCursor } from "../../server/http/schemas/rising-cursor.ts";
import { nonceOf } from "../../server/store/dynamo/confirmations.ts";
import * as keys from "../../server/store/keys.ts";
import { parseCursor } from "../../server/store/log-changes.ts";
import { reportOfRow, rowOfReport } from "../../server/store/rows.ts";
import { formatClusterId, numericId, parseClusterId } from "../../tiles/cluster/cluster-id.ts";
import { AGE_BANDS, ageBand, REPORT_LAYERS, WINDOW_BANDS } from "../../tiles/layers.ts";
import { columnsOfReports, idOfRow } from "../../tiles/report-columns.ts";
import { idTimePrefix, parseReportId, timeOfId } from "../../tiles/report-id.ts";
import { itKeeps } from "./golden.ts";
import { CORNERS, EDGES_MS, NOW_MS, sampleReport } from "./sample.ts";

/** Texts that databases, browsers, links and other people's programs keep. */

const CELL = { layer: "infrastructure", geohash5: "9v6kp" } as const;
const POTHOLE = sampleReport({
  layer: "infrastructure",
  lonDeg: -97.742123,
  latDeg: 30.271456,
  createdAtMs: NOW_MS - 1234,
  category: "pothole",
  severity: 4,
  shard: 3,
  text: "deep",
});
const json = JSON.stringify;

describe("ids", () => {
  itKeeps(
    "report-ids",
    [...CORNERS, POTHOLE].map((report, i) => ({
      sample: `${i}`,
      write: () => report.id,
      read: (id) => ({ ...parseReportId(id), timeMs: timeOfId(id) }),
    })),
  );

  it("are the same from a row of columns", () => {
    const columns = columnsOfReports([...CORNERS]);
    expect(CORNERS.map((_, row) => idOfRow(columns, row, REPORT_LAYERS.indexOf("safety")))).toEqual(
      CORNERS.map(({ id }) => id),
    );
  });

  const clusters = [
    { layer: "safety", zoom: 11, start: "9q8yyk8", window: "90d" },
    { layer: "vibe", zoom: 4, start: "9q8y", window: "24h" },
    { layer: "opportunity", zoom: 0, start: "9q", window: "7d" },
    { layer: "infrastructure", zoom: 17, start: POTHOLE.id, window: "30d" },
    { layer: "infrastructure", zoom: 18, start: "9v6kpz0jx", window: "7d" },
    { layer: "safety", zoom: 22, start: "9v6kpz0jx4", window: "90d" },
  ] as const;
  itKeeps(
    "cluster-ids",
    clusters.map((parts) => ({
      sample: json(parts),
      write: () => formatClusterId(parts),
      read: (id) => parseClusterId(id),
    })),
  );

  /** Lengths of the starts of clusters by zoom. */
  const STARTS = [3, 3, 3, 3, 4, 4, 5, 5, 5, 6, 6, 7, 7, 7, 8, 8, 9, 9, 9, 10, 10, 10, 10];
  const clusterAt = (sample: string, zoom: number, start: string) => ({
    sample,
    write: () => formatClusterId({ layer: "infrastructure", zoom, start, window: "90d" }),
    read: (id: string) => parseClusterId(id),
  });
  itKeeps("cluster-ids-of-zooms", [
    ...STARTS.map((length, zoom) => {
      const sample = zoom === 16 || zoom === 17 ? `${zoom}, of a micro cell` : `${zoom}`;
      return clusterAt(sample, zoom, "9v6kpz0jx4".slice(0, length));
    }),
    // As they were given up to 0.2.
    clusterAt("16", 16, POTHOLE.id),
    clusterAt("17", 17, POTHOLE.id),
  ]);

  itKeeps(
    "feature-ids",
    [POTHOLE.id, "safety.11.9q8yyk8", "vibe.4.9q8y.24h"].map((id) => ({
      sample: id,
      write: () => {
        const bytes = new TextEncoder().encode(id);
        return String(numericId(bytes, 0, bytes.length));
      },
      read: Number,
    })),
  );
});

describe("ages", () => {
  const bands = EDGES_MS.flatMap((edge) => [edge - 1, edge, edge + 1]).map((ageMs) => [ageMs, ageBand(ageMs)]);
  itKeeps("age-bands", [
    { sample: "in which ages lie", write: () => bands, read: String },
    { sample: "of each window", write: () => WINDOW_BANDS, read: Object.keys },
    { sample: "their weights", write: () => AGE_BANDS.map(({ weightTenths }) => weightTenths), read: String },
  ]);
});

describe("rows and keys of the table", () => {
  itKeeps("report-rows", [
    { sample: "as usual", write: () => json(rowOfReport(POTHOLE)), read: (row) => reportOfRow(JSON.parse(row)) },
    {
      sample: "of another life",
      write: () => json(rowOfReport({ ...POTHOLE, expiresAtMs: NOW_MS + 5001 })),
      read: (row) => reportOfRow(JSON.parse(row)),
    },
  ]);

  const shownKeys = {
    logPartition: keys.logPartition(CELL, 3),
    logKey: keys.logKey(POTHOLE.id),
    editedKey: keys.editedKey(CELL, POTHOLE.id),
    shardKey: keys.shardKey(CELL, 15),
    logSpan: keys.logSpan({ from: POTHOLE.id, before: idTimePrefix(NOW_MS) }),
    wholeSpan: keys.logSpan(),
    feedPartition: [keys.feedPartition(keys.feedBucket(NOW_MS), 0), keys.feedPartition(keys.feedBucket(NOW_MS), 511)],
    feedShards: keys.feedShardsSortKey(16),
    claim: keys.idempotencyKey("f".repeat(64)),
    memo: keys.memoKey("import/now"),
    flags: keys.flagsPartition(POTHOLE.id),
    derived: keys.derivedKey("slices/safety/9v6", "9v6k"),
  };
  itKeeps("table-keys", [{ sample: "of every kind", write: () => json(shownKeys), read: (text) => JSON.parse(text) }]);

  itKeeps("feed-sort-keys", [
    {
      sample: "an intent",
      write: () => keys.intentSortKey(NOW_MS, CELL, "k3jd9.5"),
      read: (sk) => keys.nameOfFeedItem(sk),
    },
    {
      sample: "an intent of a writer that has written many",
      write: () => keys.intentSortKey(NOW_MS, CELL, nonceOf("k3jd9", 1_234_567)),
      read: (sk) => keys.nameOfFeedItem(sk),
    },
    {
      sample: "confirmations",
      write: () => keys.confirmationSortKey(NOW_MS, "k3jd9.6"),
      read: (sk) => keys.nameOfFeedItem(sk),
    },
  ]);
});

describe("cursors", () => {
  itKeeps("rising-cursors", [
    {
      sample: "a ratio",
      write: () => formatRisingCursor("2026-06-01", { ratio: 1.25, reports: 12, geohash: "9v6kpz" }),
      read: parseRisingCursor,
    },
    {
      sample: "nothing the month before",
      write: () => formatRisingCursor("2026-06-01", { ratio: Number.POSITIVE_INFINITY, reports: 3, geohash: "000000" }),
      read: parseRisingCursor,
    },
  ]);
  itKeeps("rising-cursors-of-ratios", [
    {
      sample: "many digits",
      write: () => formatRisingCursor("2026-06-01", { ratio: 13 / 7, reports: 13, geohash: "zzzzzz" }),
      read: parseRisingCursor,
    },
    {
      sample: "a large one",
      write: () => formatRisingCursor("2024-02-29", { ratio: 123_456_789, reports: 123_456_789, geohash: "9v6kpz" }),
      read: parseRisingCursor,
    },
    {
      sample: "a small one",
      write: () => formatRisingCursor("2026-12-31", { ratio: 1e-7, reports: 1, geohash: "9v6kpz" }),
      read: parseRisingCursor,
    },
  ]);
  itKeeps("feed-cursors", [{ sample: "a time", write: () => "1780315200001", read: parseCursor }]);
});

describe("API keys", () => {
  const key = `stratum_${"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd"}`;

  it("are found by the hash that was stored for them", async () => {
    expect([isKey(key), visiblePrefix(key)]).toEqual([true, "stratum_012345"]);
    expect(hashKey(key)).toMatchInlineSnapshot(`"6b167b338e5dad655457eff63fcc65540fcd62a7fce201dd054f9af4b12bb488"`);
  });
});
