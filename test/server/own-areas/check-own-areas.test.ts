import { describe, expect, it } from "vitest";
import { checkOwnAreas } from "../../../server/own-areas/check-own-areas.ts";
import { OWN_AREA_LIMITS } from "../../../server/own-areas/own-area.ts";
import { featureOf, squareAround as square } from "../../kit/own-areas-fixture.ts";

const PATCH_AREA = square("Patch", -122.42, 37.77);

describe("own areas are not made", () => {
  it.each<[string, unknown, string, RegExp, number?]>([
    ["no GeoJSON", [], "body", /Feature or FeatureCollection/],
    ["no features", { type: "FeatureCollection", features: [] }, "features", /list/],
    [
      "too many features",
      { type: "FeatureCollection", features: Array.from({ length: 51 }, () => featureOf(PATCH_AREA)) },
      "features",
      /at most 50/,
      OWN_AREA_LIMITS.features,
    ],
    ["a feature without a name", { ...featureOf(PATCH_AREA), properties: {} }, "properties.name", /1 to 120/],
    [
      "a name that is too long",
      featureOf({ ...PATCH_AREA, name: "x".repeat(121) }),
      "properties.name",
      /at most 120/,
      120,
    ],
    [
      "a point",
      { ...featureOf(PATCH_AREA), geometry: { type: "Point", coordinates: [0, 0] } },
      "geometry",
      /is a Point/,
    ],
    [
      "a ring that crosses itself, the second of two features",
      {
        type: "FeatureCollection",
        features: [
          featureOf(PATCH_AREA),
          {
            ...featureOf(PATCH_AREA),
            geometry: {
              type: "Polygon",
              coordinates: [
                [
                  [0, 0],
                  [0.02, 0.02],
                  [0.02, 0],
                  [0, 0.02],
                  [0, 0],
                ],
              ],
            },
          },
        ],
      },
      "features.1.geometry",
      /crosses itself/,
    ],
    ["a country", featureOf(square("Wide", 10, 50, 3)), "geometry", /too large/, OWN_AREA_LIMITS.boxCells],
    ["a metropolis", featureOf(square("Large", 10, 50, 0.2)), "geometry", /the limit is 64/, OWN_AREA_LIMITS.logCells],
    [
      "too many corners",
      {
        ...featureOf(PATCH_AREA),
        geometry: {
          type: "Polygon",
          coordinates: [
            Array.from({ length: 5001 }, (_, i) => [
              0.01 * Math.cos((2 * Math.PI * i) / 5001),
              0.01 * Math.sin((2 * Math.PI * i) / 5001),
            ]),
          ],
        },
      },
      "geometry",
      /more than 5000/,
      OWN_AREA_LIMITS.corners,
    ],
  ])("of %s: the field, and the limit are named", async (_, body, field, message, limit) => {
    const checked = await checkOwnAreas(body);
    const faults = "faults" in checked ? checked.faults : [];
    expect(faults[0]).toMatchObject({
      field,
      message: expect.stringMatching(message),
      ...(limit !== undefined && { limit }),
    });
  });

  it("of a document with many faults: some are told, and no more", async () => {
    const features = Array.from({ length: OWN_AREA_LIMITS.features }, () => ({ type: "Feature" }));
    const checked = await checkOwnAreas({ type: "FeatureCollection", features });
    const faults = "faults" in checked ? checked.faults : [];
    expect(faults.length).toBe(20);
    expect(faults.slice(0, 3).map(({ field }) => field)).toEqual([
      "features.0.properties.name",
      "features.0.geometry",
      "features.1.properties.name",
    ]);
  });
});

describe("own areas are made", () => {
  it("where there is room for all of them", async () => {
    const document = { type: "FeatureCollection", features: [featureOf(PATCH_AREA), {}] };
    expect(await checkOwnAreas(document, 1)).toEqual({ tooMany: 2 });
    expect(await checkOwnAreas(featureOf(PATCH_AREA), 1)).toMatchObject({ areas: [{ name: "Patch" }] });
  });

  it("of a MultiPolygon with a hole, as public ones are, with the log cells that it meets and no others", async () => {
    const ring = (half: number) => [
      [-half, -half],
      [half, -half],
      [half, half],
      [-half, half],
      [-half, -half],
    ];
    const geometry = { type: "MultiPolygon", coordinates: [[ring(0.1), ring(0.06)]] };
    const checked = await checkOwnAreas({ type: "Feature", properties: { name: 7, more: [] }, geometry });
    expect("faults" in checked).toBe(true);
    const named = await checkOwnAreas({ type: "Feature", properties: { name: "Ring" }, geometry });
    if (!("areas" in named)) throw new Error(JSON.stringify(named));
    const [area] = named.areas;
    expect(area?.polygons[0]?.length).toBe(2);
    expect(area?.cells).not.toContain("s0000");
    expect(area?.cells).toContain("s0002");
    expect(area?.cells.length).toBeGreaterThan(10);
  });
});
