import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { describe, expect, it } from "vitest";
import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { indexMicroCells } from "../../tiles/cluster/cluster-cell-index.ts";
import { clusterCellsOfTile, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { encodeReportLayer } from "../../tiles/cluster/report-tile.ts";
import { clustersOfTile } from "../../tiles/cluster/stitch.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { makeCity } from "../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1);
// A city across the corner of four cluster cells of level 4, so that there is something to stitch.
const CENTER = [-95.625, 29.8828125] as const;

describe("encodeReportLayer", () => {
  it("writes exactly the clusters that stitching gives, with their counts, places and starts", () => {
    const z = 11;
    const level = levelOfZoom(z);
    const reports = makeCity(20_000, NOW, 1, CENTER);
    const tile = tileAt(worldX(CENTER[0]), worldY(CENTER[1]), z);
    const clusterCells = clusterCellsOfTile(tile).map((clusterCell) => {
      const inside = reports.filter(({ lonDeg, latDeg }) => encodeGeohash(lonDeg, latDeg, 4) === clusterCell);
      const cells = microCellsOfReports(columnsOfReports(inside), level.microPrecision, NOW);
      return indexMicroCells(cells, level, "safety", "7d");
    });
    const layer = new VectorTile(new PbfReader(encodeReportLayer("safety", tile, clusterCells))).layers.safety;
    const written = Array.from({ length: layer?.length ?? 0 }, (_, i) => {
      const feature = layer?.feature(i);
      const [[{ x, y } = { x: -1, y: -1 }] = []] = feature?.loadGeometry() ?? [];
      const { point_count = 1, severity, geohash, id } = feature?.properties ?? {};
      return { x, y, count: point_count, severity, geohash, id: point_count === 1 ? "report" : id };
    });
    const zooms = clusterCells.map(({ zooms }) => zooms.get(z)).filter((clusters) => clusters !== undefined);
    const clusters = clustersOfTile(tile, zooms);
    const unstitched = new Set(zooms.flatMap(({ x }) => [...x]));
    expect([...clusters.x].some((x) => !unstitched.has(x))).toBe(true);
    const expected = Array.from({ length: clusters.length }, (_, i) => {
      const [worldAtX, worldAtY] = [clusters.x[i] ?? 0, clusters.y[i] ?? 0];
      const clusterCell = clusterCells[clusters.clusterCell[i] ?? 0];
      const start = clusterCell?.startOf(clusterCell.source[clusters.first[i] ?? 0] ?? 0);
      const count = clusters.count[i] ?? 0;
      return {
        x: Math.floor((worldAtX * 2 ** z - tile.x) * 4096),
        y: Math.floor((worldAtY * 2 ** z - tile.y) * 4096),
        count,
        severity: Math.round((10 * (clusters.severity[i] ?? 0)) / count) / 10,
        geohash: encodeGeohash((worldAtX - 0.5) * 360, latitude(worldAtY), 6),
        id: count === 1 ? "report" : `safety.${z}.${start}.7d`,
      };
    });
    expect(written).toEqual(expected);
  });
});

const latitude = (y: number): number => (360 * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI))) / Math.PI - 90;
