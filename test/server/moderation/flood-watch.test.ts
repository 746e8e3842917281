import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  createFloodWatch,
  FLOODS,
  MOST_HELD,
  OWN_ANYWHERE_LETTERS,
  OWN_TEXT_LETTERS,
} from "../../../server/moderation/flood-watch.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { createTestClock } from "../../kit/clock.ts";

const SENTENCE = "Come to the great sale on Main Street";

function open(reportsPerMinute = 600) {
  const clock = createTestClock();
  const watch = createFloodWatch({ clock, reportsPerMinute });
  let count = 0;
  /** A report of a place of its own, unless told otherwise. */
  const report = (address: string, at: { geohash7?: string; text?: string } = {}) =>
    watch({ address, layer: "safety", geohash7: encodeGeohash((count++ * 0.01) % 170, 30, 7), ...at });
  const holds = (count: number, address: (i: number) => string, at: Parameters<typeof report>[1] = {}) =>
    Array.from({ length: count }, (_, i) => report(address(i), at).hold);
  return { clock, report, holds };
}

describe("a flood", () => {
  it("is none where thirty networks report the same thing at once, with the same words", () => {
    const { holds } = open();
    const at = { geohash7: "9v6kpvd", text: "Barton Springs Road is flooded" };
    for (let times = 0; times < 3; times++)
      expect(holds(30, (i) => `198.18.${i}.${times}`, at).filter(Boolean)).toEqual([]);
  });

  it("at one place is held from the network's ninth report on, once there are over forty, and nobody else's", () => {
    const { report, holds } = open();
    const at = { geohash7: "9v6kpvd" };
    const held = holds(60, (i) => `192.0.2.${i}`, at);
    expect(held.slice(0, 40).filter(Boolean)).toEqual([]);
    expect(held.slice(40)).toEqual(Array(20).fill("place"));
    expect(report("198.51.100.1", at).hold).toBeUndefined();
    expect(report("192.0.2.7").hold).toBeUndefined();
  });

  it("of one text is held, however it is written, and of a short one is not", () => {
    const { report, holds } = open();
    const held = holds(30, (i) => `2001:db8:0:${i}::1`, { text: SENTENCE });
    expect(held.filter(Boolean)).toEqual(Array(10).fill("text"));
    expect(report("2001:db8::1", { text: " COME to the great sale, on Main-Street!" }).hold).toBe("text");
    expect(report("2001:db9::1", { text: SENTENCE }).hold).toBeUndefined();
    expect(holds(100, (i) => `192.0.2.${i}`, { text: "Flooded" }).filter(Boolean)).toEqual([]);
  });

  it("of a few words is one in a part of a city, and none of what others say elsewhere", () => {
    const { report, holds } = open();
    const text = "Street is under water";
    const held = holds(30, (i) => `192.0.2.${i}`, { text, geohash7: "9v6kpvd" });
    expect(held.filter(Boolean)).toEqual(Array(10).fill("text"));
    expect(report("192.0.2.1", { text, geohash7: "9v6kpz0" }).hold).toBe("text");
    expect(holds(20, (i) => `192.0.2.${i}`, { text, geohash7: "9v6s0vd" }).filter(Boolean)).toEqual([]);
  });

  it("of one network is held anywhere, and refused when too much of it waits, until its time is over", () => {
    const { clock, report, holds } = open(100);
    const held = holds(100 + MOST_HELD, (i) => `192.0.2.${i % 250}`);
    expect(held.filter(Boolean)).toEqual(Array(MOST_HELD).fill("network"));
    expect(report("192.0.2.1")).toMatchObject({ hold: "network", waitSeconds: 600 });
    expect(report("198.51.100.1").hold).toBeUndefined();
    clock.advance(600_000);
    expect(report("192.0.2.1").hold).toBeUndefined();
  });

  it("is forgotten where fifty thousand networks came behind it: what is known is bounded by networks, not by places", () => {
    const { report, holds } = open();
    const at = { geohash7: "9v6kpvd" };
    expect(holds(41, () => "192.0.2.1", at).at(-1)).toBe("place");
    const address = (i: number) => `${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.1`;
    for (let place = 0; place < 52; place++) holds(1000, address, { geohash7: `9v6kq${place + 100}` });
    expect(report("192.0.2.1", at).hold).toBeUndefined();
  });

  it("is written down with its figures", () => {
    const document = readFileSync(new URL("../../../docs/moderation.md", import.meta.url), "utf8");
    for (const [cause, { reports, ofNetwork }] of Object.entries(FLOODS)) {
      const [, said, own] =
        new RegExp(`\\| \`${cause}\` \\| over (\\d+) [^|]*\\| over (\\d+) \\|`).exec(document) ?? [];
      expect([said, own], cause).toEqual([`${reports}`, `${ofNetwork}`]);
    }
    expect(document).toContain(`${OWN_TEXT_LETTERS} letters at least`);
    expect(document).toContain(`fewer than ${OWN_ANYWHERE_LETTERS} letters`);
    expect(document).toContain(`at most ${MOST_HELD} are held`);
  });
});

describe("clients of one network", () => {
  it("count as themselves if they come first in a neighbourhood, layer and day, and together behind that", () => {
    const { clock, report } = open();
    const at = { geohash7: "9v6kpvd" };
    const isCrowd = (address: string, where = at) => report(address, where).isCrowd;
    expect([isCrowd("192.0.2.1"), isCrowd("192.0.2.2"), isCrowd("192.0.2.1"), isCrowd("192.0.2.3")]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect([isCrowd("198.51.100.3"), isCrowd("192.0.2.2", { geohash7: "9v6kqvd" })]).toEqual([false, false]);
    clock.advance(86_400_000);
    expect(isCrowd("192.0.2.2")).toBe(false);
  });
});
