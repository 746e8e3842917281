import fc from "fast-check";
import { expect, test } from "vitest";
import { cardAfterClick, formatHash, INITIAL_STATE, parseHash } from "../../client/page/address.ts";
import { REPORT_LAYERS, TIME_WINDOWS } from "../../tiles/layers.ts";
import { SCORE_NAMES } from "../../tiles/scores/scores.ts";

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });

/** An area that waits to be compared, four that are, and a city's list. */
const LISTS = ["a-n-b,", "a-n-b,a-n-c,a-n-d,a-n-e", "all-of:austin", "all-of:san-francisco"];

test("brings back what a shared address says, to less than a pixel", () => {
  const state = fc.record({
    view: fc.record({ zoom: number(0, 19), latDeg: number(-85, 85), lonDeg: number(-180, 180) }),
    layers: fc.subarray([...REPORT_LAYERS], { minLength: 1 }),
    window: fc.constantFrom(...TIME_WINDOWS),
    scores: fc.constantFrom(undefined, ...SCORE_NAMES),
    card: fc.constantFrom(undefined, "9q8y", "9q8yy", "9q8yyk", "san-francisco-n-tenderloin", ...LISTS),
    report: fc.constantFrom(undefined, "01n8mhq8729q8yy20xjc0yky0"),
  });
  fc.assert(
    fc.property(state, (given) => {
      const read = parseHash(formatHash(given), INITIAL_STATE);
      const pixelDeg = 360 / (512 * 2 ** given.view.zoom);
      expect(read.layers).toEqual(given.layers);
      expect(read.window).toBe(given.window);
      expect(read.scores).toBe(given.scores);
      expect(read.card).toBe(given.card);
      expect(read.report).toBe(given.report);
      expect(Math.abs(read.view.zoom - given.view.zoom)).toBeLessThanOrEqual(0.005);
      expect(Math.abs(read.view.lonDeg - given.view.lonDeg)).toBeLessThan(pixelDeg);
      expect(Math.abs(read.view.latDeg - given.view.latDeg)).toBeLessThan(pixelDeg);
    }),
  );
});

test("falls back, part by part, on addresses that make no sense", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { view, layers } = parseHash(`#${text}`, INITIAL_STATE);
      expect(layers.length).toBeGreaterThan(0);
      expect(Math.abs(view.latDeg)).toBeLessThanOrEqual(85.06);
    }),
  );
  expect(parseHash("#x/1/2/vibe/7d", INITIAL_STATE)).toEqual({ ...INITIAL_STATE, layers: ["vibe"], window: "7d" });
  expect(parseHash("#3/91/0/gossip/1y", INITIAL_STATE)).toEqual(INITIAL_STATE);
  expect(parseHash("#5/1/2/none/7d/scores=vibe", INITIAL_STATE)).toMatchObject({ layers: [], scores: "vibe" });
  expect(parseHash("#5/1/2/none/7d/scores=luck/card=ai", INITIAL_STATE)).toMatchObject({ layers: ["safety"] });
  for (const card of [
    "9q8yyka",
    "tenderloin",
    "san-francisco-n-",
    "San-n-x",
    "san-n-x_y",
    "a-n-b,9q8yyk",
    "a-n-b,,",
    ",a-n-b",
    "all-of:",
    "all:austin",
  ])
    expect(parseHash(`#5/1/2/vibe/7d/card=${card}`, INITIAL_STATE).card, card).toBeUndefined();
  expect(parseHash("#5/1/2/vibe/7d/card=a-n-b,a-n-c,a-n-d,a-n-e,a-n-f", INITIAL_STATE).card).toBeUndefined();
  expect(parseHash("#5/1/2/vibe/7d/card=a-n-b%2Ca-n-c", INITIAL_STATE).card).toBe("a-n-b,a-n-c");
  expect(parseHash("#5/1/2/safety%2Cvibe,safety", INITIAL_STATE).layers).toEqual(["safety", "vibe"]);
});

test("a click on the map opens a card, or adds an area to the comparison that is open", () => {
  for (const [open, clicked, card] of [
    [undefined, "a-n-b", "a-n-b"],
    ["a-n-b", "9q8yyk", "9q8yyk"],
    ["all-of:a", "a-n-b", "a-n-b"],
    ["a-n-b,", "a-n-c", "a-n-b,a-n-c"],
    ["a-n-b,", "a-n-b", "a-n-b,"],
    ["a-n-b,a-n-c", "a-n-b", "a-n-b,a-n-c"],
    ["a-n-b,a-n-c,a-n-d", "a-n-e", "a-n-b,a-n-c,a-n-d,a-n-e"],
    ["a-n-b,a-n-c,a-n-d,a-n-e", "a-n-f", "a-n-b,a-n-c,a-n-d,a-n-e"],
    // Cells are not compared.
    ["a-n-b,", "9q8yyk", "a-n-b,"],
    ["a-n-b,a-n-c", "9q8yyk", "a-n-b,a-n-c"],
  ] as const)
    expect(cardAfterClick(open, clicked), `${open} and ${clicked}`).toBe(card);
});
