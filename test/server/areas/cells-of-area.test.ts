import { describe, expect, it } from "vitest";
import { demoAreas } from "../../../server/area-import/demo-areas.ts";
import { cellsOfArea } from "../../../server/areas/cells-of-area.ts";
import { isInside } from "../../../tiles/areas/area-locator.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { seededRandom } from "../../kit/random.ts";

const METRES_E6 = 9;

describe("cellsOfArea", () => {
  it("holds every place of an area, and nothing that is far away, in as many cells as it may", () => {
    const random = seededRandom(4);
    for (const area of demoAreas("san-francisco").slice(0, 12)) {
      const cells = cellsOfArea(area, 512);
      expect(cells.length).toBeLessThanOrEqual(512);
      expect(cells).toEqual(cells.toSorted());
      expect(cells.some((cell, i) => cells[i + 1]?.startsWith(cell))).toBe(false);
      const { west, south, east, north } = area.box;
      for (let i = 0; i < 3000; i++) {
        const lonE6 = Math.floor(west - 4000 + random() * (east - west + 8000));
        const latE6 = Math.floor(south - 4000 + random() * (north - south + 8000));
        const geohash = encodeGeohash(lonE6 / 1e6, latE6 / 1e6, 8);
        const isHeld = cells.some((cell) => geohash.startsWith(cell));
        if (isInside(area.polygons, lonE6, latE6)) expect(isHeld, `${area.id} ${geohash}`).toBe(true);
        else if (isHeld) expect(isNear(area.polygons, lonE6, latE6), `${area.id} ${geohash}`).toBe(true);
      }
    }
  });

  it("takes coarser cells for a lower limit", () => {
    const [area] = demoAreas("austin");
    if (area === undefined) throw new Error("no area");
    const [few, many] = [cellsOfArea(area, 20), cellsOfArea(area, 512)];
    expect(few.length).toBeLessThanOrEqual(20);
    expect(many.length).toBeGreaterThan(few.length);
    expect(many.every((cell) => few.some((each) => cell.startsWith(each)))).toBe(true);
  });
});

/** Whether any place within about 300 m, the diagonal of a cell of seven characters and more, lies inside. */
function isNear(polygons: Parameters<typeof isInside>[0], lonE6: number, latE6: number): boolean {
  for (let metres = 10; metres <= 300; metres += 10)
    for (let turn = 0; turn < 32; turn++) {
      const angle = (turn / 16) * Math.PI;
      const dx = Math.round(metres * METRES_E6 * 1.27 * Math.cos(angle));
      const dy = Math.round(metres * METRES_E6 * Math.sin(angle));
      if (isInside(polygons, lonE6 + dx, latE6 + dy)) return true;
    }
  return false;
}
