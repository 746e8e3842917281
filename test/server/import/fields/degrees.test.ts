import { describe, expect, test } from "vitest";
import { readDegrees } from "../../../../server/import/fields/degrees.ts";

describe("readDegrees", () => {
  test.each([
    ["-73.95", -73.95],
    ["+1.5", 1.5],
    ["-7.395e1", -73.95],
    [".5", 0.5],
    ["180", 180],
    ["-73.95°", -73.95],
    ["−73.95", -73.95],
    ["\u00a0-73.95\u00a0°", -73.95],
    ["73.95W", -73.95],
    ["73.95 w", -73.95],
    ["W 73.95°", -73.95],
    ["73.95E", 73.95],
    ["73°57'00\"W", -73.95],
    ["73° 57′ 0″ W", -73.95],
    ["73°57.5'W", -(73 + 57.5 / 60)],
    ["-73°57'36''", -73.96],
    ["73º 57’ 36” W", -73.96],
    ["-73,95", -73.95],
    ["0,123", 0.123],
    ["-73,9500", -73.95],
    ["73,95° W", -73.95],
  ])("reads %j", (text, degrees) => {
    expect(readDegrees("lon", text)).toBeCloseTo(degrees, 9);
  });

  test.each([
    ["", "must be a number"],
    ["abc", "must be a number"],
    ["NaN", "must be a number from -180 to 180"],
    ["Infinity", "must be a number"],
    ["1e400", "must be a number"],
    ["0x10", "must be a number"],
    ["true", "must be a number"],
    ["-73.95.0", "must be a number"],
    ["180.0000001", "must be a number from -180 to 180"],
    ["-73,950,000", "must be a number"],
    ["1.234,5", "must be a number"],
    ["-73,950", "--decimal-comma"],
    ["73 57 00 W", "must be a number"],
    ["73.5°30'W", "must be a number"],
    ["73°57.5'30\"W", "must be a number"],
    ["73°61'W", "60 and more"],
    ["-73.95W", "both a sign and a letter"],
    ["40.71N", "must be a longitude, and has an N"],
    ["E73.95W", "must be a number"],
    ["73.95O", "must be a number"],
    ["-8238354.8", "metres or feet"],
    ["-73950000", "metres or feet"],
    [`${" ".repeat(9_000)}x`, "must be a number"],
  ])("reads no guess out of %s", (text, problem) => {
    expect(readDegrees("lon", text)).toMatchObject({ problem: expect.stringContaining(problem) });
  });

  test("takes the letter's side, and 90 degrees, of a latitude", () => {
    expect([readDegrees("lat", "40.71N"), readDegrees("lat", "40.71 S"), readDegrees("lat", "-90")]).toEqual([
      40.71, -40.71, -90,
    ]);
    expect(readDegrees("lat", "90.01")).toMatchObject({ problem: "must be a number from -90 to 90" });
  });

  test("takes three digits behind a comma for decimals where that is said", () => {
    expect(readDegrees("lon", "-73,950", { decimalComma: true })).toBe(-73.95);
    expect(readDegrees("lon", "-73,950,000", { decimalComma: true })).toHaveProperty("problem");
  });
});
