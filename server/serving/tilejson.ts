import { LEVELS } from "../../tiles/cluster/cluster-cells.ts";
import { MAX_LATITUDE, MAX_ZOOM } from "../../tiles/geo/tile-address.ts";
import {
  AREAS_MIN_ZOOM,
  DEFAULT_WINDOW,
  SCORES_MIN_ZOOM,
  TILE_LAYERS,
  TIME_WINDOWS,
  type TileLayer,
  type TimeWindow,
} from "../../tiles/layers.ts";
import { tileQuery } from "./parse-tile-path.ts";

const MIN_ZOOM = LEVELS[0]?.minZoom ?? 0;

/** What each layer is about, for people who choose one. */
export const LAYER_DESCRIPTIONS: Readonly<Record<TileLayer, string>> = {
  safety: "What makes people feel unsafe: theft, poor lighting, dangerous traffic.",
  vibe: "What a neighbourhood feels like: music, noise, street art, festivals.",
  infrastructure: "What is broken or being built: potholes, flooding, construction.",
  opportunity: "What is starting: new businesses, spaces for lease, markets.",
  areas:
    "How areas with real boundaries are doing, such as a city's neighbourhoods: the scores of the reports that lie in them.",
  scores: "How neighbourhoods are doing: five scores for each cell, from the reports of the last 30 days.",
};

/** A field's type in the words that readers know, and what it means. */
type Field = readonly [type: "Boolean" | "Number" | "String", description: string];
type Fields = Readonly<Record<string, Field>>;

/** Of reports and clusters. */
const REPORT_FIELDS: Fields = {
  cluster: ["Boolean", "true on clusters; absent on single reports."],
  point_count: ["Number", "Reports in the cluster."],
  point_count_abbreviated: ["String", "The same in short, 1.2k; below 1000 the number itself."],
  severity: ["Number", "1 to 5; a cluster's is the mean."],
  weight: ["Number", "Cluster: sum of severity times recency weight."],
  newest: ["Number", "Unix seconds of the newest report; of a cluster up to zoom 15 to the minute."],
  geohash: ["String", "Neighbourhood (geohash of 6 characters) under the feature."],
  score: ["Number", "That neighbourhood's overall score, when known."],
  category: ["String", "Single report: its category."],
  id: ["String", "Of the report or the cluster."],
};

/** Of cells. */
const SCORE_FIELDS: Fields = {
  geohash: ["String", "The cell: 4 characters up to zoom 7, 5 up to zoom 10, then 6, which is a neighbourhood."],
  safety: ["Number", "0 to 100, one decimal; absent without reports in the last 30 days."],
  vibe: ["Number", "0 to 100, one decimal; absent without reports in the last 30 days."],
  infrastructure: ["Number", "0 to 100, one decimal; absent without reports in the last 30 days."],
  opportunity: ["Number", "0 to 100, one decimal; absent without reports in the last 30 days."],
  overall: ["Number", "Mean of the scores that there are; absent without any."],
  report_count_7d: ["Number", "Reports of all layers in the last seven days."],
};

const COPY_FIELD: Field = [
  "Boolean",
  "true on what lies in the buffer: it is a neighbouring tile's, and not to be counted.",
];

/**
 * Fields of a layer as a `vector_layers` entry tells them. GDAL and QGIS take a type from `fields` when it is one of three words,
 * and otherwise read numbers as text; so what fields mean is told beside.
 */
function describeFields(layer: TileLayer, bufferPx: number) {
  const own = fieldsOf(layer);
  const fields = Object.entries(bufferPx === 0 ? own : { ...own, copy: COPY_FIELD });
  return {
    fields: Object.fromEntries(fields.map(([name, [type]]) => [name, type])),
    field_descriptions: Object.fromEntries(fields.map(([name, [, description]]) => [name, description])),
  };
}

const { geohash: _, ...SCORES_AND_COUNT } = SCORE_FIELDS;

/** Of areas. */
const AREA_FIELDS: Fields = {
  id: ["String", "Of the area, as /api/areas/{id} takes it."],
  name: ["String", "What people call it."],
  kind: ["String", "What the area is: neighborhood, for one."],
  ...SCORES_AND_COUNT,
  report_count_30d: ["Number", "The same of the last thirty days."],
};

function fieldsOf(layer: TileLayer): Fields {
  if (layer === "scores") return SCORE_FIELDS;
  return layer === "areas" ? AREA_FIELDS : REPORT_FIELDS;
}

function minZoomOf(layer: TileLayer): number {
  if (layer === "scores") return SCORES_MIN_ZOOM;
  return layer === "areas" ? AREAS_MIN_ZOOM : MIN_ZOOM;
}

/** What tiles of a TileJSON are asked for with. */
export interface TileJsonOptions {
  readonly window?: TimeWindow;
  readonly bufferPx?: number;
  readonly key?: string | undefined;
}

/**
 * TileJSON 3.0.0 for a set of layers. `base` is the public address of the service, without a slash at the end.
 * https://github.com/mapbox/tilejson-spec/tree/master/3.0.0
 */
export function tileJson(
  layers: readonly TileLayer[],
  base: string,
  { window = DEFAULT_WINDOW, bufferPx = 0, key }: TileJsonOptions = {},
) {
  const query = tileQuery(window, bufferPx);
  const withKey = key === undefined ? query : `${query}${query === "" ? "?" : "&"}key=${key}`;
  return {
    tilejson: "3.0.0",
    tiles: [`${base}/tiles/${layers.join(",")}/{z}/{x}/{y}.pbf${withKey}`],
    name: `STRATUM ${layers.join(", ")}`,
    description: layers.map((layer) => LAYER_DESCRIPTIONS[layer]).join(" "),
    version: "1.0.0",
    attribution: "© STRATUM contributors",
    scheme: "xyz",
    minzoom: Math.min(...layers.map(minZoomOf)),
    maxzoom: MAX_ZOOM,
    bounds: [-180, -MAX_LATITUDE, 180, MAX_LATITUDE],
    center: [-98.5, 39.8, 4],
    vector_layers: layers.map((layer) => ({
      id: layer,
      description: LAYER_DESCRIPTIONS[layer],
      minzoom: minZoomOf(layer),
      maxzoom: MAX_ZOOM,
      ...describeFields(layer, bufferPx),
    })),
  };
}

/** The catalogue: a TileJSON of all layers together, with the address of each one's own. */
export function catalogue(base: string, key?: string) {
  const withKey = key === undefined ? "" : `?key=${key}`;
  return {
    ...tileJson(TILE_LAYERS, base, { key }),
    windows: TIME_WINDOWS,
    layers: TILE_LAYERS.map((layer) => ({
      id: layer,
      description: LAYER_DESCRIPTIONS[layer],
      tilejson: `${base}/tiles/${layer}.json${withKey}`,
      tiles: `${base}/tiles/${layer}/{z}/{x}/{y}.pbf${withKey}`,
    })),
  };
}
