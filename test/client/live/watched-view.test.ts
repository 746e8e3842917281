import { describe, expect, it } from "vitest";
import { addressOf, isWatched, unionOf, type WatchedView } from "../../../client/live/watched-view.ts";

const view = (west: number, east: number, change: Partial<WatchedView> = {}): WatchedView => ({
  ...{ west, east, south: 10, north: 11, layers: ["safety"] },
  ...change,
});
const tiles = { zoom: 12, window: "90d" } as const;

describe("unionOf", () => {
  it("covers all of them, and tells no tiles", () => {
    const views = [view(0, 1, { tiles }), view(20, 30, { south: -5, layers: ["vibe", "safety"], tiles })];
    const union = unionOf(views);
    expect(union).toEqual({ west: 0, east: 30, south: -5, north: 11, layers: ["safety", "vibe"] });
    expect(isWatched(union, union)).toBe(true);
  });

  it("hears of areas where one of them shows areas", () => {
    const union = unionOf([view(0, 1, { layers: ["areas"] }), view(0, 1, { layers: ["vibe"] })]);
    expect(union.layers).toEqual(["vibe", "areas"]);
    expect(new URL(addressOf(union, undefined)).searchParams.get("layers")).toBe("vibe,areas");
  });

  it("is the whole way around where one counts its longitudes from another world", () => {
    const union = unionOf([view(0, 1), view(179, 181)]);
    expect(new URL(addressOf(union, undefined)).searchParams.get("bbox")).toBe("-180.0000,10.0000,180.0000,11.0000");
  });
});

describe("isWatched", () => {
  it("knows a part from the whole, and one map's tiles from another's", () => {
    const whole = view(0, 10);
    expect(isWatched(view(1, 2), whole)).toBe(true);
    expect(isWatched(view(9, 11), whole)).toBe(false);
    expect(isWatched(view(1, 2, { layers: ["vibe"] }), whole)).toBe(false);
    const own = view(0, 10, { tiles });
    expect(isWatched(view(1, 2, { tiles }), own)).toBe(true);
    expect(isWatched(view(1, 2, { tiles: { zoom: 13, window: "90d" } }), own)).toBe(false);
    expect(isWatched(view(1, 2, { tiles }), whole)).toBe(false);
    expect(isWatched(view(1, 2), own)).toBe(false);
  });
});
