/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import {
  formatReportId,
  idTail,
  idTimePrefix,
  parseReportId,
  REPORT_ID_LENGTH,
  TAIL_LENGTH,
} from "../../tiles/report-id.ts";
import { runs } from "../kit/runs.ts";

const MAX_TIME_MS = 2 ** 50 - 1;

const base32 = (length: number) =>
  fc.array(fc.constantFrom(...BASE32), { minLength: length, maxLength: length }).map((chars) => chars.join(""));
const timeMs = fc.maxSafeNat().map((n) => n % (MAX_TIME_MS + 1));
const parts = fc.record({
  createdAtMs: timeMs,
  geohash5: base32(5),
  layer: fc.constantFrom(...REPORT_LAYERS),
  shard: fc.integer({ min: 0, max: 31 }),
  tail: base32(TAIL_LENGTH),
});
const EXAMPLE = {
  createdAtMs: 1_700_000_000_000,
  geohash5: "9v6kp",
  layer: "vibe",
  shard: 0,
  tail: "0123456z",
} as const;

describe("formatReportId and parseReportId", () => {
  it("give back what they were given", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const id = formatReportId(given);
        expect(id).toHaveLength(REPORT_ID_LENGTH);
        expect(parseReportId(id)).toEqual(given);
      }),
    );
  });

  it("keep the format that stored ids have", () => {
    expect(formatReportId(EXAMPLE)).toBe("01jg7ybu009v6kp100123456z");
  });

  it("sort by time, whatever else differs", () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(a.createdAtMs !== b.createdAtMs);
        expect(formatReportId(a) < formatReportId(b)).toBe(a.createdAtMs < b.createdAtMs);
      }),
    );
  });

  it("read no id where there is none, and the same id from what they read", () => {
    const almost = fc.tuple(base32(REPORT_ID_LENGTH), fc.nat(REPORT_ID_LENGTH - 1), fc.string({ maxLength: 2 }));
    const texts = fc.oneof(
      fc.string(),
      base32(REPORT_ID_LENGTH),
      almost.map(([id, at, other]) => id.slice(0, at) + other + id.slice(at + 1)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = parseReportId(text);
        if (read !== undefined) expect(formatReportId(read)).toBe(text);
      }),
      runs(1000),
    );
    const id = formatReportId(EXAMPLE);
    for (const wrong of [
      "",
      id.slice(1),
      `${id}0`,
      id.toUpperCase(),
      `a${id.slice(1)}`,
      `${id.slice(0, 15)}z${id.slice(16)}`,
    ]) {
      expect(parseReportId(wrong)).toBeUndefined();
    }
  });

  it.each([
    { shard: 32 },
    { shard: -1 },
    { shard: 0.5 },
    { geohash5: "9v6k" },
    { geohash5: "9v6ka" },
    { tail: "0123456" },
    { tail: "0123456!" },
    { layer: "scent" as "vibe" },
    { createdAtMs: -1 },
    { createdAtMs: 0.5 },
    { createdAtMs: MAX_TIME_MS + 1 },
    { createdAtMs: Number.NaN },
  ])("refuse %o", (wrong) => {
    expect(() => formatReportId({ ...EXAMPLE, ...wrong })).toThrow(RangeError);
  });
});

describe("idTimePrefix", () => {
  it("bounds the ids of its millisecond and all later ones from below", () => {
    fc.assert(
      fc.property(parts, timeMs, (given, time) => {
        expect(formatReportId(given) >= idTimePrefix(time)).toBe(given.createdAtMs >= time);
      }),
    );
  });
});

describe("idTail", () => {
  it("writes 40 bits in order, and no two of them alike", () => {
    const fiveBytes = fc.uint8Array({ minLength: 5, maxLength: 5 });
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    fc.assert(
      fc.property(fiveBytes, fiveBytes, (a, b) => {
        expect(idTail(a)).toMatch(/^[0-9b-hjkmnp-z]{8}$/);
        expect(idTail(a) < idTail(b)).toBe(hex(a) < hex(b));
        expect(idTail(a) === idTail(b)).toBe(hex(a) === hex(b));
      }),
    );
  });

  it("uses five bytes of longer input and refuses shorter", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5);
    expect(idTail(Uint8Array.of(...bytes, 6, 7))).toBe(idTail(bytes));
    expect(() => idTail(bytes.subarray(1))).toThrow(RangeError);
  });
});
