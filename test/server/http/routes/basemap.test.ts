import { VectorTile } from "@mapbox/vector-tile";
import type { Feature, Polygon, Position } from "geojson";
import { PbfReader } from "pbf";
import { expect, test } from "vitest";
import { CITY_MAPS } from "../../../../server/basemap/cities.ts";
import { cityLayers } from "../../../../server/basemap/city-layers.ts";
import { createBasemapTiles } from "../../../../server/basemap/tiles.ts";
import { loadWorld } from "../../../../server/basemap/world.ts";
import { basemapRoutes } from "../../../../server/http/routes/basemap.ts";

const app = basemapRoutes(createBasemapTiles());

/** A step between two shores is seen from so many degrees on: 80 m. */
const STEP_DEG = 8e-4;

async function readTile(address: string): Promise<VectorTile> {
  const response = await app.request(`/basemap/${address}.pbf`);
  expect(response.status).toBe(200);
  return new VectorTile(new PbfReader(new Uint8Array(await response.arrayBuffer())));
}

function values(tile: VectorTile, layer: string, key: string): unknown[] {
  const found = tile.layers[layer];
  return Array.from({ length: found?.length ?? 0 }, (_, i) => found?.feature(i).properties[key]);
}

test("draws land, borders and names of the world", async () => {
  const tile = await readTile("0/0/0");
  expect(Object.keys(tile.layers).sort()).toEqual(["border", "land", "place"]);
  expect(values(tile, "place", "name")).toEqual(expect.arrayContaining(["Brazil", "Texas", "Tokyo"]));
  expect(values(tile, "border", "kind")).toEqual(expect.arrayContaining(["country", "state"]));
});

test("draws a city's streets, parks and neighbourhoods from zoom 9 on, and the world no more", async () => {
  const tile = await readTile("12/655/1583");
  expect(values(tile, "neighbourhood", "name")).toContain("Mission District");
  expect(values(tile, "park", "name")).toContain("Dolores Park");
  expect(tile.layers.land).toBeUndefined();
  // Nothing that stands for streets which nobody has drawn.
  expect(new Set(values(tile, "street", "kind"))).toEqual(new Set(["main", "motorway"]));
});

test("lets the shores of a city meet the world's where its map ends", { tags: "slow" }, async () => {
  const land = ringsOf((await loadWorld()).land ?? []);
  for (const map of Object.values(CITY_MAPS)) {
    const { sea = [], shore = [] } = cityLayers("", map);
    const edge = ringsOf(sea)[0] ?? [];
    for (const [i, from] of edge.slice(0, -1).entries()) {
      const side = [from, edge[i + 1] ?? from] as const;
      const [ours, theirs] = [crossings(ringsOf(shore), side), crossings(land, side)];
      expect(ours).toHaveLength(theirs.length);
      for (const [at, degrees] of ours.entries()) expect(Math.abs(degrees - (theirs[at] ?? 0))).toBeLessThan(STEP_DEG);
    }
  }
});

test("lets caches keep a tile for a day", async () => {
  const response = await app.request("/basemap/3/1/3.pbf");
  expect(response.headers.get("Cache-Control")).toBe("public, max-age=86400");
  expect(response.headers.get("Content-Type")).toBe("application/vnd.mapbox-vector-tile");
});

test("answers 204 in the open ocean and where no city is", async () => {
  for (const address of ["8/30/120", "12/0/0", "13/4000/4000"]) {
    expect((await app.request(`/basemap/${address}.pbf`)).status).toBe(204);
  }
});

test("answers 404 outside its zooms and outside the zoom's columns and rows", async () => {
  for (const address of ["14/0/0", "0/1/0", "3/0/8", "3/8/0", "99/0/0", "1/0/0.5", "x/0/0", "1/-1/0"]) {
    expect((await app.request(`/basemap/${address}.pbf`)).status).toBe(404);
  }
});

test("tells the client of the operator's own style", async () => {
  const styleUrl = "https://maps.example/style.json";
  const withStyle = await basemapRoutes(createBasemapTiles(), { styleUrl }).request("/basemap.json");
  expect(await withStyle.json()).toEqual({ style_url: styleUrl });
  expect(await (await app.request("/basemap.json")).json()).toEqual({});
});

const ringsOf = (features: readonly Feature[]): Position[][] =>
  features.flatMap(({ geometry }) => (geometry as Polygon).coordinates);

/** Where rings cross a side that runs along a meridian or a parallel: degrees of its latitude or longitude, ascending. */
function crossings(rings: readonly Position[][], [from, to]: readonly [Position, Position]): number[] {
  const across = from[0] === to[0] ? 0 : 1;
  const along = 1 - across;
  const line = from[across] ?? 0;
  const [least = 0, most = 0] = [from[along] ?? 0, to[along] ?? 0].toSorted((a, b) => a - b);
  const found: number[] = [];
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const [a = [], b = []] = [ring[i - 1], ring[i]];
      const [a0 = 0, b0 = 0, a1 = 0, b1 = 0] = [a[across], b[across], a[along], b[along]];
      if (a0 > line === b0 > line) continue;
      const at = a1 + ((b1 - a1) * (line - a0)) / (b0 - a0);
      if (at > least && at < most) found.push(at);
    }
  }
  return found.sort((a, b) => a - b);
}
