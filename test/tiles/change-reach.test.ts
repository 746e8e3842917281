import { expect, it } from "vitest";
import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { reachOfTile } from "../../tiles/cluster/change-reach.ts";
import { indexMicroCells } from "../../tiles/cluster/cluster-cell-index.ts";
import { clusterCellsOfTile, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { encodeReportLayer } from "../../tiles/cluster/report-tile.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import {
  isTile,
  latOfWorldY,
  lonOfWorldX,
  type TileAddress,
  tileAt,
  worldX,
  worldY,
} from "../../tiles/geo/tile-address.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { seededRandom } from "../kit/random.ts";
import { makeCity, makeReport } from "../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);

/** Tiles of a zoom around a place, as the pyramid would make them. */
function tilesOf(reports: readonly Report[], around: TileAddress): Map<string, string> {
  const level = levelOfZoom(around.z);
  const byClusterCell = Map.groupBy(reports, (r) => encodeGeohash(r.lonDeg, r.latDeg, level.precision));
  const indexes = new Map(
    [...byClusterCell].map(([clusterCell, of]) => {
      const cells = microCellsOfReports(columnsOfReports(of), level.microPrecision, NOW);
      return [clusterCell, indexMicroCells(cells, level, "safety", "90d")];
    }),
  );
  const tiles = new Map<string, string>();
  for (let x = around.x - 4; x <= around.x + 4; x++) {
    for (let y = around.y - 4; y <= around.y + 4; y++) {
      const tile = { z: around.z, x, y };
      if (!isTile(tile)) continue;
      const met = clusterCellsOfTile(tile).flatMap((clusterCell) => indexes.get(clusterCell) ?? []);
      tiles.set(`${tile.z}/${x}/${y}`, Buffer.from(encodeReportLayer("safety", tile, met)).toString("base64"));
    }
  }
  return tiles;
}

it("never misses a tile that changed, and seldom calls one unlikely", () => {
  const random = seededRandom(5);
  const reports = makeCity(4000, NOW);
  let likely = 0;
  let changed = 0;
  for (let trial = 0; trial < 6; trial++) {
    const near = reports[Math.floor(random() * reports.length)];
    const added = makeReport(
      { lonDeg: near?.lonDeg ?? 0, latDeg: (near?.latDeg ?? 0) + 0.001, createdAtMs: NOW },
      random,
    );
    const cell = encodeGeohash(added.lonDeg, added.latDeg, 8);
    for (const z of [2, 5, 8, 10, 12, 13, 15, 17]) {
      const home = tileAt(worldX(added.lonDeg), worldY(added.latDeg), z);
      const before = tilesOf(reports, home);
      for (const [name, bytes] of tilesOf([...reports, added], home)) {
        if (bytes === before.get(name)) continue;
        const [, x = 0, y = 0] = name.split("/").map(Number);
        const reach = reachOfTile({ z, x, y })(cell);
        expect(reach, name).not.toBe("never");
        changed++;
        if (reach === "likely") likely++;
      }
    }
  }
  expect(changed).toBeGreaterThan(40);
  expect(likely / changed).toBeGreaterThan(0.9);
});

it("takes a whole log cell for near where it meets the tile, and not for a change elsewhere in the city", () => {
  const home = { z: 14, x: 2620, y: 6333 };
  const middle = encodeGeohash(lonOfWorldX(2620.5 / 2 ** 14), latOfWorldY(6333.5 / 2 ** 14), 8);
  const reach = reachOfTile(home);
  expect(reach(middle)).toBe("likely");
  expect(reach(middle.slice(0, 5))).toBe("likely");
  expect(reach(encodeGeohash(-122.5, 37.76, 8))).toBe("never");
  expect(reachOfTile({ ...home, x: home.x + 1 })(middle)).toBe("seldom");
  expect(reachOfTile({ z: 0, x: 0, y: 0 })("s00000")).toBe("likely");
});
