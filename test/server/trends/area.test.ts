import fc from "fast-check";
import ngeohash from "ngeohash";
import { describe, expect, it } from "vitest";
import { CITIES } from "../../../server/areas/cities.ts";
import { cityOfCell } from "../../../server/areas/city-of-cell.ts";
import { type AreaFilter, type CellRun, countCentres, MAX_BOX_CELLS, runsOf } from "../../../server/trends/area.ts";

const holds = (runs: readonly CellRun[], cell: string) => runs.some(({ low, high }) => cell >= low && cell <= high);

describe("runsOf", () => {
  it("holds exactly the cells whose centres lie in the box, the box over the antimeridian too", () => {
    const cell = fc.tuple(
      fc.double({ min: -0.06, max: 0.06, noNaN: true }),
      fc.double({ min: -0.06, max: 0.06, noNaN: true }),
    );
    const corner = fc.constantFrom([-122.43, 37.77], [180, 0], [0, 0], [10.01, 89.97]);
    fc.assert(
      fc.property(corner, cell, cell, fc.constantFrom(5, 6), ([lon = 0, lat = 0], [w, s], [x, y], precision) => {
        const wrap = (deg: number) => (deg > 180 ? deg - 360 : deg);
        const bbox = {
          west: wrap(lon + w),
          south: lat + s / 2,
          east: wrap(lon + w + 0.05),
          north: Math.min(90, lat + s / 2 + 0.04),
        };
        const runs = runsOf({ bbox }, precision === 5 ? 5 : 6);
        const geohash = ngeohash.encode(Math.min(90, lat + y / 2), wrap(lon + x), precision);
        const { latitude, longitude } = ngeohash.decode(geohash);
        const east = bbox.west <= bbox.east;
        const inLon = east
          ? longitude >= bbox.west && longitude < bbox.east
          : longitude >= bbox.west || longitude < bbox.east;
        expect(holds(runs, geohash), geohash).toBe(inLon && latitude >= bbox.south && latitude < bbox.north);
      }),
    );
  });

  it("holds the cells that the scorer gives a city, and counts them", () => {
    for (const city of CITIES) {
      const [west, south, east, north] = city.bbox;
      const bounds = { west, south, east, north };
      const around = ngeohash.bboxes(south - 0.02, west - 0.02, north + 0.02, east + 0.02, 6);
      const runs = runsOf({ city }, 6);
      const inside = around.filter((cell) => holds(runs, cell));
      expect(inside).toEqual(around.filter((cell) => cityOfCell(cell)?.id === city.id));
      expect(inside.length).toBe(countCentres(bounds, 6));
      expect(runs.length).toBeLessThan(inside.length / 3);
    }
  });

  it("takes everything given together, ascending and apart", () => {
    const [city] = CITIES;
    if (city === undefined) throw new Error("no city");
    const bbox = { west: -122.45, south: 37.7, east: -122.4, north: 37.8 };
    const filter: AreaFilter = { city, bbox, geohash: "9q8yy" };
    const runs = runsOf(filter, 6);
    const parts = [{ city }, { bbox }, { geohash: "9q8yy" }].map((part) => runsOf(part, 6));
    for (const cell of ngeohash.bboxes(37.6, -122.6, 37.9, -122.3, 6)) {
      expect(holds(runs, cell), cell).toBe(parts.every((part) => holds(part, cell)));
    }
    expect(runs).toEqual(runs.toSorted((a, b) => (a.low < b.low ? -1 : 1)));
    expect(runsOf({}, 6)).toEqual([{ low: "0", high: "zzzzzz" }]);
    expect(runsOf({ geohash: "9q" }, 4)).toEqual([{ low: "9q", high: "9qzzzz" }]);
    expect(runsOf({ geohash: "u", city }, 6)).toEqual([]);
  });

  it("refuses a box of too many cells", () => {
    const bbox = { west: -10, south: -10, east: 10, north: 10 };
    expect(() => runsOf({ bbox }, 6)).toThrow(RangeError);
    expect(countCentres(bbox, 6)).toBeGreaterThan(MAX_BOX_CELLS);
  });
});
