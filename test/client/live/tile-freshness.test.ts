import { expect, it } from "vitest";
import { createTileFreshness } from "../../../client/live/tile-freshness.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { latOfWorldY, lonOfWorldX } from "../../../tiles/geo/tile-address.ts";

const HOME = { z: 14, x: 2620, y: 6333 };
/** In the middle of HOME. */
const CELL = encodeGeohash(lonOfWorldX(2620.5 / 2 ** 14), latOfWorldY(6333.5 / 2 ** 14), 8);
const EAST = { ...HOME, x: HOME.x + 1 };
const FAR = { ...HOME, x: HOME.x + 40 };

function setUp() {
  const clock = { nowMs: 1e6 };
  const freshness = createTileFreshness(() => clock.nowMs);
  for (const tile of [HOME, EAST, FAR]) freshness.requested("safety", tile);
  freshness.requested("vibe", HOME);
  return { clock, freshness };
}

it("asks for the tiles near a change again, once, and only of its layer", () => {
  const { freshness } = setUp();
  freshness.changed("safety", CELL);
  expect(freshness.stale()).toEqual(new Map([["safety", [HOME]]]));
  freshness.requested("safety", HOME);
  expect(freshness.stale().size).toBe(0);
});

it("does not take an answer for new that was asked for before the change", () => {
  const { freshness } = setUp();
  freshness.requested("safety", HOME);
  freshness.changed("safety", CELL);
  freshness.requested("safety", EAST);
  expect(freshness.stale().get("safety")).toEqual([HOME]);
});

it("asks for areas again after a change of any layer, however far, unless the server tells of their tiles", () => {
  const { freshness } = setUp();
  for (const tile of [HOME, FAR]) freshness.requested("areas", tile);
  freshness.changed("vibe", CELL);
  expect(freshness.stale().get("areas")).toEqual([HOME, FAR]);
  for (const tile of [HOME, FAR]) freshness.requested("areas", tile);
  freshness.tellsZoom(HOME.z);
  for (const tile of [HOME, FAR]) freshness.loaded("areas", tile, "a");
  freshness.changed("vibe", CELL);
  expect(freshness.stale().get("areas")).toBeUndefined();
  freshness.told("areas", HOME, "a");
  expect(freshness.stale().get("areas")).toBeUndefined();
  freshness.told("areas", HOME, "b");
  expect(freshness.stale().get("areas")).toEqual([HOME]);
});

it("looks after the rest of the cluster cell later, until it was asked for when all processes knew", () => {
  const { clock, freshness } = setUp();
  freshness.changed("safety", CELL);
  freshness.requested("safety", HOME);
  expect(freshness.doubtful().size).toBe(0);
  clock.nowMs += 5000;
  expect(freshness.doubtful()).toEqual(new Map([["safety", [EAST, HOME]]]));
  for (const tile of [HOME, EAST]) freshness.requested("safety", tile);
  expect(freshness.doubtful().size).toBe(0);
});

it("takes everything for changed when it is not known what did", () => {
  const { clock, freshness } = setUp();
  freshness.changedAll(false);
  expect(freshness.stale().size).toBe(0);
  clock.nowMs += 5000;
  expect(freshness.doubtful().get("safety")).toEqual([HOME, EAST, FAR]);
  freshness.changedAll(true);
  expect(freshness.stale().get("vibe")).toEqual([HOME]);
});

it("forgets the tiles that were not asked for in the longest time", () => {
  const { freshness } = setUp();
  for (let x = 0; x < 2000; x++) freshness.requested("vibe", { z: 12, x, y: 0 });
  freshness.changedAll(true);
  expect(freshness.stale().get("safety")).toBeUndefined();
  expect(freshness.stale().get("vibe")).toHaveLength(2000);
});

/** As `setUp`, with tags, on a stream that tells HOME's zoom. */
function setUpTold() {
  const all = setUp();
  const { freshness } = all;
  for (const tile of [HOME, EAST, FAR]) freshness.loaded("safety", tile, "a");
  freshness.tellsZoom(14);
  return all;
}

it("asks for the tiles that are told to be something else, and not for those whose cell changed", () => {
  const { clock, freshness } = setUpTold();
  freshness.changed("safety", CELL);
  freshness.changedAll(true);
  freshness.told("safety", HOME, "a");
  freshness.told("safety", EAST, "b");
  expect(freshness.stale()).toEqual(new Map([["safety", [EAST]]]));
  freshness.requested("safety", EAST);
  freshness.loaded("safety", EAST, "b");
  clock.nowMs += 60_000;
  expect([freshness.stale().size, freshness.doubtful().size]).toEqual([0, 0]);
});

it("does not ask again for a tile that was newer than it was told, once it is told", () => {
  const { clock, freshness } = setUpTold();
  freshness.told("safety", HOME, "b");
  freshness.requested("safety", HOME);
  freshness.loaded("safety", HOME, "c");
  expect(freshness.stale().size).toBe(0);
  freshness.told("safety", HOME, "c");
  clock.nowMs += 5000;
  expect([freshness.stale().size, freshness.doubtful().size]).toEqual([0, 0]);
});

it("looks once more after a tile that a process answered which had not heard of the change", () => {
  const { clock, freshness } = setUpTold();
  freshness.told("safety", HOME, "b");
  freshness.requested("safety", HOME);
  expect([freshness.stale().size, freshness.doubtful().size]).toEqual([0, 0]);
  clock.nowMs += 5000;
  expect(freshness.doubtful().get("safety")).toEqual([HOME]);
  freshness.requested("safety", HOME);
  expect(freshness.doubtful().size).toBe(0);
});

it("takes a tile that changed on its way for stale until it comes under the tag that was told", () => {
  const { freshness } = setUpTold();
  freshness.requested("safety", HOME);
  freshness.told("safety", HOME, "c");
  freshness.loaded("safety", HOME, "b");
  expect(freshness.stale().get("safety")).toEqual([HOME]);
  freshness.loaded("safety", HOME, "c");
  expect(freshness.stale().size).toBe(0);
});

it("goes by cells for other zooms, for one's own reports, and when tiles are told no more", () => {
  const { freshness } = setUpTold();
  const around = { z: 13, x: HOME.x >> 1, y: HOME.y >> 1 };
  freshness.requested("safety", around);
  freshness.changed("safety", CELL);
  expect(freshness.stale().get("safety")).toEqual([around]);
  freshness.changed("safety", CELL, true);
  expect(freshness.stale().get("safety")).toEqual([HOME, around]);
  freshness.requested("safety", HOME);
  freshness.tellsZoom(undefined);
  freshness.changed("safety", CELL);
  expect(freshness.stale().get("safety")).toContain(HOME);
});
