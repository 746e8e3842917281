import type { Map as MapLibreMap, Subscription } from "maplibre-gl";
import { type CoveredEdges, coveredEdges } from "../map/free-area.ts";
import { element, find, icon, prefersReducedMotion } from "../ui/dom.ts";
import { LOCATE_ICON } from "../ui/icons.ts";
import { type DevicePosition, findDevice, formatMetres } from "./device-position.ts";
import { fieldError } from "./fields.ts";
import { namePlace } from "./place-name.ts";

/** Below this zoom a cross covers more than a block, and a report would land anywhere. */
const MIN_PICK_ZOOM = 13;
const PICK_ZOOM = 15.5;
const DEVICE_ZOOM = 16.5;
/** A position that may be farther off says little about a corner. */
const GOOD_ENOUGH_M = 100;
/** The cross is still on the device's position while it is within this, about two metres. */
const SAME_DEG = 2e-5;

export interface Place {
  /** WGS 84 degrees. */
  readonly lon: number;
  readonly lat: number;
}

export interface PlacePicker {
  /** The description of the place and the button, for the form. */
  readonly content: HTMLElement;
  /** Shows the cross in the part of the map that the form leaves free, and comes near enough to aim. */
  start(form: HTMLElement, at?: Place): void;
  /** Puts the cross away; the map stays. */
  rest(): void;
  /** Gives the form's part of the map back. */
  stop(): void;
  /** The place, or what to do first. */
  read(): Place | string;
}

/** Picks a place with a cross in the middle of the map: by dragging, tapping, keys, or the device's own position. */
export function createPlacePicker(map: MapLibreMap, onError: (message: string | undefined) => void): PlacePicker {
  const crosshair = find("#crosshair");
  const name = element("strong");
  const hint = element("span", { class: "hint" });
  const locate = element(
    "button",
    { type: "button", class: "secondary locate", title: "Use my location" },
    icon(LOCATE_ICON),
    element("span", { class: "visually-hidden" }, "Use my location"),
  );
  let device: DevicePosition | undefined;
  let following: Subscription[] = [];
  const move = (target: { center?: [number, number]; zoom?: number; padding?: CoveredEdges }) =>
    map.easeTo({ ...target, duration: prefersReducedMotion() ? 0 : 500 });

  const describe = () => {
    const { lng, lat } = map.getCenter().wrap();
    const isNear = map.getZoom() >= MIN_PICK_ZOOM;
    setText(name, (isNear && namePlace(map, lng, lat)) || `${lat.toFixed(5)}, ${lng.toFixed(5)}`);
    setText(hint, isNear ? hintFor(device, lng, lat) : "Zoom in to the street first.");
  };
  const moved = () => {
    if (map.getZoom() >= MIN_PICK_ZOOM) onError(undefined);
    describe();
  };
  const align = () => {
    const { x, y } = map.project(map.getCenter());
    crosshair.style.translate = `${x}px ${y}px`;
  };
  locate.addEventListener("click", async () => {
    locate.disabled = true;
    try {
      device = await findDevice();
      onError(undefined);
      move({ center: [device.lonDeg, device.latDeg], zoom: Math.max(map.getZoom(), DEVICE_ZOOM) });
    } catch (error) {
      onError(error instanceof Error ? error.message : String(error));
    } finally {
      locate.disabled = false;
    }
  });

  const rest = () => {
    crosshair.hidden = true;
    for (const subscription of following.splice(0)) subscription.unsubscribe();
  };
  return {
    content: element(
      "div",
      { class: "place", "data-field": "place" },
      element("p", { class: "where", "aria-live": "polite" }, name, hint),
      locate,
      fieldError("place"),
    ),
    start(form, at) {
      rest();
      device = undefined;
      crosshair.hidden = false;
      move({
        padding: coveredEdges(form),
        ...(at && { center: [at.lon, at.lat] }),
        ...((at || map.getZoom() >= 9) && { zoom: Math.max(map.getZoom(), PICK_ZOOM) }),
      });
      // The streets' names are there once their tiles are.
      following = [map.on("move", align), map.on("resize", align), map.on("moveend", moved), map.on("idle", describe)];
      align();
      describe();
    },
    rest,
    stop() {
      rest();
      move({ padding: coveredEdges() });
    },
    read() {
      if (map.getZoom() < MIN_PICK_ZOOM) return "Zoom in to the street first: from here the place would be a guess.";
      const { lng, lat } = map.getCenter().wrap();
      return { lon: round(lng), lat: round(lat) };
    },
  };
}

/** How well the device knows where it is, as long as the cross is still there. */
function hintFor(device: DevicePosition | undefined, lonDeg: number, latDeg: number): string {
  const isThere = device && Math.hypot(device.lonDeg - lonDeg, device.latDeg - latDeg) < SAME_DEG;
  if (!isThere) return "Drag the map or tap the place.";
  const metres = formatMetres(device.accuracyM);
  return device.accuracyM > GOOD_ENOUGH_M
    ? `Known only to about ${metres}: move the map to the exact place.`
    : `Your location, to about ${metres}.`;
}

/** Only what is new: live regions read out every change. */
function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

const round = (deg: number): number => Math.round(deg * 1e6) / 1e6;
