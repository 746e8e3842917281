import { describe, expect, it } from "vitest";
import { findPlace, labelOf, parseCoordinates } from "../../../client/report/find-place.ts";

const place = (name: string, city: string, lat: number, lon: number) => ({ name, city, lat, lon });
const PLACES = [
  place("Mission Bay", "San Francisco", 37.77, -122.391),
  place("Mission District", "San Francisco", 37.7595, -122.419),
  place("Outer Mission", "San Francisco", 37.723, -122.443),
  { name: "Daly City", lat: 37.6879, lon: -122.4702 },
  place("Downtown", "Austin", 30.268, -97.743),
  place("Downtown", "Brooklyn", 40.693, -73.986),
  place("Señor's Corner", "Austin", 30.25, -97.75),
];
const AUSTIN = { lat: 30.27, lon: -97.74 };
const CASTRO = { lat: 37.7615, lon: -122.435 };

describe("findPlace", () => {
  const find = (text: string, near = CASTRO) => {
    const found = findPlace(text, PLACES, near);
    return found && labelOf(found);
  };

  it("takes a name as people type it", () => {
    for (const text of [
      "Mission District",
      " mission  district ",
      "MISSION-DISTRICT",
      "Mission District, San Francisco",
    ]) {
      expect(find(text), text).toBe("Mission District, San Francisco");
    }
    expect(find("senor s corner")).toBe("Señor's Corner, Austin");
  });

  it("goes by the beginning of a name before its middle, and by what is nearer", () => {
    expect(find("mission")).toBe("Mission District, San Francisco");
    expect(find("mission", { lat: 37.77, lon: -122.39 })).toBe("Mission Bay, San Francisco");
    expect(find("daly")).toBe("Daly City");
    expect(find("outer")).toBe("Outer Mission, San Francisco");
    expect(find("downtown", AUSTIN)).toBe("Downtown, Austin");
    expect(find("downtown", { lat: 40.7, lon: -74 })).toBe("Downtown, Brooklyn");
    expect(find("downtown brook", AUSTIN)).toBe("Downtown, Brooklyn");
  });

  it("knows nothing of what is nowhere", () => {
    for (const text of ["", "  ", "?", "Atlantis"]) expect(find(text), text).toBeUndefined();
  });
});

describe("parseCoordinates", () => {
  it.each([
    ["37.7599, -122.4148", { lat: 37.7599, lon: -122.4148 }],
    ["37.7599 -122.4148", { lat: 37.7599, lon: -122.4148 }],
    [" -33.9;18.4 ", { lat: -33.9, lon: 18.4 }],
    ["37.76°, -122.41°", { lat: 37.76, lon: -122.41 }],
    ["90,180", { lat: 90, lon: 180 }],
    ["91, 10", undefined],
    ["10, 181", undefined],
    ["18th St", undefined],
    ["37.7599", undefined],
    ["1, 2, 3", undefined],
    ["", undefined],
  ])("%j", (text, expected) => expect(parseCoordinates(text)).toEqual(expected));
});
