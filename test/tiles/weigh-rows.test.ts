import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { DAY_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports, mergeColumns, rowsBetween } from "../../tiles/report-columns.ts";
import { boundRows, weighRows } from "../../tiles/weigh-rows.ts";
import { seededRandom } from "../kit/random.ts";
import { makeReport } from "../kit/sample-reports.ts";

/** A little before midnight, so that reports of some hours are of two days. */
const NOW = Date.UTC(2026, 5, 1, 23);
const HOUR = 3_600_000;
/** In two neighbourhoods of one cell of the log. */
const [HERE, BESIDE] = [
  [-97.743, 30.267],
  [-97.755, 30.267],
] as const;

interface Told {
  readonly reporter: number;
  /** Hours, to `NOW`. */
  readonly age?: number;
  readonly place?: readonly [lonDeg: number, latDeg: number];
}

const random = seededRandom(31);
const at = ({ reporter, age = 0, place: [lonDeg, latDeg] = HERE }: Told, next = random): Report =>
  makeReport({ lonDeg, latDeg, createdAtMs: NOW - Math.round(age * HOUR), reporter }, next);

const quartersOf = (told: readonly Told[]): number[] => [
  ...weighRows(columnsOfReports(told.map((each) => at(each)))).quarters,
];

describe("weighRows", () => {
  it.each<[string, Told[], number[]]>([
    ["one report", [{ reporter: 7 }], [4]],
    ["five of one reporter", [5, 4, 3, 2, 1].map((age) => ({ reporter: 7, age })), [4, 2, 1, 0, 0]],
    ["five that count by themselves", [5, 4, 3, 2, 1].map((age) => ({ reporter: 0, age })), [4, 4, 4, 4, 4]],
    ["one of each of two days", [{ reporter: 7, age: 24 }, { reporter: 7, age: 23 }, { reporter: 7 }], [4, 4, 2]],
    ["two reporters in turn", [1, 2, 1, 2].map((reporter, i) => ({ reporter, age: 5 - i })), [4, 4, 2, 2]],
    [
      "one reporter in two places",
      [HERE, BESIDE, HERE].map((place, i) => ({ reporter: 7, age: 5 - i, place })),
      [4, 4, 2],
    ],
  ])("weighs %s", (_, told, quarters) => {
    expect(quartersOf(told)).toEqual(quarters);
  });

  it("gives rows that weigh what they say back as they are", () => {
    const rows = weighRows(columnsOfReports([1, 1, 2].map((reporter) => at({ reporter, age: random() }))));
    expect(weighRows(rows)).toBe(rows);
    expect(boundRows(rows)).toBe(rows);
  });
});

const told = fc.record({
  reporter: fc.constantFrom(0, 1, 1, 1, 2, 255),
  age: fc.double({ min: 0, max: 80, noNaN: true }),
  place: fc.constantFrom(HERE, BESIDE),
});
const reports = fc
  .tuple(fc.array(told, { maxLength: 40 }), fc.integer())
  .map(([all, seed]) => all.map((each, i) => at(each, seededRandom(seed + i))));

const groupOf = ({ lonDeg, latDeg, createdAtMs, reporter = 0 }: Report): string =>
  [encodeGeohash(lonDeg, latDeg, 6), Math.floor(createdAtMs / DAY_MS), reporter].join(" ");

describe("whatever one reporter sends", () => {
  it("weighs 1.75 at most in a neighbourhood and day, by the order of ids, and others nothing less", () => {
    fc.assert(
      fc.property(reports, (list) => {
        const rows = weighRows(columnsOfReports(list));
        const ascending = list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        const weights = new Map<string, number[]>();
        for (const [row, report] of ascending.entries()) {
          const group = weights.get(groupOf(report)) ?? [];
          weights.set(groupOf(report), group);
          group.push(rows.quarters[row] as number);
        }
        for (const [group, quarters] of weights) {
          const isCounted = group.endsWith(" 0");
          expect(quarters).toEqual(quarters.map((_, rank) => (isCounted ? 4 : ([4, 2, 1][rank] ?? 0))));
        }
      }),
    );
  });

  it("weighs the same in whichever order it arrives, a part at a time or at once", () => {
    fc.assert(
      fc.property(reports, fc.infiniteStream(fc.nat(4)), (list, sizes) => {
        let rows = columnsOfReports([]);
        for (let from = 0; from < list.length; ) {
          const size = 1 + (sizes.next().value ?? 0);
          const added = columnsOfReports(list.slice(from, from + size));
          rows = weighRows(mergeColumns(rows, added), added.createdAtMs[0]);
          from += size;
        }
        expect(rows).toEqual(weighRows(columnsOfReports(list)));
      }),
    );
  });

  it("weighs no less where not all of it is known, and no more than it did", () => {
    fc.assert(
      fc.property(reports, fc.integer({ min: 0, max: 80 }), (list, hours) => {
        const all = weighRows(columnsOfReports(list));
        const known = rowsBetween(columnsOfReports(list), NOW - hours * HOUR, Infinity);
        const young = rowsBetween(all, NOW - hours * HOUR, Infinity);
        expect(boundRows(known).quarters.every((quarters, row) => quarters >= (young.quarters[row] as number))).toBe(
          true,
        );
        expect(boundRows(young)).toBe(young);
      }),
    );
  });
});
