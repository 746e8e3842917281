import type { Position } from "geojson";

/** As RFC 7946, 3.1.6 has outer rings. @param ring closed, degrees */
export function counterclockwise(ring: readonly Position[]): Position[] {
  let twice = 0;
  ring.forEach(([lon = 0, lat = 0], i) => {
    const [nextLon = 0, nextLat = 0] = ring[(i + 1) % ring.length] ?? [];
    twice += lon * nextLat - nextLon * lat;
  });
  return twice < 0 ? ring.toReversed() : [...ring];
}
