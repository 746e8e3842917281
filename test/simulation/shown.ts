import type { ClusterCellIndex } from "../../tiles/cluster/cluster-cell-index.ts";
import { levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { geohashOfKey } from "../../tiles/geo/cell-key.ts";
import { type TileAddress, tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";
import { idOfRow } from "../../tiles/report-columns.ts";
import type { App } from "./app.ts";
import type { Place } from "./places.ts";

/** What a cluster cell shows at a zoom. */
export interface Shown {
  readonly count: number;
  readonly severity: number;
  /** At close zooms: ids of the reports that are alone in their micro cells. */
  readonly ids: readonly string[] | undefined;
}

/** From this zoom on micro cells are so small that most reports are alone in theirs. */
export const REPORTS_ZOOM = 16;

/** Whether it is known by id which reports are shown. */
export const isKnown = (shown: Shown): boolean => shown.ids?.length === shown.count;

export const tileOf = ({ lonDeg, latDeg }: Place, zoom: number): TileAddress =>
  tileAt(worldX(lonDeg), worldY(latDeg), zoom);

/** What the cluster cells that a tile meets show, by their geohashes; those that show nothing are left out. */
export async function readShown(
  app: App,
  layer: ReportLayer,
  tile: TileAddress,
  window: TimeWindow,
): Promise<Map<string, Shown>> {
  const { precision } = levelOfZoom(tile.z);
  const found = new Map<string, Shown>();
  for (const index of await app.clusterCells(layer, tile, window)) {
    const points = index.zooms.ownersAt(tile.z).length;
    if (points === 0) continue;
    const geohash = precision === 0 ? "" : geohashOfKey(index.keyAt(index.source[0] as number, precision), precision);
    found.set(geohash, shownBy(index, tile.z, points));
  }
  return found;
}

function shownBy(index: ClusterCellIndex, zoom: number, points: number): Shown {
  const clusters = index.zooms.get(zoom);
  let [count, severity] = [0, 0];
  for (let i = 0; i < (clusters?.length ?? 0); i++) {
    count += clusters?.count[i] ?? 0;
    severity += clusters?.severity[i] ?? 0;
  }
  return { count, severity, ids: zoom < REPORTS_ZOOM ? undefined : idsOf(index, zoom, points) };
}

/** Of the clusters in which there are as many reports as micro cells. */
function idsOf({ layer, zooms, rows, source }: ClusterCellIndex, zoom: number, points: number): string[] {
  const owners = zooms.ownersAt(zoom);
  const cellsIn = new Map<number, number>();
  for (const owner of owners) cellsIn.set(owner, (cellsIn.get(owner) ?? 0) + 1);
  const counts = zooms.get(zoom)?.count;
  return Array.from(source.subarray(0, points)).flatMap((row, point) => {
    const owner = owners[point] as number;
    return counts?.[owner] === cellsIn.get(owner) ? idOfRow(rows, row, REPORT_LAYERS.indexOf(layer)) : [];
  });
}
