import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { kept, keptFrom, keptPlace, keptTime, toldPlace } from "../../tiles/kept.ts";
import { CATEGORIES, isSensitive, REPORT_LAYERS } from "../../tiles/layers.ts";

const METRES = 111_195;
const lon = fc.double({ min: -180, max: 180, noNaN: true });
const lat = fc.double({ min: -90, max: 90, noNaN: true });
const kind = fc.constantFrom(
  ...REPORT_LAYERS.flatMap((layer) =>
    [...CATEGORIES[layer], "of a file"].map((category) => [layer, category] as const),
  ),
);
const decimals = (deg: number): number => (/\.(\d+)$/.exec(deg.toFixed(12).replace(/0+$/, ""))?.[1] ?? "").length;

it("takes theft, assault, harassment, and what no table knows in safety for sensitive, and nothing else", () => {
  const sensitive = REPORT_LAYERS.flatMap((layer) => CATEGORIES[layer].filter((name) => isSensitive(layer, name)));
  expect(sensitive).toEqual(["theft", "assault", "harassment"]);
  expect(isSensitive("safety", "murder")).toBe(true);
  expect(isSensitive("vibe", "murder")).toBe(false);
});

it.each([
  ["kept", keptPlace],
  ["told of old", toldPlace],
] as const)("has five decimals at most, in range, and stays as it is: %s", (_, placeOf) => {
  fc.assert(
    fc.property(kind, lon, lat, ([layer, category], lonDeg, latDeg) => {
      const place = placeOf(layer, category, lonDeg, latDeg);
      expect(decimals(place.lonDeg)).toBeLessThanOrEqual(5);
      expect(decimals(place.latDeg)).toBeLessThanOrEqual(5);
      expect(Math.abs(place.lonDeg)).toBeLessThanOrEqual(180);
      expect(Math.abs(place.latDeg)).toBeLessThanOrEqual(90);
      if (placeOf === toldPlace || isSensitive(layer, category))
        expect(encodeGeohash(place.lonDeg, place.latDeg, 5)).toBe(encodeGeohash(lonDeg, latDeg, 5));
      expect(keptPlace(layer, category, place.lonDeg, place.latDeg)).toEqual(place);
      expect(toldPlace(layer, category, place.lonDeg, place.latDeg)).toEqual(place);
    }),
    { numRuns: 1000 },
  );
});

it("tells a place of old beside a border of the log's cells on the side where it was", () => {
  const border = (360 / 2 ** 13) * 100 - 180;
  for (const lonDeg of [border - 4e-6, border - 1e-6, border, border + 1e-6, border + 4e-6]) {
    const place = toldPlace("vibe", "noise", lonDeg, 10);
    expect(encodeGeohash(place.lonDeg, place.latDeg, 5)).toBe(encodeGeohash(lonDeg, 10, 5));
    expect(Math.abs(place.lonDeg - lonDeg)).toBeLessThan(1e-5);
  }
});

it("snaps to a grid whose cells are about 100 m wide and high wherever there are people", () => {
  const latOf = (deg: number) => keptPlace("safety", "theft", 10, deg).latDeg;
  fc.assert(
    fc.property(lon, fc.double({ min: -88, max: 88, noNaN: true }), (lonDeg, latDeg) => {
      const place = keptPlace("safety", "theft", lonDeg, latDeg);
      const metresEast = METRES * Math.cos((latDeg * Math.PI) / 180);
      expect(Math.abs(place.latDeg - latDeg) * METRES).toBeLessThan(39);
      expect(Math.abs(place.lonDeg - lonDeg) * metresEast).toBeLessThan(72);
    }),
    { numRuns: 2000 },
  );
  // Of places along a kilometre so many are told.
  for (const latDeg of [0.5, 29.76, 37.77, 40.65, 52.5, 64.1, 78.2, 85]) {
    const metresEast = METRES * Math.cos((latDeg * Math.PI) / 180);
    const places = Array.from({ length: 10_000 }, (_, i) => i / 10);
    const east = new Set(places.map((metres) => keptPlace("safety", "theft", 10 + metres / metresEast, latDeg).lonDeg));
    const north = new Set(places.map((metres) => latOf(latDeg + metres / METRES)));
    expect(east.size).toBeGreaterThanOrEqual(7);
    expect(east.size).toBeLessThanOrEqual(15);
    expect(north.size).toBeGreaterThanOrEqual(13);
    expect(north.size).toBeLessThanOrEqual(15);
  }
});

it("keeps times to the minute, of what is sensitive to the quarter, never later than they were", () => {
  const atMs = Date.UTC(2026, 10, 29, 12, 22, 33, 456);
  expect(new Date(keptTime("vibe", "noise", atMs)).toISOString()).toBe("2026-11-29T12:22:00.000Z");
  expect(new Date(keptTime("safety", "theft", atMs)).toISOString()).toBe("2026-11-29T12:15:00.000Z");
  expect(new Date(keptTime("safety", "vandalism", atMs)).toISOString()).toBe("2026-11-29T12:22:00.000Z");
  fc.assert(
    fc.property(kind, fc.integer({ min: 0, max: 2 ** 45 }), ([layer, category], timeMs) => {
      const { createdAtMs } = kept(layer, category, { lonDeg: 0, latDeg: 0, createdAtMs: timeMs });
      expect(createdAtMs).toBeLessThanOrEqual(timeMs);
      expect(createdAtMs).toBeGreaterThanOrEqual(keptFrom(layer, timeMs));
      expect(keptTime(layer, category, createdAtMs)).toBe(createdAtMs);
    }),
  );
});
