import type { Map as MapLibreMap } from "maplibre-gl";
import type { Bounds } from "../../tiles/geo/geohash.ts";
import { coveredEdges } from "../map/free-area.ts";
import { prefersReducedMotion } from "../ui/dom.ts";

/** Between the cell and what covers the map. */
const MARGIN_PX = 12;
/** Closer there is little to see around a small area. */
const MAX_FLIGHT_ZOOM = 14.5;
/** Farther out one does not see which of all areas it is. */
const MIN_FLIGHT_ZOOM = 11;

/** Moves the map only when the card, or the panel, covers some of the cell, or area. */
export function bringIntoView(map: MapLibreMap, { west, south, east, north }: Bounds): void {
  const [low, high] = [map.project([west, south]), map.project([east, north])];
  const covered = coveredEdges();
  const [right, bottom] = [innerWidth - covered.right, innerHeight - covered.bottom];
  /** How far to move for a span to lie between two edges; in the middle where it is too long for that. */
  const shift = (from: number, to: number, least: number, most: number) => {
    const isOutside = from < least + MARGIN_PX || to > most - MARGIN_PX;
    const isWholly = to - from > most - least && from <= least && to >= most;
    return isOutside && !isWholly ? (from + to - least - most) / 2 : 0;
  };
  const moved: [number, number] = [
    shift(low.x, high.x, covered.left, right),
    shift(high.y, low.y, covered.top, bottom),
  ];
  if (moved[0] !== 0 || moved[1] !== 0) map.panBy(moved, { duration: prefersReducedMotion() ? 0 : 450 });
}

/** Goes to where an area shows in the middle of what is left of the map, all of it if there is room, with some of what is around. */
export function flyTo(map: MapLibreMap, { west, south, east, north }: Bounds): void {
  const covered = coveredEdges();
  const own = map.getPadding();
  const around = Math.min(innerWidth, innerHeight) / 12;
  const edge = (name: keyof typeof covered) => Math.max(0, covered[name] - (own[name] ?? 0)) + around;
  const padding = { top: edge("top"), right: edge("right"), bottom: edge("bottom"), left: edge("left") };
  const fitting = map.cameraForBounds([west, south, east, north], { padding })?.zoom ?? 0;
  const middle = ({ left = 0, right = 0, top = 0, bottom = 0 }: Partial<typeof covered>) =>
    [(left - right) / 2, (top - bottom) / 2] as const;
  const [[x, y], [ownX, ownY]] = [middle(covered), middle(own)];
  map.flyTo({
    center: [(west + east) / 2, (south + north) / 2],
    zoom: Math.min(MAX_FLIGHT_ZOOM, Math.max(MIN_FLIGHT_ZOOM, fitting)),
    offset: [x - ownX, y - ownY],
    duration: prefersReducedMotion() ? 0 : 1200,
  });
}
