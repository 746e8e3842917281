import type { LngLat, MapGeoJSONFeature, Map as MapLibreMap, MapMouseEvent, PointLike } from "maplibre-gl";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { fetchExpansionZoom } from "../api/api.ts";
import { NEIGHBOURHOOD_PRECISION, NEIGHBOURHOOD_ZOOM } from "../map/neighbourhood.ts";
import { clusterLayerOf, layerOfMark, MAX_ZOOM, singleLayerOf } from "../map/report-layers.ts";
import { scoreFills } from "../scores/score-layers.ts";
import { prefersReducedMotion } from "../ui/dom.ts";
import type { PopupsOnDemand } from "./popups-on-demand.ts";

/** Reach of a click around its point in pixels: fingers are wider than cursors. */
const REACH_PX = matchMedia("(pointer: coarse)").matches ? 12 : 4;
/** A click on a cluster goes this much closer when nobody can say where it splits. */
const ZOOM_STEP = 2;

const HIT_LAYERS = REPORT_LAYERS.flatMap((layer) => [singleLayerOf(layer), clusterLayerOf(layer)]);

export interface ClickTargets {
  readonly map: MapLibreMap;
  readonly popups: PopupsOnDemand;
  /** Opens the score card of a cell or an area; without it there are no cards. */
  readonly openCard: ((card: string) => void) | undefined;
  isPicking(): boolean;
}

/** Click a cluster: to where it splits, with a word on what it was. Click a report: read it. Click an area, a cell or the bare map: its score card. */
export function bindClicks({ map, popups, openCard, isPicking }: ClickTargets): void {
  map.on("click", (event) => {
    if (isPicking()) {
      map.easeTo({ center: event.lngLat, duration: prefersReducedMotion() ? 0 : 300 });
      return;
    }
    const hit = nearestHit(map, event);
    if (hit) follow(hit);
    // Such a click closes the popup, and does nothing else.
    else if (popups.isOpen()) popups.close();
    else {
      const card = cardAt(map, event.lngLat);
      if (card) openCard?.(card);
    }
  });
  map.on("mousemove", HIT_LAYERS, () => {
    setCursor(isPicking() ? "" : "pointer");
    if (!isPicking()) popups.prepare();
  });
  map.on("mouseleave", HIT_LAYERS, () => setCursor(""));

  const setCursor = (cursor: string) => {
    map.getCanvas().style.cursor = cursor;
  };
  const follow = (hit: MapGeoJSONFeature) => {
    const at = placeOf(hit);
    const layer = layerOfMark(hit);
    if (!at || !layer) return;
    const { point_count, category, severity, newest, geohash } = hit.properties;
    const id = String(hit.properties.id);
    const newestMs = Number(newest) * 1000;
    if (point_count === undefined) {
      popups.showReport(at, id, {
        layer,
        category: String(category),
        severity: Number(severity),
        createdAtMs: newestMs,
      });
      return;
    }
    const cluster = { id, layer, count: Number(point_count), newestMs, geohash: String(geohash) };
    popups.close();
    void splitZoom(id, map.getZoom()).then((zoom) => {
      if (zoom > MAX_ZOOM) return popups.showList(at, cluster);
      map.easeTo({ center: at, zoom, duration: prefersReducedMotion() ? 0 : 600 });
      // Where there are no cards it would only cover what came apart.
      if (openCard) popups.showCluster(at, cluster);
    });
  };
}

/** The zoom at which a cluster splits, beyond the map's last one when it does not. */
async function splitZoom(id: string, zoom: number): Promise<number> {
  const blind = zoom > MAX_ZOOM - 0.5 ? MAX_ZOOM + 1 : Math.min(MAX_ZOOM, zoom + ZOOM_STEP);
  const known = await fetchExpansionZoom(id).then(
    (splitsAt) => splitsAt ?? MAX_ZOOM + 1,
    () => blind,
  );
  // Tiles of a whole zoom are drawn from half a zoom before; one step closer is a step at least.
  return known > MAX_ZOOM ? known : Math.max(known, Math.min(MAX_ZOOM, zoom + 1));
}

/** Whose card a place means: of the coloured area or cell there, or of the neighbourhood. */
export function cardAt(map: MapLibreMap, lngLat: LngLat): string | undefined {
  const [hit] = map.queryRenderedFeatures(map.project(lngLat), { layers: scoreFills(map) });
  if (hit) return String(hit.properties.geohash ?? hit.properties.id);
  if (map.getZoom() < NEIGHBOURHOOD_ZOOM) return undefined;
  const { lng, lat } = lngLat.wrap();
  return encodeGeohash(lng, lat, NEIGHBOURHOOD_PRECISION);
}

/** The mark that a click means: the nearest in reach of it. */
export function nearestHit(map: MapLibreMap, { point }: MapMouseEvent): MapGeoJSONFeature | undefined {
  const box: [PointLike, PointLike] = [
    [point.x - REACH_PX, point.y - REACH_PX],
    [point.x + REACH_PX, point.y + REACH_PX],
  ];
  const distance = (feature: MapGeoJSONFeature) => {
    const at = drawnAt(feature);
    return at ? map.project(at).dist(point) : Number.POSITIVE_INFINITY;
  };
  const hits = map.queryRenderedFeatures(box, { layers: HIT_LAYERS });
  return hits.sort((a, b) => distance(a) - distance(b))[0];
}

/** Where what a mark stands for lies. */
export function placeOf(mark: MapGeoJSONFeature): [number, number] | undefined {
  const { lon, lat } = mark.properties;
  // Said where a mark is drawn beside its place.
  return typeof lon === "number" && typeof lat === "number" ? [lon, lat] : drawnAt(mark);
}

function drawnAt({ geometry }: MapGeoJSONFeature): [number, number] | undefined {
  if (geometry.type !== "Point") return undefined;
  const [lonDeg = 0, latDeg = 0] = geometry.coordinates;
  return [lonDeg, latDeg];
}
