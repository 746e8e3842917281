import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { expect, test } from "vitest";
import { createBasemapTiles } from "../../../../server/basemap/tiles.ts";
import { basemapRoutes } from "../../../../server/http/routes/basemap.ts";

const app = basemapRoutes(createBasemapTiles());

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
