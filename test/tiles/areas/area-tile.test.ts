/** @module-tag random */
import { VectorTile } from "@mapbox/vector-tile";
import fc from "fast-check";
import { PbfReader } from "pbf";
import { describe, expect, it } from "vitest";
import { boundsOfBox, boxAround } from "../../../tiles/areas/area.ts";
import { isInside } from "../../../tiles/areas/area-locator.ts";
import { AREA_BUFFER, polygonsOfTile, type TileRing } from "../../../tiles/areas/area-tile.ts";
import { EXTENT, latOfWorldY, lonOfWorldX, tilesOfBox } from "../../../tiles/geo/tile-address.ts";
import { encodeAreaLayer } from "../../../tiles/mvt/area-layer.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";

const isIn = (rings: readonly TileRing[], x: number, y: number): boolean =>
  isInside([rings.map((ring) => Int32Array.from(ring, (value) => 2 * value))], 2 * x + 1, 2 * y + 1);

const twiceArea = (ring: TileRing): number =>
  ring.reduce((sum, value, i) => {
    const next = (i + 2) % ring.length;
    return i % 2 === 0
      ? sum + value * (ring[next + 1] as number) - (ring[next] as number) * (ring[i + 1] as number)
      : sum;
  }, 0);

describe("areas in tiles", () => {
  const made = fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    areas: fc.integer({ min: 1, max: 6 }),
    seed: fc.integer(),
    z: fc.integer({ min: 8, max: 15 }),
  });

  it("cover each point of every tile as the areas do, holes too", () => {
    fc.assert(
      fc.property(made, ({ z, seed, ...options }) => {
        const random = seededRandom(seed);
        const areas = makePartition({ ...options, west: -122_500_000, south: 37_700_000, stepE6: 15_000, random });
        const tiles = tilesOfBox(boundsOfBox(boxAround(areas.map(({ box }) => box))), z, 4000) ?? [];
        const tile = tiles[Math.floor(random() * tiles.length)];
        if (tile === undefined) return;
        const shown = areas.map(({ polygons }) => polygonsOfTile(polygons, tile));
        for (let i = 0; i < 40; i++) {
          const [x, y] = [Math.floor(random() * EXTENT), Math.floor(random() * EXTENT)];
          const n = 2 ** z;
          const lonE6 = Math.round(lonOfWorldX((tile.x + (x + 0.5) / EXTENT) / n) * 1e6);
          const latE6 = Math.round(latOfWorldY((tile.y + (y + 0.5) / EXTENT) / n) * 1e6);
          // Corners are rounded to whole units: beside a border both are right.
          const near = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => [x + dx, y + dy] as const));
          areas.forEach(({ polygons }, at) => {
            const answers = near.map(([atX, atY]) => isIn(shown[at] ?? [], atX, atY));
            if (new Set(answers).size === 1) expect(answers[0]).toBe(isInside(polygons, lonE6, latE6));
          });
        }
      }),
      runs(400),
    );
  });

  it("wind as the specification says, and stay within the buffer", () => {
    const areas = makePartition({ size: 4, areas: 3, west: 0, south: 0, stepE6: 20_000, random: seededRandom(7) });
    let holes = 0;
    for (const tile of tilesOfBox({ west: 0, south: 0, east: 0.08, north: 0.08 }, 12, 100) ?? []) {
      for (const { polygons } of areas) {
        for (const polygon of polygons) {
          const [outer, ...inner] = polygonsOfTile([polygon], tile);
          if (outer !== undefined) expect(twiceArea(outer)).toBeGreaterThan(0);
          for (const hole of inner) expect(twiceArea(hole)).toBeLessThan(0);
          holes += inner.length;
          for (const value of [...(outer ?? []), ...inner.flat()]) {
            expect(value).toBeGreaterThanOrEqual(-AREA_BUFFER);
            expect(value).toBeLessThanOrEqual(EXTENT + AREA_BUFFER);
          }
        }
      }
    }
    expect(holes).toBeGreaterThan(0);
  });

  it("are read by another program as they were written", () => {
    const rings = [
      [0, 0, 100, 0, 100, 100, 0, 100],
      [20, 20, 20, 60, 60, 60, 60, 20],
    ];
    const properties = new Map<string, string | number>([
      ["id", "made-up-n-straße"],
      ["safety", 91.5],
      ["report_count_7d", 0],
    ]);
    const bytes = encodeAreaLayer("areas", [
      { id: "a", rings, properties },
      { id: "b", rings: [[5, 5, 9, 5, 9, 9]], properties: new Map([["safety", 91.5]]) },
    ]);
    const layer = new VectorTile(new PbfReader(bytes)).layers.areas;
    expect(layer?.length).toBe(2);
    expect(layer?.feature(0).properties).toEqual(Object.fromEntries(properties));
    expect(
      layer
        ?.feature(0)
        .loadGeometry()
        .map((ring) => ring.map(({ x, y }) => [x, y])),
    ).toEqual(rings.map((ring) => [0, 2, 4, 6, 0].map((i) => [ring[i], ring[i + 1]])));
    expect(layer?.feature(1).properties).toEqual({ safety: 91.5 });
    expect(layer?.feature(0).id).not.toBe(layer?.feature(1).id);
  });
});
