import "maplibre-gl/dist/maplibre-gl.css";
import type { Feature, FeatureCollection, Geometry, Polygon, Position } from "geojson";
import { type GeoJSONSource, Map as MapLibreMap, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { CityJson } from "../../api/api.ts";
import { BASE } from "../../api/base.ts";
import { basemapStyle } from "../../map/basemap-style.ts";
import { currentTheme } from "../../map/theme.ts";
import { element } from "../../ui/dom.ts";
import { OWN_AREA_WORDS as WORDS } from "../../words/dashboard-area-words.ts";
import { counterclockwise } from "./ring.ts";

// The page may lie below a path of another site.
setWorkerUrl(new URL(workerUrl, location.href).href);

const SOURCE = "drawn";
const MAX_CORNERS = 500;

export interface PolygonDrawing {
  readonly node: HTMLElement;
  /** Undefined with fewer than three corners. */
  polygon(): Polygon | undefined;
}

/** A map on which one clicks, or sets in its middle, the corners of a polygon. */
export function createPolygonDrawing(city: CityJson, signal: AbortSignal): PolygonDrawing {
  const place = element("div", { class: "draw-map", "aria-label": WORDS.drawing, role: "application" });
  const told = element("p", { class: "hint", role: "status" }, WORDS.corners(0));
  let corners: Position[] = [];
  const theme = currentTheme();
  const map = new MapLibreMap({
    container: place,
    style: basemapStyle(theme, BASE),
    bounds: [...city.bbox] as [number, number, number, number],
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
  });
  map.touchZoomRotate.disableRotation();
  map.getCanvas().style.cursor = "crosshair";
  signal.addEventListener("abort", () => map.remove());
  const show = () => {
    map.getSource<GeoJSONSource>(SOURCE)?.setData(drawnSoFar(corners));
    told.textContent = WORDS.corners(corners.length);
  };
  const add = ({ lng, lat }: { lng: number; lat: number }) => {
    if (corners.length >= MAX_CORNERS) return;
    corners = [...corners, [Number(lng.toFixed(6)), Number(lat.toFixed(6))]];
    show();
  };
  map.on("load", () => {
    addLayers(map, theme.layers.infrastructure);
    show();
  });
  map.on("click", ({ lngLat }) => add(lngLat));
  const button = (words: string, act: () => void) => {
    const made = element("button", { type: "button", class: "secondary" }, words);
    made.addEventListener("click", act);
    return made;
  };
  const tools = element(
    "div",
    { class: "formats" },
    button(WORDS.addMiddle, () => add(map.getCenter())),
    button(WORDS.undo, () => {
      corners = corners.slice(0, -1);
      show();
    }),
    button(WORDS.clear, () => {
      corners = [];
      show();
    }),
  );
  const cross = element("span", { class: "draw-cross", "aria-hidden": "true" });
  place.append(cross);
  // Its size is known when it is in the page.
  requestAnimationFrame(() => map.resize());
  return {
    node: element("div", { class: "drawing-parts" }, place, told, tools),
    polygon() {
      const [first] = corners;
      return corners.length < 3 || first === undefined
        ? undefined
        : { type: "Polygon", coordinates: [counterclockwise([...corners, first])] };
    },
  };
}

function addLayers(map: MapLibreMap, color: string): void {
  map.addSource(SOURCE, { type: "geojson", data: drawnSoFar([]) });
  map.addLayer({ id: "drawn-fill", type: "fill", source: SOURCE, paint: { "fill-color": color, "fill-opacity": 0.2 } });
  map.addLayer({ id: "drawn-line", type: "line", source: SOURCE, paint: { "line-color": color, "line-width": 2.5 } });
  map.addLayer({
    id: "drawn-corner",
    type: "circle",
    source: SOURCE,
    filter: ["==", ["geometry-type"], "Point"],
    paint: { "circle-color": color, "circle-radius": 5 },
  });
}

function drawnSoFar(corners: readonly Position[]): FeatureCollection {
  const [first] = corners;
  const features: Feature[] = corners.map((coordinates) => ({
    type: "Feature",
    properties: {},
    geometry: { type: "Point", coordinates },
  }));
  if (first !== undefined && corners.length > 1) {
    const geometry: Geometry =
      corners.length === 2
        ? { type: "LineString", coordinates: [...corners] }
        : { type: "Polygon", coordinates: [[...corners, first]] };
    features.push({ type: "Feature", properties: {}, geometry });
  }
  return { type: "FeatureCollection", features };
}
