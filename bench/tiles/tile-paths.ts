import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { type ClusterCellIndex, indexMicroCells } from "../../tiles/cluster/cluster-cell-index.ts";
import { clusterCellsOfTile, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { decodeMicroCellGroup, encodeMicroCells, type StoredMicroCells } from "../../tiles/codec/micro-cell-codec.ts";
import { decodeReports, encodeReports } from "../../tiles/codec/report-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports, mergeColumns, type ReportColumns, rowsInside } from "../../tiles/report-columns.ts";

/** The stages of a cold tile as the server's pyramid runs them, without the store and without waiting. */

interface Stored {
  /** A cell's segments, or the cell aggregates of a cluster cell. */
  readonly bodies: readonly Uint8Array[];
  /** Geohash-5 of the segments. */
  readonly cell: string;
  readonly clusterCell: string;
}

export type StoredTile = readonly Stored[];
export type DecodedTile = readonly {
  readonly clusterCell: string;
  readonly cells?: MicroCells;
  readonly rows?: ReportColumns;
}[];

const CELL_PRECISION = 5;

/** What the compactor stores of reports: segments by cell, cell aggregates by geohash. */
export function storeReports(reports: readonly Report[], nowMs: number) {
  const byCell = Map.groupBy(reports, ({ lonDeg, latDeg }) => encodeGeohash(lonDeg, latDeg, CELL_PRECISION));
  const segments = new Map([...byCell].map(([cell, list]) => [cell, encodeReports(columnsOfReports(list), cell)]));
  let nodes = new Map(
    [...byCell].map(([cell, list]) => [cell, microCellsOfReports(columnsOfReports(list), CELL_PRECISION + 2, nowMs)]),
  );
  /** Cell aggregates by the cluster cell that they are read for. */
  const cellAggregates = new Map<string, Uint8Array[]>();
  for (let length = CELL_PRECISION; length >= 1; length--) {
    const above = Map.groupBy([...nodes].sort(), ([geohash]) => geohash.slice(0, length - 1));
    for (const [clusterCell, below] of above)
      cellAggregates.set(
        clusterCell,
        below.map(([, cells]) => encodeMicroCells(cells, nowMs)),
      );
    nodes = new Map(
      [...above].map(([clusterCell, below]) => [
        clusterCell,
        addMicroCells(
          below.map(([, c]) => c),
          length + 1,
        ),
      ]),
    );
  }
  return {
    /** The items that a tile is made of. */
    read(tile: TileAddress): StoredTile {
      const precision = levelOfZoom(tile.z).precision;
      return clusterCellsOfTile(tile).flatMap((clusterCell) => {
        const cell = clusterCell.slice(0, CELL_PRECISION);
        const segment = segments.get(cell);
        const bodies = precision < CELL_PRECISION ? cellAggregates.get(clusterCell) : segment && [segment];
        return bodies === undefined ? [] : [{ bodies, cell, clusterCell }];
      });
    },
  };
}

export function decodeTile(stored: StoredTile, z: number): DecodedTile {
  const { microPrecision, precision } = levelOfZoom(z);
  return stored.map(({ bodies, cell, clusterCell }) => {
    if (precision < CELL_PRECISION) {
      return {
        clusterCell,
        cells: addMicroCells(
          decodeMicroCellGroup(bodies.map((body) => ({ name: clusterCell, body }))).map(whole),
          microPrecision,
        ),
      };
    }
    return {
      clusterCell,
      rows: bodies.map((body) => decodeReports(body, cell, clusterCell)).reduce((a, b) => mergeColumns(a, b)),
    };
  });
}

function whole(cells: StoredMicroCells | StoredItemError): StoredMicroCells {
  if (cells instanceof StoredItemError) throw cells;
  return cells;
}

export function clusterTile(decoded: DecodedTile, z: number, nowMs: number): ClusterCellIndex[] {
  const level = levelOfZoom(z);
  return decoded.map(({ clusterCell, cells, rows }) => {
    if (cells !== undefined) return indexMicroCells(cells, level, "safety", "90d");
    if (rows === undefined) throw new Error(`nothing decoded for ${clusterCell}`);
    const inside = rowsInside(rows, clusterCell);
    return indexMicroCells(microCellsOfReports(inside, level.microPrecision, nowMs), level, "safety", "90d");
  });
}

export const bytesOfStored = (stored: StoredTile): number =>
  stored.reduce((sum, { bodies }) => sum + bodies.reduce((all, body) => all + body.length, 0), 0);
