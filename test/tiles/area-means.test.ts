/** @module-tag random */
import { describe, expect, it } from "vitest";
import { eachArea, type PartRange, partsOfRows, type ToldParts } from "../../tiles/areas/area-parts.ts";
import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { BAND_COUNT, REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { columnsOfReports, rowsWhere } from "../../tiles/report-columns.ts";
import { meanOfParts } from "../../tiles/scores/area-means.ts";
import { gather, scoreNeighborhoods, tallyNeighborhoods } from "../../tiles/scores/scores.ts";
import { seededRandom } from "../kit/random.ts";
import { scaled } from "../kit/runs.ts";
import { makeReport } from "../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1, 12);

describe("the mean of an area's parts", () => {
  it("is what neighbourhoods' scores come to, whichever reports are told one by one", () => {
    for (let seed = 0; seed < scaled(200, 20); seed++) {
      const random = seededRandom(seed);
      const rows = columnsOfReports(
        Array.from({ length: 1 + Math.floor(random() * 80) }, () =>
          makeReport(
            {
              lonDeg: -95.4 + random() * 0.03,
              latDeg: 29.71 + random() * 0.03,
              createdAtMs: Math.floor(NOW - random() ** 2 * 1.02 * REPORT_LIFETIME_MS),
            },
            random,
          ),
        ),
      );
      for (let row = 0; row < rows.length; row++) if (random() < 0.3) rows.quarters[row] = Math.floor(random() * 4);
      const areaOfRow = Int32Array.from(rows.severity, () => Math.floor(random() * 4) - 1);
      const told = tell(rows, areaOfRow, random);
      const ranges = new Map<number, PartRange>();
      eachArea(told, (number, range) => ranges.set(number, range));
      for (const number of [0, 1, 2]) {
        const cells = microCellsOfReports(
          rowsWhere(rows, (row) => areaOfRow[row] === number),
          6,
          NOW,
        );
        for (const layer of REPORT_LAYERS) {
          const range = ranges.get(number);
          const mean = meanOfParts(layer, range === undefined ? [] : [range]);
          const expected = gather("area", scoreNeighborhoods(tallyNeighborhoods({ [layer]: cells })));
          expect(mean.tenths).toBe(expected.scores[layer]);
          expect(mean.worthQuarters).toBe(expected.worthQuarters[layer]);
          const counts = Array.from({ length: BAND_COUNT }, (_, band) =>
            cells.bandCount.reduce((sum, count, at) => sum + (at % BAND_COUNT === band ? count : 0), 0),
          );
          expect(mean.bandCount).toEqual(counts);
        }
      }
    }
  });
});

/** All parts, with the reports of some rows told one by one. */
function tell(rows: ReturnType<typeof columnsOfReports>, areaOfRow: Int32Array, random: () => number): ToldParts {
  const isSingle = Array.from({ length: rows.length }, () => random() < 0.3);
  const parts = partsOfRows(rows, areaOfRow, NOW);
  const [place, quarters] = [placesIn(parts, rows, areaOfRow), rows.quarters];
  const single: number[] = [];
  for (let row = 0; row < rows.length; row++) {
    const at = place[row] as number;
    if (at < 0 || !isSingle[row]) continue;
    single.push(row);
    const less = 4 - (quarters[row] as number);
    const severity = rows.severity[row] as number;
    parts.bandCount[at] = (parts.bandCount[at] as number) - 1;
    parts.bandSeverity[at] = (parts.bandSeverity[at] as number) - severity;
    if (parts.lacking === undefined) continue;
    parts.lacking.quarters[at] = (parts.lacking.quarters[at] as number) - less;
    parts.lacking.severityQuarters[at] = (parts.lacking.severityQuarters[at] as number) - less * severity;
  }
  const partOf = (row: number): number => Math.floor((place[row] as number) / BAND_COUNT);
  single.sort((a, b) => partOf(a) - partOf(b) || a - b);
  const singles = {
    length: single.length,
    part: Uint32Array.from(single, partOf),
    createdAtMs: Float64Array.from(single, (row) => rows.createdAtMs[row] as number),
    severity: Uint8Array.from(single, (row) => rows.severity[row] as number),
    quarters: Uint8Array.from(single, (row) => rows.quarters[row] as number),
  };
  return { parts, singles, atMs: NOW };
}

/** Where each row's report is counted among the bands of all parts; -1: nowhere. */
function placesIn(
  parts: ToldParts["parts"],
  rows: ReturnType<typeof columnsOfReports>,
  areaOfRow: Int32Array,
): number[] {
  return Array.from({ length: rows.length }, (_, row) => {
    const one = partsOfRows(
      rowsWhere(rows, (each) => each === row),
      [areaOfRow[row] as number],
      NOW,
    );
    if (one.length === 0) return -1;
    const part = parts.key.findIndex((key, i) => key === one.key[0] && parts.number[i] === one.number[0]);
    return part * BAND_COUNT + one.bandCount.indexOf(1);
  });
}
