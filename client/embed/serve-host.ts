import type { LngLatLike, Map as MapLibreMap } from "maplibre-gl";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { NEIGHBOURHOOD_PRECISION } from "../map/neighbourhood.ts";
import { layerOfMark } from "../map/report-layers.ts";
import type { Page } from "../page/page-state.ts";
import { SCORE_FILL } from "../scores/score-layers.ts";
import { prefersReducedMotion } from "../ui/dom.ts";
import { nearestHit, placeOf } from "../view/clicks.ts";
import type { HostChannel } from "./host-channel.ts";
import type { Fault, FrameState, HostRequest, Look, ViewRequest } from "./messages.ts";

export interface ServedFrame {
  readonly map: MapLibreMap;
  readonly page: Page;
  readonly channel: HostChannel;
  look(): Look;
  setLook(change: Partial<Look>): void;
}

interface CenterZoom {
  readonly center?: LngLatLike;
  readonly zoom?: number;
}

const FLIGHT_MS = 2_000;

/** Lets the host's page read and steer the map, and tells it what the reader does. */
export function serveHost(frame: ServedFrame): void {
  const { map, channel } = frame;
  const state = () => stateOf(frame);
  channel.serve((request) => follow(frame, request) ?? state());
  channel.tell({ type: "ready", state: state() });
  map.on("moveend", () => channel.tell({ type: "moved", state: state() }));
  map.on("click", (event) => {
    const hit = nearestHit(map, event);
    const at = hit && placeOf(hit);
    const { lng, lat } = event.lngLat.wrap();
    if (hit === undefined || at === undefined) {
      const [cell] = map.queryRenderedFeatures(event.point, { layers: [SCORE_FILL] });
      const properties = cell?.properties ?? { geohash: encodeGeohash(lng, lat, NEIGHBOURHOOD_PRECISION) };
      channel.tell({ type: "clicked", kind: "neighbourhood", at: [lng, lat], properties });
      return;
    }
    const layer = layerOfMark(hit);
    // Those of its tile alone, also where it is drawn beside its place.
    const { layer: _layer, lon: _lon, lat: _lat, ...properties } = hit.properties;
    const kind = properties.point_count === undefined ? "report" : "cluster";
    channel.tell({ type: "clicked", kind, at, properties, ...(layer && { layer }) });
  });
}

function stateOf({ map, page, look }: ServedFrame): FrameState {
  const { lng, lat } = map.getCenter().wrap();
  const { _sw, _ne } = map.getBounds();
  const { layers, window, scores = null } = page.get();
  return {
    center: [lng, lat],
    zoom: map.getZoom(),
    bounds: [_sw.lng, _sw.lat, _ne.lng, _ne.lat],
    layers,
    window,
    scores,
    ...look(),
  };
}

/** Does what the host asks, or says why not. */
function follow({ map, page, setLook }: ServedFrame, request: HostRequest): Fault | undefined {
  const { layers, scores } = page.get();
  if (request.type === "setLayers") {
    if (request.layers.length === 0 && scores === undefined) return NOTHING_LEFT;
    page.set({ layers: request.layers });
  } else if (request.type === "setScores") {
    if (request.scores === null && layers.length === 0) return NOTHING_LEFT;
    page.set({ scores: request.scores ?? undefined });
  } else if (request.type === "setWindow") page.set({ window: request.window });
  else if (request.type === "setTheme") setLook({ theme: request.theme });
  else if (request.type === "setLegend") setLook({ legend: request.legend });
  else if (request.type === "setView" || request.type === "flyTo") {
    const target = cameraOf(map, request);
    if (request.type === "setView" || prefersReducedMotion()) map.jumpTo(target);
    else map.flyTo({ ...target, duration: FLIGHT_MS });
  }
  return undefined;
}

const NOTHING_LEFT: Fault = { code: "invalid", field: "layers", message: "layers may be empty only while scores show" };

function cameraOf(map: MapLibreMap, { center, zoom, bounds }: ViewRequest): CenterZoom {
  const box = bounds && map.cameraForBounds([bounds[0], bounds[1], bounds[2], bounds[3]]);
  return {
    ...(box?.center && { center: box.center, zoom: box.zoom ?? map.getZoom() }),
    ...(center && { center: [center[0], center[1]] }),
    ...(zoom !== undefined && { zoom }),
  };
}
