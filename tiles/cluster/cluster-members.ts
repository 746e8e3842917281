import { afterNewest, keyOfRow } from "../cells/micro-cells.ts";
import { columnOfKey, geohashOfKey, rowOfKey } from "../geo/cell-key.ts";
import { type Bounds, cellBounds, columnCount, formatCell, rowCount } from "../geo/geohash.ts";
import { type TileAddress, tileAt, worldX, worldY } from "../geo/tile-address.ts";
import type { ReportColumns } from "../report-columns.ts";
import type { Clusters } from "./cluster.ts";
import type { ClusterCellIndex } from "./cluster-cell-index.ts";
import { levelOfZoom } from "./cluster-cells.ts";

/** One of an index's clusters of a zoom, by its number. */
export interface IndexPart {
  readonly index: ClusterCellIndex;
  readonly cluster: number;
}

/** What lies in a cluster: whole micro cells. */
export interface ClusterMembers {
  /** Box of the micro cells; west > east where it crosses the antimeridian. */
  readonly bounds: Bounds;
  /**
   * Geohashes of at most five characters in which its reports lie, and for each a time, Unix milliseconds, before which all of
   * them were created.
   */
  readonly places: ReadonlyMap<string, number>;
  /** Whether a report of its layer lies in it. */
  hasRow(rows: ReportColumns, row: number): boolean;
  /** Whether what a point of an index of the same or a closer level stands for lies in it. */
  hasSource(index: ClusterCellIndex, source: number): boolean;
  /** Tiles of a zoom in which the middles of its micro cells lie. */
  tilesAt(zoom: number): TileAddress[];
}

const LOG_PRECISION = 5;

/** Points of one index, as indexes into what it was made of. */
interface Sources {
  readonly index: ClusterCellIndex;
  readonly sources: readonly number[];
}

/** @param parts what one stitched cluster of a zoom was joined from */
export function membersOf(parts: readonly IndexPart[], zoom: number): ClusterMembers {
  const found = parts.map(({ index, cluster }) => {
    const owners = index.zooms.ownersAt(zoom);
    const sources: number[] = [];
    for (let point = 0; point < owners.length; point++)
      if (owners[point] === cluster) sources.push(index.source[point] as number);
    return { index, sources };
  });
  return membersFrom(found, zoom);
}

/**
 * The clusters of a zoom as far as something of `members` lies in them, each once, in any order; and that something as members
 * of that zoom's level.
 */
export function partsInside(
  indexes: readonly ClusterCellIndex[],
  zoom: number,
  members: ClusterMembers,
): { parts: IndexPart[]; inside: ClusterMembers } {
  const parts = new Map<string, IndexPart>();
  const found = indexes.map((index) => {
    const owners = index.zooms.ownersAt(zoom);
    const { first } = index.zooms.get(zoom) as Clusters;
    const sources: number[] = [];
    for (let point = 0; point < owners.length; point++) {
      const source = index.source[point] as number;
      if (!members.hasSource(index, source)) continue;
      sources.push(source);
      const cluster = owners[point] as number;
      parts.set(index.startOf(index.source[first[cluster] as number] as number), { index, cluster });
    }
    return { index, sources };
  });
  return { parts: [...parts.values()], inside: parts.size === 0 ? members : membersFrom(found, zoom) };
}

function membersFrom(found: readonly Sources[], zoom: number): ClusterMembers {
  const { microPrecision } = levelOfZoom(zoom);
  const places = new Map<string, number>();
  for (const { index, sources } of found) {
    for (const source of sources) {
      const precision = Math.min(LOG_PRECISION, microPrecision);
      const place = geohashOfKey(index.keyAt(source, precision), precision);
      const before = afterNewest(index.rows.createdAtMs[source] as number);
      places.set(place, Math.max(before, places.get(place) ?? 0));
    }
  }
  return { places, ...cellsOf(found, microPrecision) };
}

type Contents = Omit<ClusterMembers, "places">;

function cellsOf(found: readonly Sources[], precision: number): Contents {
  const keys = new Set(found.flatMap(({ index, sources }) => sources.map((source) => index.keyAt(source, precision))));
  const cells = [...keys].map((key) => ({ column: columnOfKey(key, precision), row: rowOfKey(key, precision) }));
  const columns = shortestArc(
    cells.map(({ column }) => column),
    columnCount(precision),
  );
  const rows = rangeOf(cells.map(({ row }) => row));
  const { west, south } = cellBounds(formatCell(columns.min, rows.min, precision));
  const { east, north } = cellBounds(formatCell(columns.max, rows.max, precision));
  return {
    bounds: { west, south, east, north },
    hasRow: (reports, row) => keys.has(keyOfRow(reports, row, precision)),
    hasSource: (index, source) => keys.has(index.keyAt(source, precision)),
    tilesAt: (zoom) =>
      tilesOf(
        cells.map(({ column, row }) => ({
          lonDeg: ((column + 0.5) / columnCount(precision)) * 360 - 180,
          latDeg: ((row + 0.5) / rowCount(precision)) * 180 - 90,
        })),
        zoom,
      ),
  };
}

function rangeOf(values: readonly number[]): { min: number; max: number } {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { min, max };
}

/** The columns round the world from the first to the last of some: over the antimeridian, with min > max, where that is shorter. */
function shortestArc(columns: readonly number[], count: number): { min: number; max: number } {
  const range = rangeOf(columns);
  if (range.max - range.min < count / 2) return range;
  const sorted = [...new Set(columns)].sort((a, b) => a - b);
  let widest = { gap: count - (range.max - range.min), ...range };
  for (let i = 1; i < sorted.length; i++) {
    const [max, min] = [sorted[i - 1] as number, sorted[i] as number];
    if (min - max > widest.gap) widest = { gap: min - max, min, max };
  }
  return widest;
}

function tilesOf(places: readonly { lonDeg: number; latDeg: number }[], zoom: number): TileAddress[] {
  const tiles = new Map<string, TileAddress>();
  for (const { lonDeg, latDeg } of places) {
    const tile = tileAt(worldX(lonDeg), worldY(latDeg), zoom);
    tiles.set(`${tile.x}/${tile.y}`, tile);
  }
  return [...tiles.values()];
}
