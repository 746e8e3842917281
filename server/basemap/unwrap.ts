import type { Feature, Geometry, Polygon, Position } from "geojson";

/**
 * The polygons of a geometry, each a feature of its own, with rings that cross the antimeridian going on beyond 180 degrees
 * instead of jumping to the other side of the map. world-atlas has them joined there, for globes.
 */
export function unwrappedPolygons(geometry: Geometry): Feature<Polygon>[] {
  const polygons =
    geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
  return polygons.map((rings) => ({
    type: "Feature",
    properties: {},
    geometry: { type: "Polygon", coordinates: rings.map(unwrapRing) },
  }));
}

/** A ring around a pole does not close on a map: it is led along the map's edge beyond the pole. */
function unwrapRing(ring: readonly Position[]): Position[] {
  const unwrapped: Position[] = [];
  let turns = 0;
  let before = ring[0]?.[0] ?? 0;
  for (const [lonDeg = 0, latDeg = 0] of ring) {
    if (lonDeg - before > 180) turns--;
    else if (before - lonDeg > 180) turns++;
    before = lonDeg;
    unwrapped.push([lonDeg + 360 * turns, latDeg]);
  }
  const [first, last] = [unwrapped[0], unwrapped.at(-1)];
  if (turns === 0 || first === undefined || last === undefined) return unwrapped;
  const poleDeg = (first[1] ?? 0) < 0 ? -90 : 90;
  return [...unwrapped, [last[0] ?? 0, poleDeg], [first[0] ?? 0, poleDeg], first];
}
