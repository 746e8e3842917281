import { expect, it } from "vitest";
import { emergencyNumber } from "../../../client/report/emergency-number.ts";
import { CITIES } from "../../../server/areas/cities.ts";
import { CATEGORIES, EMERGENCY_CATEGORIES, REPORT_LAYERS } from "../../../tiles/layers.ts";

const PLACES: readonly (readonly [name: string, lat: number, lon: number, number: string | undefined])[] = [
  ["Anchorage", 61.2, -149.9, "911"],
  ["Honolulu", 21.3, -157.9, "911"],
  ["Toronto", 43.7, -79.4, "911"],
  ["St. John's", 47.56, -52.71, "911"],
  ["Mexico City", 19.4, -99.1, "911"],
  ["Lisbon", 38.7, -9.1, "112"],
  ["Berlin", 52.5, 13.4, "112"],
  ["London", 51.5, -0.1, "112"],
  ["Reykjavik", 64.1, -21.9, "112"],
  ["Warsaw", 52.2, 21.0, "112"],
  ["Havana", 23.1, -82.4, undefined],
  ["Guatemala City", 14.6, -90.5, undefined],
  ["Nuuk", 64.2, -51.7, undefined],
  ["Algiers", 36.75, 3.06, undefined],
  ["Tunis", 36.8, 10.2, undefined],
  ["Moscow", 55.8, 37.6, undefined],
  ["Tokyo", 35.7, 139.7, undefined],
  ["Sydney", -33.9, 151.2, undefined],
];

it.each(PLACES)("knows the number of %s, or that it knows none", (_, lat, lon, number) => {
  expect(emergencyNumber({ lat, lon })).toBe(number);
});

it("knows the number of every city of ours", () => {
  for (const { center } of CITIES) expect(emergencyNumber({ lon: center[0], lat: center[1] })).toBe("911");
});

it("is asked for categories that there are", () => {
  const all = REPORT_LAYERS.flatMap((layer) => CATEGORIES[layer]);
  expect(EMERGENCY_CATEGORIES.filter((category) => !all.includes(category))).toEqual([]);
});
