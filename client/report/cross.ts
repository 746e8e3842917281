import type { Map as MapLibreMap, Subscription } from "maplibre-gl";
import { type CoveredEdges, coveredEdges } from "../map/free-area.ts";
import { find, prefersReducedMotion } from "../ui/dom.ts";
import type { Place } from "./place.ts";
import { namePlace } from "./place-name.ts";

/** The cross in the middle of the map's free part, under which the map is moved. */
export interface Cross {
  /** Shows it where the form leaves the map free, at a place or where the map is, near enough to aim. */
  show(form: HTMLElement, at?: Place): void;
  /** Puts it away; the map stays. */
  hide(): void;
  /** Gives the form's part of the map back. */
  giveBack(): void;
  goTo(place: Place): void;
  place(): Place;
  /** What is known by name there; "" where nothing is. */
  name(): string;
  /** Whether the map is so close that the cross means a place, and not a whole quarter. */
  isNear(): boolean;
}

/** Below this zoom a cross covers more than a block, and a report would land anywhere. */
const MIN_PICK_ZOOM = 13;
const PICK_ZOOM = 15.5;
const CHOSEN_ZOOM = 16.5;

/** `onMove` hears when the map has moved, `onDrawn` also when more of it is drawn: the streets' names are there then. */
export function createCross(map: MapLibreMap, onMove: () => void, onDrawn: () => void): Cross {
  const crosshair = find("#crosshair");
  let following: Subscription[] = [];
  let stopMeasuring = () => {};
  const move = (target: { center?: [number, number]; zoom?: number; padding?: CoveredEdges }) =>
    map.easeTo({ ...target, duration: prefersReducedMotion() ? 0 : 500 });
  const align = () => {
    const { x, y } = map.project(map.getCenter());
    crosshair.style.translate = `${x}px ${y}px`;
  };
  const hide = () => {
    crosshair.hidden = true;
    stopMeasuring();
    for (const subscription of following.splice(0)) subscription.unsubscribe();
  };
  return {
    show(form, at) {
      hide();
      crosshair.hidden = false;
      move({
        padding: coveredEdges(form),
        ...(at && { center: [at.lon, at.lat] }),
        ...((at || map.getZoom() >= 9) && { zoom: Math.max(map.getZoom(), PICK_ZOOM) }),
      });
      const turned = () => {
        map.jumpTo({ padding: coveredEdges(form) });
        align();
      };
      following = [map.on("move", align), map.on("resize", turned), map.on("moveend", onMove), map.on("idle", onDrawn)];
      stopMeasuring = onGrowth(form, () => {
        if (!isWithin(coveredEdges(form), map.getPadding())) move({ padding: coveredEdges(form) });
      });
      align();
    },
    hide,
    giveBack: () => move({ padding: coveredEdges() }),
    goTo: ({ lon, lat }) => move({ center: [lon, lat], zoom: Math.max(map.getZoom(), CHOSEN_ZOOM) }),
    place() {
      const { lng, lat } = map.getCenter().wrap();
      return { lon: lng, lat };
    },
    name() {
      const { lng, lat } = map.getCenter().wrap();
      return namePlace(map, lng, lat);
    },
    isNear: () => map.getZoom() >= MIN_PICK_ZOOM,
  };
}

/** The form's second step may be taller than its first; when it is lower, the map stays where one has aimed. */
function onGrowth(form: HTMLElement, run: () => void): () => void {
  const observer = new ResizeObserver(run);
  observer.observe(form);
  return () => observer.disconnect();
}

const isWithin = (edges: CoveredEdges, padding: Partial<CoveredEdges>): boolean =>
  (["top", "right", "bottom", "left"] as const).every((edge) => edges[edge] <= (padding[edge] ?? 0) + 1);
