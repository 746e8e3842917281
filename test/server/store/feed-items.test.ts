import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeAppended, encodeAppended } from "../../../server/store/dynamo/appended-report.ts";
import {
  type Confirmed,
  decodeConfirmations,
  encodeConfirmations,
} from "../../../server/store/dynamo/confirmations.ts";
import { StoredItemError } from "../../../tiles/codec/stored-item.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { roundDegrees } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { AUSTIN, BROOKLYN, makeReport } from "../../kit/make-report.ts";

const AT = Date.UTC(2026, 5, 1, 12);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const cellOf = ({ layer, lonDeg, latDeg }: ReturnType<typeof makeReport>) => ({
  layer,
  geohash5: encodeGeohash(lonDeg, latDeg, 5),
});

const report = fc
  .record({
    layer: fc.constantFrom(...REPORT_LAYERS),
    category: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
    severity: fc.integer({ min: 1, max: 5 }),
    lonDeg: fc.double({ min: -180, max: 180, noNaN: true }).map((deg) => roundDegrees(deg) + 0),
    latDeg: fc.double({ min: -90, max: 90, noNaN: true }).map((deg) => roundDegrees(deg) + 0),
    text: fc.option(fc.string({ unit: "grapheme", minLength: 1, maxLength: 280 }), { nil: undefined }),
    seed: fc.integer(),
    shard: fc.nat(15),
  })
  .map(({ text, ...fields }) => makeReport({ createdAtMs: AT, ...fields, ...(text === undefined ? {} : { text }) }));

describe("a report inside its intent", () => {
  it("reads back as it was", () => {
    fc.assert(
      fc.property(report, (each) => {
        const { report: read, columns } = decodeAppended(encodeAppended(each, cellOf(each)), cellOf(each));
        expect(read).toEqual(each);
        expect(columns).toEqual(columnsOfReports([each]));
      }),
    );
  });

  it("has the bytes that it always had", () => {
    const each = makeReport({ createdAtMs: AT, text: "dark" });
    expect(hex(encodeAppended(each, cellOf(each)))).toMatchInlineSnapshot(
      `"410101010574686566740580b4b898e833ff66ebec5fc0890a8003046461726bca0c6723"`,
    );
  });

  it("is refused when it is damaged", () => {
    const each = makeReport({ createdAtMs: AT });
    const body = encodeAppended(each, cellOf(each));
    for (let at = 0; at < body.length; at++) {
      const damaged = Uint8Array.from(body);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => decodeAppended(damaged, cellOf(each))).toThrow(StoredItemError);
    }
  });
});

describe("confirmations", () => {
  it("read back by cell, those without a report as nonces alone", () => {
    const confirmed = fc.array(
      fc.record({ each: report, count: fc.nat(2 ** 31), isAlone: fc.boolean() }).map(({ each, count, isAlone }) => ({
        ...cellOf(each),
        count,
        report: isAlone ? undefined : each,
      })),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(confirmed, (list: Confirmed[]) => {
        const { writer, counts, cells } = decodeConfirmations(encodeConfirmations("writer", list));
        expect(writer).toBe("writer");
        expect(counts).toEqual(list.flatMap((each) => (each.report === undefined ? each.count : [])));
        for (const { layer, geohash5, counts: ofCell, rows } of cells) {
          const here = list.filter((each) => each.layer === layer && each.geohash5 === geohash5 && each.report);
          expect(ofCell).toEqual(here.map(({ count }) => count));
          expect(rows).toEqual(columnsOfReports(here.flatMap((each) => each.report ?? [])));
        }
        const told = counts.length + cells.reduce((sum, { counts: ofCell }) => sum + ofCell.length, 0);
        expect(told).toBe(list.length);
      }),
    );
  });

  it("have the bytes that they always had", () => {
    const [a, b] = [makeReport({ createdAtMs: AT, ...AUSTIN }), makeReport({ createdAtMs: AT, ...BROOKLYN, seed: 1 })];
    const list = [
      { ...cellOf(a), count: 7, report: a },
      { ...cellOf(b), count: 300, report: b },
      { ...cellOf(a), count: 8, report: undefined },
    ];
    expect(hex(encodeConfirmations("w", list))).toMatchInlineSnapshot(
      `"4601017701080200053976366b70010701010574686566740580b4b898e833ff66ebec5fc0890a80030005647235726d01ac0201010574686566740580b4b898e833ff73b2866bec264c02035d1ea94b"`,
    );
  });
});
