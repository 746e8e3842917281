import { beforeEach, expect, test } from "vitest";
import { demoAreas } from "../../../server/area-import/demo-areas.ts";
import { cityOfAreas, importAreas } from "../../../server/area-import/import-areas.ts";
import { seedAreas, unseedAreas } from "../../../server/area-import/seed-areas.ts";
import { type AreaSets, createAreaSets, liveSets } from "../../../server/areas/area-sets.ts";
import { createAreaShapes } from "../../../server/areas/area-shapes.ts";
import { silentLog as log } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";

const clock = { now: () => Date.parse("2026-04-15T20:30:00Z") };
let derived: DerivedStore;
let sets: AreaSets;
beforeEach(() => {
  derived = createMemoryDerivedStore({ clock });
  sets = createAreaSets({ derived, log });
});

const seed = () => seedAreas({ derived, clock, log });
const told = async () =>
  liveSets(await sets.read()).map(({ set, version }) => [set.city.id, version.areaCount, version.approximate]);

test("draws areas of the seeded cities once, and takes them away again", async () => {
  await seed();
  const first = await sets.read();
  expect(await told()).toEqual([
    ["austin", 31, true],
    ["brooklyn", 32, true],
    ["san-francisco", 33, true],
  ]);
  await seed();
  expect(await sets.read()).toEqual(first);
  expect(await unseedAreas({ derived, clock, log })).toBe(3);
  expect(await told()).toEqual([]);
  expect(await unseedAreas({ derived, clock, log })).toBe(0);
});

test("leaves areas alone that were imported, before and after", async () => {
  const areas = demoAreas("brooklyn").slice(0, 2);
  const store = { sets, shapes: createAreaShapes({ derived }), clock, tally: async () => {}, forget: async () => {} };
  const imported = { city: cityOfAreas({ id: "brooklyn" }, areas), kind: "neighborhood" };
  await importAreas(store, areas, imported);
  await seed();
  expect(await told()).toContainEqual(["brooklyn", 2, undefined]);
  // Real borders in place of those that were drawn are not taken for them.
  const real = { city: cityOfAreas({ id: "austin" }, demoAreas("austin")), kind: "neighborhood" };
  await importAreas(store, demoAreas("austin"), real);
  expect(await unseedAreas({ derived, clock, log })).toBe(1);
  expect((await told()).map(([city]) => city)).toEqual(["austin", "brooklyn"]);
});
