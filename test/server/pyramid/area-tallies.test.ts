/** @module-tag random */
import { describe, expect, it } from "vitest";
import { readsOf } from "../../../server/pyramid/area-cells.ts";
import { areasOfRows, makeTally } from "../../../server/pyramid/area-tally.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { boxOfPolygons } from "../../../tiles/areas/area.ts";
import { createAreaLocator } from "../../../tiles/areas/area-locator.ts";
import { flatParts, OLDEST_BAND } from "../../../tiles/areas/area-parts.ts";
import { type MicroCells, microCellsOfReports } from "../../../tiles/cells/micro-cells.ts";
import { decodeAreaTally, encodeAreaTally } from "../../../tiles/codec/area-tally-codec.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { BAND_COUNT, REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import { columnsOfReports, rowsWhere } from "../../../tiles/report-columns.ts";
import { seededRandom } from "../../kit/random.ts";
import { scaled } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { playAreaHistory } from "./area-history.ts";

const CELL = encodeGeohash(-95.39, 29.72, 5);
const NOW = Date.UTC(2026, 5, 1, 12);

/** What cells have of each band but the oldest, and of that how many reports in all. A cell that has none any more may be there, or not. */
function tellBands({
  key,
  bandCount,
  bandSeverity,
  lacking,
}: Pick<MicroCells, "key" | "bandCount" | "bandSeverity" | "lacking">) {
  let old = 0;
  const cells = [...key].flatMap((each, cell) => {
    const bands = (of: Uint32Array | undefined) => [
      ...(of?.slice(cell * BAND_COUNT, cell * BAND_COUNT + OLDEST_BAND) ?? []),
    ];
    old += bandCount[cell * BAND_COUNT + OLDEST_BAND] as number;
    if (bands(bandCount).every((count) => count === 0)) return [];
    const lack = bands(lacking?.severityQuarters);
    return [[each, bands(bandCount), bands(bandSeverity), lack.some((less) => less > 0) ? lack : []]];
  });
  return { old, cells };
}

describe("a tally", () => {
  it("is right at any time until it says, whatever the ages", () => {
    const polygons = [[Int32Array.from([-95_400_000, 29_710_000, -95_380_000, 29_710_000, -95_380_000, 29_740_000])]];
    const box = boxOfPolygons(polygons);
    const area = { number: 3, id: "a", name: "A", box, polygons };
    const near = { areas: [area], ...createAreaLocator([area], box) };
    for (let seed = 0; seed < scaled(60, 6); seed++) {
      const random = seededRandom(seed);
      const reports = Array.from({ length: 5 + Math.floor(random() * 600) }, () =>
        makeReport(
          {
            lonDeg: -95.4 + random() * 0.02,
            latDeg: 29.71 + random() * 0.02,
            createdAtMs: Math.floor(NOW - random() ** 3 * 1.01 * REPORT_LIFETIME_MS),
          },
          random,
        ),
      );
      const all = columnsOfReports(reports);
      all.quarters.forEach((_, row) => {
        if (seed % 3 === 0 && random() < 0.2) all.quarters[row] = Math.floor(random() * 4);
      });
      const made = makeTally(all, areasOfRows(all, near), { beforeMs: NOW, atMs: NOW });
      const tally = decodeAreaTally(encodeAreaTally(made), CELL, "test");
      expect(tally).toEqual(made);
      const inside = rowsWhere(all, (row) => near.find(all.lonE6[row] as number, all.latE6[row] as number) === 0);
      expect(tally.untilMs).toBeGreaterThan(NOW + 3_600_000);
      const until = Math.min(tally.untilMs, NOW + 2 * REPORT_LIFETIME_MS);
      for (const share of [0, 0.1, 0.5, 0.9, 1]) {
        const atMs = Math.floor(NOW + share * (until - NOW - 1));
        const told = tellBands(flatParts({ parts: tally.parts, singles: tally.singles, atMs }));
        expect(told).toEqual(tellBands(microCellsOfReports(inside, 6, atMs)));
      }
    }
  });
});

describe("tallies", () => {
  it("are read of all cells asked for, of few others, and in few requests", () => {
    const random = seededRandom(4);
    for (let i = 0; i < scaled(2000, 200); i++) {
      const spread = random() ** 3 * 3;
      const cells = Array.from({ length: 1 + Math.floor(random() * 40) }, () =>
        encodeGeohash(-95 + random() * spread, 29 + random() * spread, 5),
      );
      const asked = [...new Set(cells)].sort();
      const reads = readsOf(asked);
      for (const cell of asked)
        expect(
          reads.filter(({ from, to, under }) => from <= cell && cell <= to && cell.startsWith(under)),
        ).toHaveLength(1);
      const threes = new Set(asked.map((cell) => cell.slice(0, 3))).size;
      expect(reads.length).toBeLessThanOrEqual(Math.max(8, threes));
    }
    // Two neighbours, south and north of a line that half of the cells lie between in their order.
    expect(readsOf(["9q8y1", "9q8yc"])).toHaveLength(2);
    expect(readsOf(["9q8y1", "9q8y3"])).toHaveLength(1);
    expect(readsOf(["9q8y1", "9q8y4"])).toHaveLength(2);
  });
});

describe("reports in areas", () => {
  const open = (clock: Parameters<typeof createMemoryStore>[0]["clock"]) => ({
    store: createMemoryStore({ clock }),
    derived: createMemoryDerivedStore({ clock }),
  });

  it("are counted exactly, by every reader, after anything that happens", async () => {
    for (let seed = 0; seed < scaled(60, 3); seed++)
      await playAreaHistory({ seed, steps: 20, imported: seed % 2 === 0 ? 900 : 40, open });
  });
});
