import type { GeoJSONSource, LayerSpecification, Map as MapLibreMap, StyleSpecification } from "maplibre-gl";
import type { Theme } from "../map/theme.ts";
import { type TileFailures, tileBox } from "./tile-failures.ts";

const UNKNOWN = "unknown";
/** The source of our basemap that tells land from sea. */
const WORLD = "world";
const EVERYWHERE = [-180, -85.06, 180, 85.06] as const;

/** Lays a neutral ground over the sea of our own basemap, which is what it shows where nothing has come. */
export function withUnknownGround(style: StyleSpecification, theme: Theme): StyleSpecification {
  const [sea, ...rest] = style.layers;
  if (!style.sources[WORLD] || sea === undefined) return style;
  const ground: LayerSpecification = {
    id: UNKNOWN,
    type: "fill",
    source: UNKNOWN,
    // Neither the land's colour nor the sea's.
    paint: { "fill-color": theme.unknown, "fill-antialias": false },
  };
  const sources = {
    ...style.sources,
    [UNKNOWN]: { type: "geojson", data: boxes([EVERYWHERE]), tolerance: 0 } as const,
  };
  return { ...style, sources, layers: [sea, ground, ...rest] };
}

/** Keeps the neutral ground where the basemap's tiles are missing, and everywhere until the first one comes. */
export function bindUnknownGround(map: MapLibreMap, failures: TileFailures): void {
  let isKnown = false;
  let drawn = "";
  const draw = () => {
    const wanted = isKnown ? failures.inView(WORLD).map(({ tileID }) => tileBox(tileID)) : [EVERYWHERE];
    const source = map.getSource<GeoJSONSource>(UNKNOWN);
    if (!source || String(wanted) === drawn) return;
    drawn = String(wanted);
    source.setData(boxes(wanted));
  };
  map.on("style.load", () => {
    drawn = "";
    draw();
  });
  map.on("sourcedata", ({ sourceId, tile }) => {
    if (sourceId !== WORLD || !tile) return;
    isKnown = true;
    draw();
  });
  map.on("error", draw);
  map.on("moveend", draw);
}

function boxes(of: readonly (readonly [west: number, south: number, east: number, north: number])[]) {
  const coordinates = of.map(([west, south, east, north]) => [
    [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ],
  ]);
  return { type: "Feature", properties: {}, geometry: { type: "MultiPolygon", coordinates } } as const;
}
