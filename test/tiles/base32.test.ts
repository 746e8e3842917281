import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeBase32 } from "../../tiles/geo/base32.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { columnsOfReports, writeIdOfRow } from "../../tiles/report-columns.ts";
import { seededRandom } from "../kit/random.ts";
import { makeReport } from "../kit/sample-reports.ts";

describe("writeBase32", () => {
  it("writes what reads back, in as many characters as asked for", () => {
    const number = fc
      .integer({ min: 1, max: 10 })
      .chain((digits) =>
        fc.record({ digits: fc.constant(digits), value: fc.integer({ min: 0, max: 32 ** digits - 1 }) }),
      );
    fc.assert(
      fc.property(number, fc.nat({ max: 5 }), ({ digits, value }, at) => {
        const out = new Uint8Array(20);
        expect(writeBase32(out, at, value, digits)).toBe(at + digits);
        const text = String.fromCharCode(...out.subarray(at, at + digits));
        const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
        expect([...text].reduce((sum, char) => sum * 32 + alphabet.indexOf(char), 0)).toBe(value);
        expect(out.subarray(0, at).every((byte) => byte === 0)).toBe(true);
      }),
    );
  });
});

describe("writeIdOfRow", () => {
  it("writes a report's own id", () => {
    const place = fc.record({
      lonDeg: fc.double({ min: -180, max: 180, noNaN: true }),
      latDeg: fc.double({ min: -90, max: 90, noNaN: true }),
      createdAtMs: fc.integer({ min: 0, max: 2 ** 42 }),
      layer: fc.constantFrom(...REPORT_LAYERS),
    });
    fc.assert(
      fc.property(place, fc.integer(), (at, seed) => {
        const report = makeReport(at, seededRandom(seed));
        const out = new Uint8Array(25);
        const end = writeIdOfRow(out, 0, columnsOfReports([report]), 0, REPORT_LAYERS.indexOf(report.layer));
        expect(String.fromCharCode(...out.subarray(0, end))).toBe(report.id);
      }),
    );
  });
});
