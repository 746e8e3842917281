import type { MapGeoJSONFeature, Map as MapLibreMap, MapMouseEvent, PointLike } from "maplibre-gl";
import { isReportLayer, REPORT_LAYERS } from "../../tiles/layers.ts";
import { prefersReducedMotion } from "../dom.ts";
import type { Page } from "../page/page-state.ts";
import { clusterLayerOf, MAX_ZOOM, singleLayerOf } from "./report-layers.ts";
import type { ReportPopups } from "./report-popup.ts";

/** Reach of a click around its point in pixels: fingers are wider than cursors. */
const REACH_PX = matchMedia("(pointer: coarse)").matches ? 12 : 4;
/** A click on a cluster goes this much closer; from the last zoom on its reports are listed instead. */
const ZOOM_STEP = 2;

const HIT_LAYERS = REPORT_LAYERS.flatMap((layer) => [singleLayerOf(layer), clusterLayerOf(layer)]);

export interface ClickTargets {
  readonly map: MapLibreMap;
  readonly page: Page;
  readonly popups: ReportPopups;
  isPicking(): boolean;
}

/** Click a cluster: closer. Click a report: read it. */
export function bindClicks({ map, page, popups, isPicking }: ClickTargets): void {
  map.on("click", (event) => {
    if (isPicking()) {
      map.easeTo({ center: event.lngLat, duration: prefersReducedMotion() ? 0 : 300 });
      return;
    }
    const hit = nearestHit(map, event);
    if (hit) follow(hit);
  });
  map.on("mousemove", HIT_LAYERS, () => setCursor(isPicking() ? "" : "pointer"));
  map.on("mouseleave", HIT_LAYERS, () => setCursor(""));

  const setCursor = (cursor: string) => {
    map.getCanvas().style.cursor = cursor;
  };
  const follow = (hit: MapGeoJSONFeature) => {
    const at = placeOf(hit);
    const layer = hit.sourceLayer ?? "";
    if (!at || !isReportLayer(layer)) return;
    const { point_count, id, category, severity, newest } = hit.properties;
    if (point_count === undefined) {
      const summary = {
        layer,
        category: String(category),
        severity: Number(severity),
        createdAtMs: Number(newest) * 1000,
      };
      popups.showReport(at, String(id), summary);
    } else if (map.getZoom() > MAX_ZOOM - 0.5) {
      popups.showList(at, layer, page.get());
    } else {
      popups.close();
      map.easeTo({ center: at, zoom: Math.min(MAX_ZOOM, map.getZoom() + ZOOM_STEP), duration: 600 });
    }
  };
}

/** The mark that a click means: the nearest in reach of it. */
export function nearestHit(map: MapLibreMap, { point }: MapMouseEvent): MapGeoJSONFeature | undefined {
  const box: [PointLike, PointLike] = [
    [point.x - REACH_PX, point.y - REACH_PX],
    [point.x + REACH_PX, point.y + REACH_PX],
  ];
  const distance = (feature: MapGeoJSONFeature) => {
    const at = placeOf(feature);
    return at ? map.project(at).dist(point) : Number.POSITIVE_INFINITY;
  };
  const hits = map.queryRenderedFeatures(box, { layers: HIT_LAYERS });
  return hits.sort((a, b) => distance(a) - distance(b))[0];
}

export function placeOf({ geometry }: MapGeoJSONFeature): [number, number] | undefined {
  if (geometry.type !== "Point") return undefined;
  const [lonDeg = 0, latDeg = 0] = geometry.coordinates;
  return [lonDeg, latDeg];
}
