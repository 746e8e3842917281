import type { ReportRow } from "../../server/store/rows.ts";
import { printTable } from "../../test/kit/output.ts";
import { clusterCellsOfTile } from "../../tiles/cluster/cluster-cells.ts";
import { encodeReportLayer } from "../../tiles/cluster/report-tile.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import { race, spreadOf } from "../kit/measure.ts";
import type { TileCensus } from "../kit/sample-tiles.ts";
import { clusterPoints, encodeFeatures, readPoints, tileFeatures } from "./reference.ts";
import { clusterTile, decodeTile, type storeReports } from "./tile-paths.ts";

const ZOOMS = [9, 10, 11, 12, 13, 14, 15, 16, 17];

/** What a map on a screen asks for, 4 x 3 tiles, all cold: tiles share cluster cells, the reference shares nothing. */
export function measureScreens(
  stored: ReturnType<typeof storeReports>,
  census: TileCensus,
  rowsOf: (tile: TileAddress) => readonly ReportRow[],
  nowMs: number,
) {
  const found = ZOOMS.flatMap((z) => {
    const [center] = census.sample(z, 1);
    if (center === undefined) return [];
    const tiles = Array.from({ length: 12 }, (_, i) => ({
      z,
      x: center.x - 2 + (i % 4),
      y: center.y - 1 + Math.floor(i / 4),
    }));
    const rows = tiles.map(rowsOf);
    const ours = (): void => {
      const items = new Map(tiles.flatMap((tile) => stored.read(tile)).map((item) => [item.clusterCell, item]));
      const indexes = new Map(
        [...items].map(([clusterCell, item]) => [clusterCell, clusterTile(decodeTile([item], z), z, nowMs)] as const),
      );
      for (const tile of tiles) {
        encodeReportLayer(
          "safety",
          tile,
          clusterCellsOfTile(tile).flatMap((clusterCell) => indexes.get(clusterCell) ?? []),
        );
      }
    };
    const reference = (): void => {
      tiles.forEach((tile, i) => {
        encodeFeatures("safety", tileFeatures(clusterPoints(readPoints(rows[i] ?? [], nowMs), z), tile));
      });
    };
    const ms = race({ ours, reference }, { rounds: 3, minSampleMs: 1 });
    const [a, b] = [spreadOf(ms.ours), spreadOf(ms.reference)];
    return [{ z, ours: a, reference: b, factor: b.median / a.median }];
  });
  printTable(
    "a screen of 4 x 3 cold tiles around the densest, ms",
    ["zoom", "ours", "reference", "factor"],
    found.map((m) => [`z${m.z}`, m.ours.median, m.reference.median, m.factor]),
  );
  return found;
}
