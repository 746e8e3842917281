/** @module-tag random */
import fc from "fast-check";
import reference from "ngeohash";
import { describe, expect, it } from "vitest";
import {
  BASE32,
  type Bounds,
  cellBounds,
  columnAt,
  columnCount,
  countCells,
  coverBounds,
  encodeGeohash,
  formatCell,
  isGeohash,
  MAX_PRECISION,
  parseCell,
  rowAt,
  rowCount,
} from "../../tiles/geo/geohash.ts";
import { runs } from "../kit/runs.ts";

/** Up to here the place of every coordinate that a report can have is exact. */
const exactPrecisions = fc.integer({ min: 1, max: 10 });
const precisions = fc.integer({ min: 1, max: MAX_PRECISION });
/** Coordinates that reports can have, and the borders of cells. */
const degrees = (limit: number) =>
  fc.oneof(
    fc.integer({ min: -limit * 1e6, max: limit * 1e6 }).map((micro) => micro / 1e6),
    fc.constantFrom(-limit, limit, 0, 1e-6, -1e-6, limit - 1e-6, 1e-6 - limit),
    borders(limit),
    fc
      .tuple(borders(limit), fc.constantFrom(-1e-6, 1e-6, 5e-7, -5e-7))
      .map(([border, step]) => Math.min(limit, Math.max(-limit, Math.round((border + step) * 1e6) / 1e6))),
  );

const borders = (limit: number) =>
  fc
    .integer({ min: 1, max: 25 })
    .chain((bits) => fc.integer({ min: 0, max: 2 ** bits }).map((index) => (index / 2 ** bits) * 2 * limit - limit));

const lons = degrees(180);
const lats = degrees(90);
const cells = precisions.chain((precision) =>
  fc.record({
    precision: fc.constant(precision),
    column: fc.integer({ min: 0, max: columnCount(precision) - 1 }),
    row: fc.integer({ min: 0, max: rowCount(precision) - 1 }),
  }),
);

/** Whether a half-open cell has the point; the last column and row own their outer edge. */
function owns({ west, south, east, north }: Bounds, lon: number, lat: number): boolean {
  const inColumn = lon >= west && (lon < east || (east === 180 && lon === 180));
  return inColumn && lat >= south && (lat < north || (north === 90 && lat === 90));
}

describe("encodeGeohash", () => {
  it("agrees with ngeohash wherever no border decides", () => {
    fc.assert(
      fc.property(lons, lats, exactPrecisions, (lon, lat, precision) => {
        const hash = encodeGeohash(lon, lat, precision);
        const { west, south } = cellBounds(hash);
        // ngeohash gives a border to the cell west or south of it, we to the one east or north.
        fc.pre((lon !== west || lon === -180) && (lat !== south || lat === -90));
        expect(hash).toBe(reference.encode(lat, lon, precision));
      }),
      runs(5_000),
    );
  });

  it("names the one cell that owns the point, borders and all", () => {
    fc.assert(
      fc.property(lons, lats, exactPrecisions, (lon, lat, precision) => {
        expect(owns(cellBounds(encodeGeohash(lon, lat, precision)), lon, lat)).toBe(true);
      }),
      runs(5_000),
    );
  });

  it("is a prefix of every finer geohash of the point", () => {
    fc.assert(
      fc.property(lons, lats, precisions, (lon, lat, precision) => {
        expect(encodeGeohash(lon, lat, MAX_PRECISION)).toMatch(new RegExp(`^${encodeGeohash(lon, lat, precision)}`));
      }),
    );
  });

  it.each([
    [-180, -90, "000000"],
    [180, 90, "zzzzzz"],
    [180, -90, "pbpbpb"],
    [-180, 90, "bpbpbp"],
    [0, 0, "s00000"],
    [-1e-6, -1e-6, "7zzzzz"],
    [12.5, 85.06, reference.encode(85.06, 12.5, 6)],
    [-122.4148, 37.7599, reference.encode(37.7599, -122.4148, 6)],
  ])("puts %f, %f into %s", (lon, lat, expected) => {
    expect(encodeGeohash(lon, lat, 6)).toBe(expected);
  });

  it("clamps what lies outside the world", () => {
    expect(encodeGeohash(-181, -95, 4)).toBe(encodeGeohash(-180, -90, 4));
    expect(encodeGeohash(1e9, Number.POSITIVE_INFINITY, 4)).toBe("zzzz");
  });
});

describe("cells", () => {
  it("round trip through column and row", () => {
    fc.assert(
      fc.property(cells, ({ column, row, precision }) => {
        const hash = formatCell(column, row, precision);
        expect(hash).toHaveLength(precision);
        expect(isGeohash(hash)).toBe(true);
        expect(parseCell(hash)).toEqual({ column, row });
      }),
      runs(2_000),
    );
  });

  it("have the bounds that ngeohash gives them, exactly", () => {
    fc.assert(
      fc.property(cells, ({ column, row, precision }) => {
        const hash = formatCell(column, row, precision);
        const { west, south, east, north } = cellBounds(hash);
        expect([south, west, north, east]).toEqual(reference.decode_bbox(hash).map((deg) => deg + 0));
      }),
    );
  });

  it("share their borders and span the world", () => {
    expect(cellBounds("")).toEqual({ west: -180, south: -90, east: 180, north: 90 });
    fc.assert(
      fc.property(cells, ({ column, row, precision }) => {
        const { east, north } = cellBounds(formatCell(column, row, precision));
        if (column + 1 < columnCount(precision)) {
          expect(columnAt(east, precision)).toBe(column + 1);
          expect(cellBounds(formatCell(column + 1, row, precision)).west).toBe(east);
        } else expect(east).toBe(180);
        if (row + 1 < rowCount(precision)) expect(rowAt(north, precision)).toBe(row + 1);
        else expect(north).toBe(90);
      }),
    );
  });

  it("have 32 children each, in the order of their names", () => {
    fc.assert(
      fc.property(cells, ({ column, row, precision }) => {
        fc.pre(precision < MAX_PRECISION);
        const parent = formatCell(column, row, precision);
        const children = [...BASE32].map((char) => parent + char);
        expect(children.toSorted()).toEqual(children);
        const outer = cellBounds(parent);
        for (const child of children.map(cellBounds)) {
          expect(child.west >= outer.west && child.east <= outer.east).toBe(true);
          expect(child.south >= outer.south && child.north <= outer.north).toBe(true);
        }
      }),
      runs(50),
    );
  });
});

describe("parseCell and isGeohash", () => {
  it("refuse what is no geohash, with the text in the message", () => {
    for (const text of ["a", "9q8yi", "9Q8", "é", " ", "9q8 ", "9q8\n"]) {
      expect(() => parseCell(text), text).toThrow(text);
      expect(isGeohash(text), text).toBe(false);
    }
    expect(() => parseCell("0".repeat(13))).toThrow(RangeError);
    expect(isGeohash("0".repeat(13))).toBe(false);
    expect(isGeohash("")).toBe(false);
    expect(parseCell("")).toEqual({ column: 0, row: 0 });
  });
});

describe("coverBounds", () => {
  const boxes = fc
    .tuple(lons, lons, lats, lats)
    .map(([west, east, a, b]): Bounds => ({ west, east, south: Math.min(a, b), north: Math.max(a, b) }));

  /** Every cell of the world whose half-open square meets the closed box, found by looking at each. */
  function bruteForce(box: Bounds, precision: number): string[] {
    const lonRuns =
      box.west <= box.east
        ? [[box.west, box.east]]
        : [
            [box.west, 180],
            [-180, box.east],
          ];
    const found: string[] = [];
    for (let row = 0; row < rowCount(precision); row++) {
      for (let column = 0; column < columnCount(precision); column++) {
        const cell = cellBounds(formatCell(column, row, precision));
        const top = cell.north === 90 ? 91 : cell.north;
        const right = cell.east === 180 ? 181 : cell.east;
        const inRow = cell.south <= box.north && top > box.south;
        if (inRow && lonRuns.some(([west = 0, east = 0]) => cell.west <= east && right > west)) {
          found.push(formatCell(column, row, precision));
        }
      }
    }
    return found;
  }

  it("lists what looking at every cell finds, each once, and countCells counts them", () => {
    fc.assert(
      fc.property(boxes, fc.integer({ min: 0, max: 2 }), (box, precision) => {
        const cover = coverBounds(box, precision, Number.POSITIVE_INFINITY);
        expect(cover.toSorted()).toEqual(bruteForce(box, precision).sort());
        expect(countCells(box, precision)).toBe(cover.length);
      }),
      runs(500),
    );
  });

  it("has the cell of every point of the box, at every precision", () => {
    const share = fc.integer({ min: 0, max: 1_000 }).map((permille) => permille / 1_000);
    const inside = (low: number, high: number, at: number) =>
      Math.min(high, Math.max(low, Math.round((low + at * (high - low)) * 1e6) / 1e6));
    fc.assert(
      fc.property(lons, lats, precisions, share, share, (west, south, precision, x, y) => {
        const east = Math.min(180, west + (2.5 * 360) / columnCount(precision));
        const north = Math.min(90, south + (2.5 * 180) / rowCount(precision));
        const cover = coverBounds({ west, south, east, north }, precision, 16);
        expect(cover).toContain(encodeGeohash(inside(west, east, x), inside(south, north, y), precision));
      }),
      runs(2_000),
    );
  });

  it("goes across the antimeridian, from the box's west to its east", () => {
    const cover = coverBounds({ west: 179.99, south: 0.01, east: -179.99, north: 0.02 }, 5, 10);
    expect(cover.toSorted()).toEqual(["80000", "xbpbp"]);
    expect(coverBounds({ west: 180, south: 1, east: -180, north: 1 }, 1, 10).sort()).toEqual(["8", "x"]);
    expect(countCells({ west: 10, south: -90, east: 5, north: 90 }, 1)).toBe(32);
  });

  it("covers the rows that web maps do not show, up to the poles", () => {
    expect(coverBounds({ west: -180, south: 85.06, east: 180, north: 90 }, 1, 8)).toEqual([..."bcfguvyz"]);
    expect(coverBounds({ west: 0, south: -90, east: 0, north: -90 }, 3, 1)).toEqual(["h00"]);
  });

  it("refuses too many cells before it lists one", () => {
    const world = { west: -180, south: -90, east: 180, north: 90 };
    expect(() => coverBounds(world, 12, 1_000_000)).toThrow("over the limit of 1000000");
    expect(coverBounds(world, 1, 32)).toHaveLength(32);
    expect(() => coverBounds(world, 1, 31)).toThrow(RangeError);
  });
});
