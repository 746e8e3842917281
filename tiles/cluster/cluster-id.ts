import { isGeohash } from "../geo/geohash.ts";
import { MAX_ZOOM } from "../geo/tile-address.ts";
import { DEFAULT_WINDOW, isTimeWindow, REPORT_LAYERS, type ReportLayer, type TimeWindow } from "../layers.ts";
import { parseReportId } from "../report-id.ts";
import { levelOfZoom } from "./cluster-cells.ts";

/**
 * Names a cluster by content: layer, zoom, window and where it starts, a micro cell's geohash. `safety.11.9q8yyk8` or, with a
 * window other than the default, `safety.11.9q8yyk8.24h`. At one zoom every start belongs to exactly one cluster, so the id finds
 * it again whatever else was reported since. From z16 on, ids that were given before 0.3 start with a report's id: the micro cell
 * in which that lies.
 */
export interface ClusterIdParts {
  readonly layer: ReportLayer;
  readonly zoom: number;
  /** A micro cell's geohash, or a report's id. */
  readonly start: string;
  readonly window: TimeWindow;
}

export function formatClusterId({ layer, zoom, start, window }: ClusterIdParts): string {
  return `${layer}.${zoom}.${start}${window === DEFAULT_WINDOW ? "" : `.${window}`}`;
}

/** Reads a cluster id; `undefined` when it is not one. */
export function parseClusterId(id: string): ClusterIdParts | undefined {
  const [layerName, zoomText, start, windowName = DEFAULT_WINDOW, ...more] = id.split(".");
  const layer = REPORT_LAYERS.find((name) => name === layerName);
  const zoom = Number(zoomText);
  if (layer === undefined || start === undefined || more.length > 0 || !isTimeWindow(windowName)) return undefined;
  if (!/^(?:0|[1-9]\d?)$/.test(zoomText ?? "") || zoom > MAX_ZOOM) return undefined;
  return isStart(start, layer, zoom) ? { layer, zoom, start, window: windowName } : undefined;
}

function isStart(start: string, layer: ReportLayer, zoom: number): boolean {
  if (zoom >= FIRST_ZOOM_OF_REPORTS && parseReportId(start)?.layer === layer) return true;
  return start.length === levelOfZoom(zoom).microPrecision && isGeohash(start);
}

/** From here on clusters were made of the reports themselves once. */
const FIRST_ZOOM_OF_REPORTS = 16;

/** A 42-bit number for a feature id in a tile: two rounds of FNV-1a over an id in ASCII at `from`..`end`; equal everywhere. */
export function numericId(id: Uint8Array, from: number, end: number): number {
  let low = 0x811c9dc5;
  let high = 0x2f0b4c47;
  for (let i = from; i < end; i++) {
    low = Math.imul(low ^ (id[i] as number), 0x01000193);
    high = Math.imul(high ^ (id[i] as number), 0x01000193) ^ (low >>> 13);
  }
  return (high >>> 22) * 2 ** 32 + (low >>> 0);
}
