import fc from "fast-check";
import { expect, test } from "vitest";
import { affectedTiles } from "../../client/map/affected-tiles.ts";

test("names only tiles that exist, each once, and at every zoom", () => {
  const lon = fc.double({ min: -180, max: 180, noNaN: true });
  const lat = fc.double({ min: -90, max: 90, noNaN: true });
  fc.assert(
    fc.property(lon, lat, (lonDeg, latDeg) => {
      const tiles = affectedTiles(lonDeg, latDeg, 19);
      expect(new Set(tiles.map(({ z }) => z)).size).toBe(20);
      expect(new Set(tiles.map(({ z, x, y }) => `${z}/${x}/${y}`)).size).toBe(tiles.length);
      for (const { z, x, y } of tiles) {
        expect(x >= 0 && x < 2 ** z && y >= 0 && y < 2 ** z).toBe(true);
      }
    }),
  );
});

test("takes the place's own tile and its neighbours, also across the antimeridian", () => {
  const at = (tiles: ReturnType<typeof affectedTiles>, z: number) =>
    tiles.filter((tile) => tile.z === z).map(({ x, y }) => `${x}/${y}`);
  const mission = at(affectedTiles(-122.4194, 37.7599, 12), 12);
  expect(mission).toHaveLength(9);
  expect(mission).toContain("655/1583");
  expect(at(affectedTiles(179.99, 0.01, 4), 4)).toEqual(expect.arrayContaining(["15/7", "0/7", "14/7"]));
});
