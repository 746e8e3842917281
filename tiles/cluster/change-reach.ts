import { type Bounds, cellBounds } from "../geo/geohash.ts";
import { type BufferedTile, bufferWidths, tileBounds } from "../geo/tile-address.ts";
import { clusterCellsOfTile } from "./cluster-cells.ts";

/**
 * How far from a new report tiles change, in tile widths, but for one report in a hundred at the densest zooms: clustering is
 * greedy, so a cluster that moves may let go of a neighbour, which another takes in, and so on. `npm run bench -- reach`
 * measures it; docs/decisions/0006-live.md has the figures.
 */
const LIKELY_REACH = 0.15;

/** Whether a tile shows something else after a change inside a geohash cell. */
export type Reach = "likely" | "seldom" | "never";

/** Reads a tile's surroundings once, for many changes. */
export function reachOfTile(tile: BufferedTile): (geohash: string) => Reach {
  const near = tileBounds(tile, LIKELY_REACH + bufferWidths(tile));
  const clusterCells = clusterCellsOfTile(tile);
  return (geohash) => {
    if (meets(cellBounds(geohash), near)) return "likely";
    return clusterCells.some((clusterCell) => clusterCell.startsWith(geohash) || geohash.startsWith(clusterCell))
      ? "seldom"
      : "never";
  };
}

const meets = (a: Bounds, b: Bounds): boolean =>
  a.west <= b.east && a.east >= b.west && a.south <= b.north && a.north >= b.south;
