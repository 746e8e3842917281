import type { Map as MapLibreMap } from "maplibre-gl";

/** Farther than this, in degrees, no neighbourhood is "near". */
const NEAR_DEG = 0.03;
/** Reach of the cross for a street's name, and the zoom from which that is near. */
const STREET_PX = 28;
const STREET_ZOOM = 14;
const STREET_LAYERS = ["street", "motorway"];

/** "18th St, Mission District", as far as the built-in basemap knows; "" where it knows nothing. */
export function namePlace(map: MapLibreMap, lonDeg: number, latDeg: number): string {
  if (!map.getSource("city")) return "";
  const names = [streetUnder(map, lonDeg, latDeg), nearestNeighbourhood(map, lonDeg, latDeg)];
  return names.filter((name) => name !== undefined).join(", ");
}

function streetUnder(map: MapLibreMap, lonDeg: number, latDeg: number): string | undefined {
  if (map.getZoom() < STREET_ZOOM) return undefined;
  const { x, y } = map.project([lonDeg, latDeg]);
  const layers = STREET_LAYERS.filter((id) => map.getLayer(id));
  for (const reach of [STREET_PX / 4, STREET_PX]) {
    const around: [[number, number], [number, number]] = [
      [x - reach, y - reach],
      [x + reach, y + reach],
    ];
    const named = map.queryRenderedFeatures(around, { layers }).find(({ properties }) => properties.name);
    if (named) return String(named.properties.name);
  }
  return undefined;
}

function nearestNeighbourhood(map: MapLibreMap, lonDeg: number, latDeg: number): string | undefined {
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
