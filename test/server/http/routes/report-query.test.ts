import { describe, expect, it } from "vitest";
import { parseBbox, parseInstant, parseLayers, resolveInstant } from "../../../../server/http/schemas/report-query.ts";

describe("parseInstant", () => {
  const now = Date.UTC(2026, 5, 1, 12);
  it.each([
    ["2026-05-01", Date.UTC(2026, 4, 1)],
    ["2026-05-01T06:30:00Z", Date.UTC(2026, 4, 1, 6, 30)],
    ["2026-05-01T06:30:00.250+02:00", Date.UTC(2026, 4, 1, 4, 30, 0, 250)],
    ["2026-05-01T06:30:00 02:00", Date.UTC(2026, 4, 1, 4, 30)],
    ["1780000000", 1_780_000_000_000],
    ["1780000000.5", 1_780_000_000_500],
    ["0", 0],
    ["90m", now - 5_400_000],
    ["24h", now - 86_400_000],
    ["7d", now - 7 * 86_400_000],
    ["2w", now - 14 * 86_400_000],
  ])("reads %s", (text, expected) => {
    const parsed = parseInstant(text);
    if (typeof parsed === "string") throw new Error(parsed);
    expect(resolveInstant(parsed.value, now)).toBe(expected);
  });

  it.each(["", "now", "2026-02-30", "2026-13-01", "2026-05-01T06:30:00", "-5", "1e9", "5y", "d"])(
    "refuses %j",
    (text) => {
      expect(parseInstant(text)).toEqual(expect.any(String));
    },
  );
});

describe("parseBbox", () => {
  it("reads decimals with blanks around them", () => {
    expect(parseBbox("-1.5, .25,+3,4.")).toEqual({ value: { west: -1.5, south: 0.25, east: 3, north: 4 } });
  });

  it("takes a box across the antimeridian and a single point", () => {
    expect(parseBbox("179,0,-179,1")).toEqual({ value: { west: 179, south: 0, east: -179, north: 1 } });
    expect(parseBbox("5,5,5,5")).toEqual({ value: { west: 5, south: 5, east: 5, north: 5 } });
  });
});

describe("parseLayers", () => {
  it("counts a layer once, so that a long list costs nothing", () => {
    expect(parseLayers("vibe,vibe,safety,vibe")).toEqual({ value: ["vibe", "safety"] });
  });
});
