import { fromGeojsonVt } from "@maplibre/vt-pbf";
import type { Feature } from "geojson";
import GeoJSONVT from "geojson-vt";
import { cellKey } from "../../tiles/geo/cell-key.ts";
import { cellBounds, columnAt, countCells, coverBounds, parseCell, rowAt } from "../../tiles/geo/geohash.ts";
import { EXTENT, type TileAddress, tileBounds } from "../../tiles/geo/tile-address.ts";
import { SCORES_MIN_ZOOM } from "../../tiles/layers.ts";
import { SCORE_NAMES } from "../../tiles/scores/scores.ts";
import type { CellScores, ScoreLookup } from "./score-cache.ts";

/** Polygons reach so far beyond the tile that no seam shows. */
const BUFFER = 64;

const NOTHING = new Uint8Array();

/** Precision of the cells that a zoom shows: 16 px wide or more. */
export function precisionOfZoom(z: number): 4 | 5 | 6 {
  return z <= 7 ? 4 : z <= 10 ? 5 : 6;
}

/** The layer `scores` of a tile as MVT bytes: a polygon for each cell whose scores are known. Empty where there is none. */
export function encodeScoresLayer(tile: TileAddress, book: ScoreLookup): Uint8Array {
  if (tile.z < SCORES_MIN_ZOOM) return NOTHING;
  const features = cellsOfTile(tile, book).map(featureOf);
  if (features.length === 0) return NOTHING;
  // Sliced on the way down to this one tile; nothing is simplified, for a rectangle cannot be.
  const options = { maxZoom: tile.z, indexMaxZoom: 0, tolerance: 0, extent: EXTENT, buffer: BUFFER };
  const sliced = new GeoJSONVT({ type: "FeatureCollection", features }, options).getTile(tile.z, tile.x, tile.y);
  if (sliced === null || sliced.features.length === 0) return NOTHING;
  // Both packages name the same structure; only one writes absent tags as null.
  const layers = { scores: sliced } as unknown as Parameters<typeof fromGeojsonVt>[0];
  return fromGeojsonVt(layers, { version: 2, extent: EXTENT });
}

/** Ascending by geohash: the order of features depends on content alone. */
function cellsOfTile(tile: TileAddress, book: ScoreLookup): CellScores[] {
  const precision = precisionOfZoom(tile.z);
  const known = book.cells(precision);
  const bounds = tileBounds(tile, BUFFER / EXTENT);
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
      ...Object.fromEntries(SCORE_NAMES.map((name) => [name, scores[name] / 10])),
      report_count_7d: reportCount7d,
    },
  };
}
