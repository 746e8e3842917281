import { describe, expect } from "vitest";
import { decodeFeedState, encodeFeedState } from "../../server/import/feeds/feed-state.ts";
import { parseSource, parseValueMaps } from "../../server/import/fields/mapping.ts";
import { reportOfRow, toldByRow } from "../../server/import/fields/row-report.ts";
import { createTimeReader } from "../../server/import/fields/time-reader.ts";
import { findFormerRowsUntil } from "../../server/import/ids/former-rows.ts";
import {
  createFormerDigest,
  createRowDigest,
  type FormerTails,
  formerTailsOfRow,
  tailOfRow,
} from "../../server/import/ids/row-ids.ts";
import { findRowKey } from "../../server/import/ids/row-key.ts";
import { type Anchor, newAnchor, tokensOf } from "../../server/import/keeping/anchor.ts";
import { decodeAnchor, encodeAnchor, itemName } from "../../server/import/keeping/anchor-items.ts";
import { findFormerEpoch } from "../../server/import/keeping/former-epoch.ts";
import type { ReportStore } from "../../server/ports/report-store.ts";
import { seedIfEmpty } from "../../server/seed/seed-if-empty.ts";
import { parseReportId } from "../../tiles/report-id.ts";
import { itKeeps, itReads, itRefusesOtherVersions } from "./golden.ts";
import { NOW_MS } from "./sample.ts";

/** What makes the rows of a file the same reports in every run of an import. */

describe("rows of imported files", () => {
  const columns = ["lat", "lon", "Straße", "time"];
  const row = { number: 1, values: ["30.271456", "-97.742123", "Löcher 🚲", ""], raw: Buffer.from("") };
  const fieldsOfColumns = [
    ["lat", "lat"],
    ["lon", "lon"],
    ["text", "Straße"],
    ["time", "time"],
  ] as const;
  const digest = createRowDigest(fieldsOfColumns, columns)(row);
  const formerDigest = createFormerDigest(columns)(row);
  const fields = { lon: "-97.742123", lat: "30.271456", layer: "infrastructure", category: "pothole", severity: "4" };

  const values = { ...fields, time: "2026-06-01T11:59:00Z", text: "" };
  const options = { nowMs: NOW_MS, readTime: createTimeReader(), mapTime: (timeMs: number) => timeMs };
  const KEY = "0123456789abcdef".repeat(4);
  const formerAt = (occurrence: number) => formerTailsOfRow(KEY, formerDigest, occurrence);
  const { keyed = "", bare } = formerAt(0);
  const formerIdsOf = (former: FormerTails, tail = "00000000") => {
    const told = toldByRow({ ...values, layer: "safety", category: "theft" }, { tail, former }, options);
    return "formerIds" in told ? [...told.formerIds] : told;
  };

  itKeeps("import-rows-by-fields", [
    { sample: "its digest", write: () => digest.toString("hex"), read: String },
    {
      sample: "ends of ids, of the first rows that tell the same",
      write: () => [0, 1, 2].map((occurrence) => tailOfRow(KEY, digest, occurrence)),
      read: String,
    },
    {
      sample: "a report",
      write: () => reportOfRow(values, { tail: tailOfRow(KEY, digest, 0) }, options),
      read: ({ id }) => parseReportId(id),
    },
    {
      sample: "ids by which programs of before stored a row, where it is looked for",
      write: () => formerIdsOf(formerAt(0)),
      read: (ids: string[]) => ids.map(parseReportId),
    },
    {
      sample: "until when those are looked for",
      async write() {
        const kept: unknown[] = [];
        const store: Pick<ReportStore, "remember" | "isEmpty"> = {
          isEmpty: async () => true,
          async remember(key, value, { untilMs }) {
            kept.push(key, value, untilMs);
            return value;
          },
        };
        const clock = { now: () => NOW_MS };
        for (const isKeyNew of [true, false]) await findFormerRowsUntil({ store, clock, isKeyNew });
        return kept;
      },
      read: String,
    },
  ]);

  // Of programs whose digest was of all columns, and of today as what they are looked for by.
  itKeeps("import-rows-by-key", [
    {
      sample: "ends of ids, of the first rows of a content",
      write: () => [0, 1, 2].map((occurrence) => formerAt(occurrence).keyed),
      read: String,
    },
    {
      sample: "a report",
      write: () => reportOfRow(values, { tail: keyed }, options),
      read: ({ id }) => parseReportId(id),
    },
    {
      sample: "ids by which programs of before stored a row, where it is looked for",
      write: () => formerIdsOf({ bare }),
      read: (ids: string[]) => ids.map(parseReportId),
    },
  ]);

  // Of programs that had no key, likewise.
  itKeeps("import-rows-of-kept-places", [
    { sample: "its digest", write: () => formerDigest.toString("hex"), read: String },
    {
      sample: "ends of ids, of the first rows of a content",
      write: () => [0, 1, 2].map((occurrence) => formerAt(occurrence).bare),
      read: String,
    },
    {
      sample: "a report",
      write: () => reportOfRow(values, { tail: bare }, options),
      read: ({ id }) => parseReportId(id),
    },
  ]);
  // With places to six decimals, and times to the millisecond.
  itReads("import-rows", (stored) => (stored.id === undefined ? String(stored) : parseReportId(stored.id)));

  itKeeps("import-row-keys", [
    {
      sample: "where it is kept",
      async write() {
        const kept: unknown[] = [];
        const store: Pick<ReportStore, "remember"> = {
          async remember(key, value, { untilMs, replace = false }) {
            kept.push(key, value.length, untilMs, replace);
            return value;
          },
        };
        await findRowKey(store);
        return kept;
      },
      read: String,
    },
  ]);

  // Of programs that kept no anchors.
  itReads("import-epochs", async ([storedKey, storedValue, untilMs]: [string, string, number]) => {
    const asked: unknown[] = [];
    const store: Pick<ReportStore, "remember"> = {
      async remember(key, value, options) {
        asked.push(options.untilMs);
        return key === storedKey ? storedValue : value;
      },
    };
    const mapping = {
      sources: { time: parseSource("when") },
      values: parseValueMaps(["time:now=2026", "category:a=b"]),
    };
    const file = { contentHash: "ab".repeat(32), intoLastMs: 7 * 86_400_000 };
    const epochMs = await findFormerEpoch({ ...file, store, clock: { now: () => NOW_MS }, mapping });
    // What did not exist is not kept by asking.
    expect(asked).toEqual([NOW_MS]);
    return String([storedKey, epochMs, untilMs]);
  });

  const anchor: Anchor = {
    ...newAnchor({ oldestMs: 1, newestMs: 2, before: { rows: 1, oldestMs: -5, newestMs: -4 } }, 7, NOW_MS),
    name: "houston",
    file: {
      path: "/data/Löcher.csv",
      contentHash: "ab".repeat(32),
      timeReading: "0123456789abcdef",
      salt: "0011223344556677",
      tokens: tokensOf([1, 2 ** 48 - 1], "0011223344556677"),
    },
  };
  const readAnchor = (body: Uint8Array) => decodeAnchor({ name: "golden", body });
  itKeeps("import-anchor-v1", [
    { sample: "of a span", write: () => encodeAnchor(anchor), read: readAnchor },
    {
      sample: "of a moment, of what came by standard input",
      write: () =>
        encodeAnchor({
          ...newAnchor({ oldestMs: NOW_MS, newestMs: NOW_MS }, 0, NOW_MS),
          file: { ...anchor.file, path: undefined, tokens: [] },
        }),
      read: readAnchor,
    },
  ]);
  itRefusesOtherVersions("import-anchor-v1", readAnchor);
  itKeeps("import-anchor-names", [
    { sample: "with a name", write: () => itemName(anchor), read: String },
    { sample: "without", write: () => itemName({ file: anchor.file }), read: String },
  ]);

  itKeeps("seeding", [
    {
      sample: "what is kept of it",
      async write() {
        const kept: unknown[] = [];
        const store: Pick<ReportStore, "isEmpty" | "putMany" | "remember"> = {
          isEmpty: async () => true,
          putMany: async (reports) => ({ written: reports.length, existing: 0 }),
          async remember(key, value) {
            kept.push([key, value]);
            return value;
          },
        };
        await seedIfEmpty({ store, clock: { now: () => NOW_MS } });
        return kept;
      },
      read: String,
    },
  ]);
});

describe("feeds that are watched", () => {
  const read = (body: Uint8Array) => decodeFeedState(body, "golden");
  const ofTheWeb = {
    etag: 'W/"1a2b"',
    lastModified: "Mon, 01 Jun 2026 11:59:00 GMT",
    contentHash: "0123456789abcdef".repeat(4),
  };
  itKeeps("import-feed-v1", [
    { sample: "an address", write: () => encodeFeedState(ofTheWeb), read },
    { sample: "a file", write: () => encodeFeedState({ sizeBytes: 123_456, mtimeMs: 1_780_315_140_000.25 }), read },
  ]);
  itRefusesOtherVersions("import-feed-v1", read);
});
