import type { Map as MapLibreMap } from "maplibre-gl";

/** What the map shows: west, south, east, north in degrees, as the API takes them, also after a turn around the world. */
export function viewBox(map: MapLibreMap): readonly [number, number, number, number] {
  const center = map.getCenter();
  const turned = center.wrap().lng - center.lng;
  const { _sw, _ne } = map.getBounds();
  const lon = (deg: number) => Math.max(-180, Math.min(180, deg + turned));
  const lat = (deg: number) => Math.max(-90, Math.min(90, deg));
  return [lon(_sw.lng), lat(_sw.lat), lon(_ne.lng), lat(_ne.lat)];
}
