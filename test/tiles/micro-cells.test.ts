import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { cellKey, geohashOfKey } from "../../tiles/geo/cell-key.ts";
import { columnAt, encodeGeohash, rowAt } from "../../tiles/geo/geohash.ts";
import { AGE_BANDS, BAND_COUNT } from "../../tiles/layers.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { seededRandom } from "../kit/random.ts";
import { makeReport } from "../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;

const place = fc.record({
  lonDeg: fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom(-180, 180, 0, 45, 11.25)),
  latDeg: fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, 90, 0, 45, 5.625)),
  createdAtMs: fc.integer({ min: NOW - 95 * DAY, max: NOW + DAY }),
  severity: fc.integer({ min: 1, max: 5 }),
});
const reports = fc.tuple(fc.array(place, { maxLength: 60 }), fc.integer()).map(([places, seed]) => {
  const made = places.map((at) => makeReport(at, seededRandom(seed + at.createdAtMs)));
  // Two at one place and time have one id, and are one report.
  return [...new Map(made.map((report) => [report.id, report])).values()];
});

const plain = (cells: MicroCells): unknown => ({
  ...cells,
  key: [...cells.key].map((key) => geohashOfKey(key, cells.precision)),
});

describe("cellKey", () => {
  it("is the geohash as a number: reads back, and orders alike", () => {
    fc.assert(
      fc.property(place, place, fc.integer({ min: 1, max: 8 }), (a, b, precision) => {
        const [keyA, keyB] = [a, b].map(({ lonDeg, latDeg }) =>
          cellKey(columnAt(lonDeg, precision), rowAt(latDeg, precision), precision),
        ) as [number, number];
        const [hashA, hashB] = [a, b].map(({ lonDeg, latDeg }) => encodeGeohash(lonDeg, latDeg, precision)) as [
          string,
          string,
        ];
        expect(geohashOfKey(keyA, precision)).toBe(hashA);
        expect(Math.sign(keyA - keyB)).toBe(hashA < hashB ? -1 : hashA > hashB ? 1 : 0);
      }),
    );
  });
});

describe("microCellsOfReports", () => {
  it("counts every live report once, in its band and cell", () => {
    fc.assert(
      fc.property(reports, fc.integer({ min: 1, max: 8 }), (list, precision) => {
        const cells = microCellsOfReports(columnsOfReports(list), precision, NOW);
        const expected = new Map<string, number[]>();
        for (const report of list) {
          const age = NOW - report.createdAtMs;
          const band = AGE_BANDS.findIndex(({ untilMs }) => age <= untilMs);
          if (band < 0) continue;
          const cell = encodeGeohash(report.lonDeg, report.latDeg, precision);
          const counts = expected.get(cell) ?? new Array<number>(BAND_COUNT).fill(0);
          counts[band] = (counts[band] ?? 0) + 1;
          expected.set(cell, counts);
        }
        const found = new Map(
          Array.from({ length: cells.length }, (_, i) => [
            geohashOfKey(cells.key[i] as number, precision),
            [...cells.bandCount.subarray(i * BAND_COUNT, (i + 1) * BAND_COUNT)],
          ]),
        );
        expect(found).toEqual(expected);
      }),
    );
  });

  it("holds until the time it says, and not a millisecond longer", () => {
    fc.assert(
      fc.property(reports, (list) => {
        const columns = columnsOfReports(list);
        const cells = microCellsOfReports(columns, 5, NOW);
        if (cells.staleAtMs === Infinity) return;
        const bands = (atMs: number): number[] => [...microCellsOfReports(columns, 5, atMs).bandCount];
        expect(bands(cells.staleAtMs - 1)).toEqual([...cells.bandCount]);
        expect(bands(cells.staleAtMs)).not.toEqual([...cells.bandCount]);
      }),
    );
  });
});

describe("addMicroCells", () => {
  it("makes a coarse cell the exact sum of the finer ones, however they are grouped", () => {
    fc.assert(
      fc.property(
        reports,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.nat(),
        (list, parts, coarser, salt) => {
          const precision = 3;
          const groups = Array.from({ length: parts }, (_, part) =>
            list.filter((_report, i) => (Math.imul(i + 1, salt | 1) >>> 8) % parts === part),
          );
          const sets = groups.map((group) => microCellsOfReports(columnsOfReports(group), precision + coarser, NOW));
          const whole = microCellsOfReports(columnsOfReports(list), precision, NOW);
          expect(plain(addMicroCells(sets, precision))).toEqual(plain(whole));
          expect(plain(addMicroCells(sets.toReversed(), precision))).toEqual(plain(whole));
          const nested = addMicroCells([addMicroCells(sets, precision + Math.min(1, coarser))], precision);
          expect(plain(nested)).toEqual(plain(whole));
        },
      ),
    );
  });

  it("refuses to make cells finer than they are", () => {
    const coarse = microCellsOfReports(columnsOfReports([]), 3, NOW);
    expect(() => addMicroCells([coarse], 4)).toThrow("precision 3");
  });
});
