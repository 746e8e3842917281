import fc from "fast-check";
import { expect, test } from "vitest";
import { encodePack, packName, placeInPack, tileOfPack, tilesOfPack } from "../../../server/basemap/packs.ts";
import { CITY_MAX_ZOOM } from "../../../server/basemap/zooms.ts";

const tile = fc
  .integer({ min: 0, max: CITY_MAX_ZOOM })
  .chain((z) => fc.tuple(fc.constant(z), fc.nat({ max: 2 ** z - 1 }), fc.nat({ max: 2 ** z - 1 })));

test("finds every tile at its place in its pack", () => {
  fc.assert(
    fc.property(tile, ([z, x, y]) => {
      const { pack, at } = placeInPack(z, x, y, CITY_MAX_ZOOM);
      expect([...tilesOfPack(pack)][at]).toEqual([z, x, y]);
    }),
  );
});

test("makes one pack of all tiles of the lowest zooms", () => {
  const names = [...tilesOfPack({ z: 0, x: 0, y: 0, levels: 4 })].map(([z, x, y]) =>
    packName(placeInPack(z, x, y, CITY_MAX_ZOOM).pack),
  );
  expect(names).toHaveLength(85);
  expect(new Set(names)).toEqual(new Set(["0-0-0.pack"]));
});

test("gives back the bytes of each tile", () => {
  const tiles = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(tiles, (list) => {
      const pack = encodePack(list);
      if (pack === undefined) {
        expect(list.every(({ length }) => length === 0)).toBe(true);
        return;
      }
      list.forEach((bytes, at) => {
        expect(tileOfPack(pack, at)).toEqual(bytes);
      });
    }),
  );
});

test("refuses a pack that was cut off", () => {
  const pack = encodePack([new Uint8Array(9), new Uint8Array(9)]) ?? new Uint8Array();
  expect(() => tileOfPack(pack.subarray(0, -1), 1)).toThrow(RangeError);
});
