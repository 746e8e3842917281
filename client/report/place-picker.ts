import type { Map as MapLibreMap, Subscription } from "maplibre-gl";
import { element, find, icon, prefersReducedMotion } from "../dom.ts";
import { LOCATE_ICON } from "../icons.ts";
import { type CoveredEdges, coveredEdges } from "../map/free-area.ts";

/** Below this zoom a cross covers more than a block, and a report would land anywhere. */
export const MIN_PICK_ZOOM = 13;
const PICK_ZOOM = 15.5;
/** Farther than this, in degrees, no neighbourhood is "near". */
const NEAR_DEG = 0.03;

export interface PlacePicker {
  /** The button and the description of the place, for the form. */
  readonly content: HTMLElement;
  /** Shows the cross in the part of the map that the form leaves free, and comes near enough to aim. */
  start(form: HTMLElement): void;
  stop(): void;
  /** WGS 84 degrees, or what to do first. */
  read(): { readonly lon: number; readonly lat: number } | string;
}

/** Picks a place with a cross in the middle of the map: by dragging, tapping, keys, or the device's own position. */
export function createPlacePicker(map: MapLibreMap, onError: (message: string | undefined) => void): PlacePicker {
  const crosshair = find("#crosshair");
  const where = element("p", { class: "where", "aria-live": "polite" });
  const locate = element("button", { type: "button", class: "secondary" }, icon(LOCATE_ICON), "Use my location");
  let following: Subscription[] = [];
  const move = (target: { center?: [number, number]; zoom?: number; padding?: CoveredEdges }) =>
    map.easeTo({ ...target, duration: prefersReducedMotion() ? 0 : 500 });

  const describe = () => {
    const { lng, lat } = map.getCenter().wrap();
    const near = nearestNeighbourhood(map, lng, lat);
    const numbers = `${lat.toFixed(5)}, ${lng.toFixed(5)}`;
    where.replaceChildren(
      near === undefined ? numbers : element("strong", {}, near),
      near === undefined ? "" : ` ${numbers}`,
    );
    if (map.getZoom() >= MIN_PICK_ZOOM) onError(undefined);
  };
  const align = () => {
    const { x, y } = map.project(map.getCenter());
    crosshair.style.translate = `${x}px ${y}px`;
  };
  locate.addEventListener("click", async () => {
    locate.disabled = true;
    try {
      const { longitude, latitude } = await devicePosition();
      onError(undefined);
      move({ center: [longitude, latitude], zoom: Math.max(map.getZoom(), 16.5) });
    } catch (error) {
      onError(error instanceof Error ? error.message : "Your location could not be found.");
    } finally {
      locate.disabled = false;
    }
  });

  return {
    content: element(
      "div",
      { class: "place" },
      element("p", { class: "hint" }, "Drag the map under the cross, or tap the place."),
      where,
      locate,
    ),
    start(form) {
      crosshair.hidden = false;
      move({ padding: coveredEdges(form), ...(map.getZoom() >= 9 && { zoom: Math.max(map.getZoom(), PICK_ZOOM) }) });
      following = [map.on("move", align), map.on("resize", align), map.on("moveend", describe)];
      align();
      describe();
    },
    stop() {
      crosshair.hidden = true;
      for (const subscription of following.splice(0)) subscription.unsubscribe();
      move({ padding: coveredEdges() });
    },
    read() {
      if (map.getZoom() < MIN_PICK_ZOOM) return "Zoom in to the street first: from here the place would be a guess.";
      const { lng, lat } = map.getCenter().wrap();
      return { lon: round(lng), lat: round(lat) };
    },
  };
}

function nearestNeighbourhood(map: MapLibreMap, lonDeg: number, latDeg: number): string | undefined {
  if (!map.getSource("city")) return undefined;
  let nearest: string | undefined;
  let least = NEAR_DEG;
  for (const { geometry, properties } of map.querySourceFeatures("city", { sourceLayer: "neighbourhood" })) {
    if (geometry.type !== "Point") continue;
    const [lon = 0, lat = 0] = geometry.coordinates;
    const distance = Math.hypot((lon - lonDeg) * Math.cos((latDeg * Math.PI) / 180), lat - latDeg);
    if (distance < least) {
      least = distance;
      nearest = String(properties.name);
    }
  }
  return nearest;
}

function devicePosition(): Promise<GeolocationCoordinates> {
  if (!("geolocation" in navigator)) return Promise.reject(new Error("This browser cannot tell your location."));
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve(coords),
      ({ code, PERMISSION_DENIED }) =>
        reject(
          new Error(
            code === PERMISSION_DENIED
              ? "Location is switched off for this page. Move the map instead."
              : "Your location could not be found. Move the map instead.",
          ),
        ),
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 30_000 },
    );
  });
}

const round = (deg: number): number => Math.round(deg * 1e6) / 1e6;
