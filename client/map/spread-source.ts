import type { Feature, FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { latOfWorldY, lonOfWorldX, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import { markRadius } from "./mark-radius.ts";
import { isSpread, layerOfSource, SPREAD_SOURCE, sourceOf } from "./report-layers.ts";
import { type PlacedMark, spreadMarks } from "./spread-marks.ts";

/** Width of the world at zoom 0 in pixels. */
const WORLD_PX = 512;
/** Marks of tiles that have come are drawn after this time at the latest, also while others are awaited. */
const PARTLY_MS = 300;

interface Mark extends PlacedMark {
  readonly properties: Readonly<Record<string, unknown>>;
}

/**
 * While several layers are shown, draws their marks beside each other: reads them off the layers' tiles as these come, and
 * sets them out anew at every zoom at which the map comes to rest. Returns what is to be called when other layers are shown.
 */
export function bindSpread(map: MapLibreMap, shown: () => readonly ReportLayer[]): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drawnZoom: number | undefined;
  const draw = () => {
    clearTimeout(timer);
    timer = undefined;
    const source = map.getSource<GeoJSONSource>(SPREAD_SOURCE);
    if (!source) return;
    const layers = shown();
    if (!isSpread(layers)) {
      if (drawnZoom !== undefined) source.setData(collection([]));
      drawnZoom = undefined;
      return;
    }
    drawnZoom = map.getZoom();
    source.setData(collection(spreadFeatures(readMarks(map, layers, drawnZoom), drawnZoom)));
  };
  const hasAll = () => shown().every((layer) => map.getSource(sourceOf(layer)) && map.isSourceLoaded(sourceOf(layer)));
  map.on("sourcedata", ({ sourceId, tile }) => {
    if (!tile || layerOfSource(sourceId) === undefined || !isSpread(shown())) return;
    if (hasAll()) draw();
    else timer ??= setTimeout(draw, PARTLY_MS);
  });
  // Tiles that the map had kept come without a word.
  map.on("moveend", () => {
    if (isSpread(shown())) draw();
  });
  map.on("style.load", draw);
  return draw;
}

function readMarks(map: MapLibreMap, layers: readonly ReportLayer[], zoom: number): Mark[] {
  const marks = new Map<string, Mark>();
  const sizePx = WORLD_PX * 2 ** zoom;
  for (const layer of layers) {
    for (const { geometry, properties } of map.querySourceFeatures(sourceOf(layer), { sourceLayer: layer })) {
      if (geometry.type !== "Point") continue;
      const [lonDeg = 0, latDeg = 0] = geometry.coordinates;
      const id = `${layer} ${properties.id}`;
      marks.set(id, {
        id,
        x: worldX(lonDeg) * sizePx,
        y: worldY(latDeg) * sizePx,
        radiusPx: markRadius(properties, zoom),
        // Where it lies: the feature says where it is drawn.
        properties: { ...properties, layer, lon: lonDeg, lat: latDeg },
      });
    }
  }
  return [...marks.values()];
}

function spreadFeatures(marks: readonly Mark[], zoom: number): Feature[] {
  const sizePx = WORLD_PX * 2 ** zoom;
  return spreadMarks(marks).map(({ x, y }, i) => ({
    type: "Feature",
    properties: marks[i]?.properties ?? {},
    geometry: { type: "Point", coordinates: [lonOfWorldX(x / sizePx), latOfWorldY(y / sizePx)] },
  }));
}

const collection = (features: Feature[]): FeatureCollection => ({ type: "FeatureCollection", features });
