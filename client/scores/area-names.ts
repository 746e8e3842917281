import type { Feature, FeatureCollection, Point, Position } from "geojson";

/** A piece of an area, as a tile has it. */
export type AreaPiece = Pick<Feature, "geometry" | "properties">;

/**
 * The middle of each area in pieces of tiles, with its name, so that an area that several tiles show is named once. Degrees, to five
 * digits; by id.
 */
export function namePoints(pieces: readonly AreaPiece[]): FeatureCollection<Point> {
  const sums = new Map<string, { readonly name: string; readonly moments: Moments }>();
  for (const { geometry, properties } of pieces) {
    const id = String(properties?.id);
    const known = sums.get(id) ?? { name: String(properties?.name), moments: { area: 0, lon: 0, lat: 0 } };
    for (const [outer = []] of polygonsOf(geometry)) addRing(known.moments, outer);
    sums.set(id, known);
  }
  const features = [...sums]
    .filter(([, { moments }]) => moments.area > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { name, moments }]): Feature<Point> => {
      const coordinates = [moments.lon / moments.area, moments.lat / moments.area].map((deg) => Number(deg.toFixed(5)));
      return { type: "Feature", properties: { id, name }, geometry: { type: "Point", coordinates } };
    });
  return { type: "FeatureCollection", features };
}

/** Sums over pieces: their areas, and those times the places of their middles. */
interface Moments {
  area: number;
  lon: number;
  lat: number;
}

export function polygonsOf(geometry: Feature["geometry"]): readonly Position[][][] {
  if (geometry.type === "Polygon") return [geometry.coordinates];
  return geometry.type === "MultiPolygon" ? geometry.coordinates : [];
}

/** Measured from the ring's first corner: far from it the products would lose what they tell. */
function addRing(moments: Moments, ring: readonly Position[]): void {
  const [lon0 = 0, lat0 = 0] = ring[0] ?? [];
  const own: Moments = { area: 0, lon: 0, lat: 0 };
  ring.forEach(([lon = 0, lat = 0], i) => {
    const [nextLon = 0, nextLat = 0] = ring[(i + 1) % ring.length] ?? [];
    const [x, y, u, v] = [lon - lon0, lat - lat0, nextLon - lon0, nextLat - lat0];
    const cross = x * v - u * y;
    own.area += cross / 2;
    own.lon += ((x + u) * cross) / 6;
    own.lat += ((y + v) * cross) / 6;
  });
  const sign = Math.sign(own.area);
  moments.area += sign * own.area;
  moments.lon += sign * (own.lon + lon0 * own.area);
  moments.lat += sign * (own.lat + lat0 * own.area);
}
