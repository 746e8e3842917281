import { fromGeojsonVt } from "@maplibre/vt-pbf";
import type { Feature } from "geojson";
import GeoJSONVT from "geojson-vt";
import { cellKey } from "../../tiles/geo/cell-key.ts";
import { cellBounds, columnAt, countCells, coverBounds, parseCell, rowAt } from "../../tiles/geo/geohash.ts";
import { type BufferedTile, bufferWidths, EXTENT, tileBounds } from "../../tiles/geo/tile-address.ts";
import { SCORES_MIN_ZOOM } from "../../tiles/layers.ts";
import { SCORE_NAMES, type ScoreName } from "../../tiles/scores/scores.ts";
import type { CellScores, ScoreLookup } from "./score-cache.ts";

/** Polygons reach so far beyond the tile that no seam shows, in units of its extent; farther when it has a buffer. */
const SEAM_BUFFER = 64;

const NOTHING = new Uint8Array();

/** Precision of the cells that a zoom shows: 16 px wide or more. */
export function precisionOfZoom(z: number): 4 | 5 | 6 {
  return z <= 7 ? 4 : z <= 10 ? 5 : 6;
}

/** The layer `scores` of a tile as MVT bytes: a polygon for each cell whose scores are known. Empty where there is none. */
export function encodeScoresLayer(tile: BufferedTile, book: ScoreLookup): Uint8Array {
  if (tile.z < SCORES_MIN_ZOOM) return NOTHING;
  const asked = EXTENT * bufferWidths(tile);
  const buffer = Math.max(SEAM_BUFFER, asked);
  const features = cellsOfTile(tile, buffer / EXTENT, book).map(featureOf);
  if (features.length === 0) return NOTHING;
  // Sliced on the way down to this one tile; nothing is simplified, for a rectangle cannot be.
  const options = { maxZoom: tile.z, indexMaxZoom: 0, tolerance: 0, extent: EXTENT, buffer };
  const sliced = new GeoJSONVT({ type: "FeatureCollection", features }, options).getTile(tile.z, tile.x, tile.y);
  const shown = (sliced?.features ?? []).filter(hasArea);
  if (shown.length === 0) return NOTHING;
  if (asked > 0) for (const feature of shown) if (isOutside(feature)) feature.tags = { ...feature.tags, copy: true };
  // Both packages name the same structure; only one writes absent tags as null.
  const layers = { scores: { ...sliced, features: shown } } as unknown as Parameters<typeof fromGeojsonVt>[0];
  return fromGeojsonVt(layers, { version: 2, extent: EXTENT });
}

/** A rectangle as it was cut: one ring. */
interface SlicedCell {
  geometry: unknown;
  tags: Record<string, unknown> | null;
}

const ringOf = ({ geometry }: SlicedCell): readonly (readonly [x: number, y: number])[] =>
  (geometry as readonly (readonly (readonly [number, number])[])[])[0] ?? [];

/**
 * Whether anything is left of a cell. One that lies beyond the latitude at which Web Mercator ends has no height, one that only touches
 * the edge of the buffer no width, and a ring without area is none (Mapbox Vector Tile 2.1, section 4.3.3.2).
 */
function hasArea(cell: SlicedCell): boolean {
  const [first, ...others] = ringOf(cell);
  return others.some(([x]) => x !== first?.[0]) && others.some(([, y]) => y !== first?.[1]);
}

/** Whether a cell lies in the buffer alone. */
function isOutside(cell: SlicedCell): boolean {
  const ring = ringOf(cell);
  const beyond = (axis: 0 | 1) => ring.every((at) => at[axis] <= 0) || ring.every((at) => at[axis] >= EXTENT);
  return beyond(0) || beyond(1);
}

/** Those that meet a tile grown by a margin, ascending by geohash: the order of features depends on content alone. */
function cellsOfTile(tile: BufferedTile, margin: number, book: ScoreLookup): CellScores[] {
  const precision = precisionOfZoom(tile.z);
  const known = book.cells(precision);
  const bounds = tileBounds(tile, margin);
  if (countCells(bounds, precision) <= known.length) {
    const cover = coverBounds(bounds, precision, known.length).sort();
    return cover.flatMap((geohash) => book.find(geohash) ?? []);
  }
  const [west, east] = [columnAt(bounds.west, precision), columnAt(bounds.east, precision)];
  const [south, north] = [rowAt(bounds.south, precision), rowAt(bounds.north, precision)];
  return known.filter(({ geohash }) => {
    const { column, row } = parseCell(geohash);
    return column >= west && column <= east && row >= south && row <= north;
  });
}

function featureOf({ geohash, scores, reportCount7d }: CellScores): Feature {
  const { west, south, east, north } = cellBounds(geohash);
  const { column, row } = parseCell(geohash);
  return {
    type: "Feature",
    id: cellKey(column, row, geohash.length),
    geometry: {
      type: "Polygon",
      coordinates: [
        [
          [west, south],
          [east, south],
          [east, north],
          [west, north],
          [west, south],
        ],
      ],
    },
    properties: {
      geohash,
      ...Object.fromEntries(SCORE_NAMES.flatMap((name) => pointsOf(name, scores[name]))),
      report_count_7d: reportCount7d,
    },
  };
}

/** What has no score has no attribute. */
const pointsOf = (name: ScoreName, tenths: number | null): [string, number][] =>
  tenths === null ? [] : [[name, tenths / 10]];
