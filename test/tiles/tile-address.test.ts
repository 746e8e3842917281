/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clusterCellsOfTile, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { STITCH_MARGIN } from "../../tiles/cluster/stitch.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import {
  isTile,
  latOfWorldY,
  lonOfWorldX,
  MAX_ZOOM,
  tileAt,
  tileBounds,
  tilesOfBox,
  worldX,
  worldY,
} from "../../tiles/geo/tile-address.ts";
import { runs } from "../kit/runs.ts";

const lonLat = fc.record({
  lon: fc.oneof(
    fc.double({ min: -180, max: 180, noNaN: true }),
    fc.constantFrom(-180, 180, 0, -90, 90, 179.999999, 11.25),
  ),
  lat: fc.oneof(
    fc.double({ min: -90, max: 90, noNaN: true }),
    fc.constantFrom(-90, 90, 85.0511, 85.06, -89.9, 0, 66.51326044311186),
  ),
});
const zoom = fc.integer({ min: 0, max: MAX_ZOOM });

describe("tilesOfBox", () => {
  it("lists the tiles of every place in a box, each once, across the antimeridian too", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(lonLat, lonLat, fc.integer({ min: 0, max: 5 }), share, share, (a, b, z, u, v) => {
        const [south, north] = [Math.min(a.lat, b.lat), Math.max(a.lat, b.lat)];
        const tiles = tilesOfBox({ west: a.lon, south, east: b.lon, north }, z, 4 ** z) ?? [];
        const names = tiles.map(({ x, y }) => `${x}/${y}`);
        expect(new Set(names).size).toBe(tiles.length);
        expect(tiles.every(isTile)).toBe(true);
        const along = a.lon + u * (b.lon - a.lon + (a.lon > b.lon ? 360 : 0));
        const place = tileAt(worldX(along > 180 ? along - 360 : along), worldY(south + v * (north - south)), z);
        expect(names).toContain(`${place.x}/${place.y}`);
      }),
    );
  });

  it("lists none beyond the limit", () => {
    const box = { west: -1, south: -1, east: 1, north: 1 };
    expect([tilesOfBox(box, 1, 4)?.length, tilesOfBox(box, 1, 3)]).toEqual([4, undefined]);
    expect(tilesOfBox({ west: -180, south: -90, east: 180, north: 90 }, 22, 512)).toBeUndefined();
  });
});

describe("tileAt", () => {
  it("finds a tile of the scheme for every place, poles and antimeridian included", () => {
    fc.assert(fc.property(lonLat, zoom, ({ lon, lat }, z) => isTile(tileAt(worldX(lon), worldY(lat), z))));
  });

  it("finds the tile whose bounds hold the place", () => {
    fc.assert(
      fc.property(lonLat, zoom, ({ lon, lat }, z) => {
        const box = tileBounds(tileAt(worldX(lon), worldY(lat), z));
        const slack = 1e-9;
        expect(lon).toBeGreaterThanOrEqual(box.west - slack);
        expect(lon).toBeLessThanOrEqual(box.east + slack);
        expect(lat).toBeGreaterThanOrEqual(box.south - slack);
        expect(lat).toBeLessThanOrEqual(box.north + slack);
      }),
    );
  });
});

describe("worldX and worldY", () => {
  it("come back to the degrees inside Mercator's square", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -180, max: 179.999, noNaN: true }),
        fc.double({ min: -85, max: 85, noNaN: true }),
        (lon, lat) => {
          expect(lonOfWorldX(worldX(lon))).toBeCloseTo(lon, 9);
          expect(latOfWorldY(worldY(lat))).toBeCloseTo(lat, 9);
        },
      ),
    );
  });
});

describe("clusterCellsOfTile", () => {
  it("lists the cluster cell of every place in the tile, each once and in order", () => {
    fc.assert(
      fc.property(lonLat, zoom, ({ lon, lat }, z) => {
        const clusterCells = clusterCellsOfTile(tileAt(worldX(lon), worldY(lat), z));
        expect(clusterCells).toContain(encodeGeohash(lon, lat, levelOfZoom(z).precision));
        expect(clusterCells).toEqual([...new Set(clusterCells)].sort());
      }),
      runs(2000),
    );
  });

  it("lists the cluster cell of every place that stitching must see around the tile", () => {
    // Integers, since fc.double mostly gives values next to its limits.
    const part = fc.integer({ min: 0, max: 4095 }).map((n) => n / 4096);
    const edge = fc.oneof(part, fc.constantFrom(0, 1));
    fc.assert(
      fc.property(zoom, part, part, edge, edge, (z, x, y, u, v) => {
        const tile = tileAt(x, y, z);
        const along = (start: number, share: number): number =>
          Math.min(1, Math.max(0, (start - STITCH_MARGIN + share * (1 + 2 * STITCH_MARGIN)) / 2 ** z));
        const place = [lonOfWorldX(along(tile.x, u)), latOfWorldY(along(tile.y, v))] as const;
        expect(clusterCellsOfTile(tile)).toContain(encodeGeohash(...place, levelOfZoom(z).precision));
      }),
      runs(5000),
    );
  });

  it("lists those of the world's other end at the antimeridian, and no others of it elsewhere", () => {
    for (let z = 4; z <= MAX_ZOOM; z++) {
      const { precision } = levelOfZoom(z);
      const n = 2 ** z;
      const [west, east] = [0, n - 1].map((x) => clusterCellsOfTile({ z, x, y: n / 2 }));
      const cells = [-180, 179.999999].map((lon) => encodeGeohash(lon, -1e-6, precision));
      for (const cell of cells) for (const met of [west, east]) expect(met, `z${z}`).toContain(cell);
      expect(clusterCellsOfTile({ z, x: 2, y: n / 2 })).not.toContain(cells[1]);
    }
  });

  it("meets at most nine cluster cells between the polar rows", () => {
    const most = (z: number): number => {
      // A whole column of every longitude's repeat, and all of the small zooms.
      const columns = Math.min(2 ** z, 64);
      const rows = Math.min(2 ** z - 2, 512);
      let found = 0;
      for (let x = 0; x < columns; x++) {
        for (let i = 0; i < rows; i++) {
          const y = 1 + Math.floor((i * (2 ** z - 2)) / rows);
          found = Math.max(found, clusterCellsOfTile({ z, x, y }).length);
        }
      }
      return found;
    };
    for (let z = 0; z <= 22; z++) expect(most(z), `z${z}`).toBeLessThanOrEqual(9);
  });
});
