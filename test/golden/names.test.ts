import { describe, expect, it } from "vitest";
import { formatHash, INITIAL_STATE, parseHash } from "../../client/page/address.ts";
import { createEntryStorage } from "../../client/report/outbox-entry.ts";
import { hashKey, isKey, visiblePrefix } from "../../server/accounts/key.ts";
import { formatRisingCursor, parseRisingCursor } from "../../server/http/schemas/rising-cursor.ts";
import { tilePath } from "../../server/serving/parse-tile-path.ts";
import * as keys from "../../server/store/keys.ts";
import { parseCursor } from "../../server/store/log-changes.ts";
import { reportOfRow, rowOfReport } from "../../server/store/rows.ts";
import { formatClusterId, numericId, parseClusterId } from "../../tiles/cluster/cluster-id.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { columnsOfReports, idOfRow } from "../../tiles/report-columns.ts";
import { idTimePrefix, parseReportId, timeOfId } from "../../tiles/report-id.ts";
import { itKeeps } from "./golden.ts";
import { CORNERS, NOW_MS, sampleReport } from "./sample.ts";

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
  ] as const;
  itKeeps(
    "cluster-ids",
    clusters.map((parts) => ({
      sample: json(parts),
      write: () => formatClusterId(parts),
      read: (id) => parseClusterId(id),
    })),
  );

  itKeeps("feature-ids", [
    {
      sample: POTHOLE.id,
      write: () => {
        const bytes = new TextEncoder().encode(POTHOLE.id);
        return String(numericId(bytes, 0, bytes.length));
      },
      read: Number,
    },
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
  itKeeps("feed-cursors", [{ sample: "a time", write: () => "1780315200001", read: parseCursor }]);
});

describe("addresses that others keep", () => {
  const tile = { z: 14, x: 3745, y: 6743 };
  itKeeps("tile-paths", [
    {
      sample: "two layers",
      write: () => tilePath({ layers: ["safety", "scores"], tile, window: "90d" }),
      read: String,
    },
    { sample: "a window", write: () => tilePath({ layers: ["vibe"], tile, window: "24h" }), read: String },
  ]);

  const states = [
    INITIAL_STATE,
    {
      view: { zoom: 3.5, latDeg: -33.8688, lonDeg: 151.2093 },
      layers: [],
      window: "24h",
      scores: "overall",
      card: "9q8yyk",
    },
    { view: { zoom: 17, latDeg: 30.271456, lonDeg: -97.742123 }, layers: ["safety", "vibe"], window: "7d" },
  ] as const;
  itKeeps(
    "page-addresses",
    states.map((state, i) => ({
      sample: `${i}`,
      write: () => formatHash(state),
      read: (hash) => parseHash(hash, INITIAL_STATE),
    })),
  );
});

describe("what browsers keep", () => {
  const entry = {
    key: "0123456789abcdef0123456789abcdef",
    draft: { layer: "infrastructure", category: "pothole", severity: 4, lat: 30.271456, lon: -97.742123, text: "deep" },
    droppedAtMs: NOW_MS,
    attempted: true,
    refusal: { message: "lat is wrong", fields: { lat: "must be from -90 to 90" } },
  } as const;

  /** The part of `localStorage` that is used, over a plain object. */
  function storageOver(items: Record<string, string>): Storage {
    const names = () => Object.keys(items);
    return {
      get length() {
        return names().length;
      },
      key: (i: number) => names()[i] ?? null,
      getItem: (name: string) => items[name] ?? null,
      setItem(name: string, value: string) {
        items[name] = value;
      },
      removeItem(name: string) {
        delete items[name];
      },
      clear() {},
    };
  }

  itKeeps("outbox-entries", [
    {
      sample: "a refused one",
      write() {
        const items: Record<string, string> = {};
        createEntryStorage(storageOver(items)).put(entry);
        return json(items);
      },
      read: (items) => createEntryStorage(storageOver(JSON.parse(items))).list(),
    },
  ]);
});

describe("API keys", () => {
  const key = `stratum_${"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd"}`;

  it("are found by the hash that was stored for them", async () => {
    expect([isKey(key), visiblePrefix(key)]).toEqual([true, "stratum_012345"]);
    expect(await hashKey(key)).toMatchInlineSnapshot(
      `"6b167b338e5dad655457eff63fcc65540fcd62a7fce201dd054f9af4b12bb488"`,
    );
  });
});
