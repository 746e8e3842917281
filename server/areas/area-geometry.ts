import type { Area } from "../../tiles/areas/area.ts";

/** As GeoJSON has rings: closed, and wound as they are stored, outer ones counterclockwise. Degrees. */
export const coordinatesOfArea = ({ polygons }: Pick<Area, "polygons">): number[][][][] =>
  polygons.map((polygon) =>
    polygon.map((ring) => {
      const corners = Array.from({ length: ring.length / 2 }, (_, i) => [
        (ring[2 * i] as number) / 1e6,
        (ring[2 * i + 1] as number) / 1e6,
      ]);
      return [...corners, ...corners.slice(0, 1)];
    }),
  );
