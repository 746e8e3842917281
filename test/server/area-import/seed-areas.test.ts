import { beforeEach, expect, test } from "vitest";
import { demoAreas } from "../../../server/area-import/demo-areas.ts";
import { cityOfAreas, importAreas } from "../../../server/area-import/import-areas.ts";
import { drawMissingAreas, seedAreas, unseedAreas } from "../../../server/area-import/seed-areas.ts";
import { type AreaSets, createAreaSets, liveSets } from "../../../server/areas/area-sets.ts";
import { createAreaShapes } from "../../../server/areas/area-shapes.ts";
import { silentLog as log } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { scoreArea } from "../../../server/scores/area-scores.ts";
import { seedIfEmpty } from "../../../server/seed/seed-if-empty.ts";
import { seedReports } from "../../../server/seed/seed-reports.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { isInside } from "../../../tiles/areas/area-locator.ts";

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

test("an area of one set never has the id of one of another", async () => {
  const areas = demoAreas("austin").slice(0, 2);
  const city = cityOfAreas({ id: "austin" }, areas);
  const store = { sets, shapes: createAreaShapes({ derived }), clock, tally: async () => {}, forget: async () => {} };
  await importAreas(store, areas, { city, kind: "neighborhood" });
  await expect(importAreas(store, areas, { city, kind: "n" })).rejects.toThrow(
    `${areas[0]?.id} is an area of austin/neighborhood already: take another --kind.`,
  );
  await importAreas(store, areas, { city, kind: "neighborhood" });
  expect(await told()).toEqual([["austin", 2, undefined]]);
});

test("draws what a store lacks that was seeded before, once, and counts what lies in it", {
  tags: ["slow"],
}, async () => {
  const store = createMemoryStore({ clock });
  const compactor = createCompactor({ store, derived, clock, log });
  const draw = () => drawMissingAreas({ store, derived, clock, log, compactor });
  expect(await draw()).toBe(0);
  await seedIfEmpty({ store, clock });
  await compactor.run();
  const areas = demoAreas("austin").slice(0, 2);
  const imported = {
    sets,
    shapes: createAreaShapes({ derived }),
    clock,
    tally: async () => {},
    forget: async () => {},
  };
  await importAreas(imported, areas, { city: cityOfAreas({ id: "austin" }, areas), kind: "district" });
  expect(await draw()).toBe(2);
  expect(await draw()).toBe(0);
  expect(await told()).toEqual([
    ["austin", 2, undefined],
    ["brooklyn", 32, true],
    ["san-francisco", 33, true],
  ]);

  const pyramid = createPyramid({ store, derived, clock, log, shapes: createAreaShapes({ derived }) });
  await pyramid.poll();
  const all = seedReports({ nowMs: clock.now() });
  let inside = 0;
  for (const of of liveSets(await sets.read()).filter(({ version }) => version.approximate)) {
    const drawn = demoAreas(of.set.city.id);
    const reports = await pyramid.areaReports(of, drawn, clock.now());
    for (const area of drawn) {
      const { total } = scoreArea(area.id, reports.get(area.number) ?? {});
      const expected = all.filter(({ lonDeg, latDeg }) =>
        isInside(area.polygons, Math.round(lonDeg * 1e6), Math.round(latDeg * 1e6)),
      );
      expect(total["90d"], area.id).toBe(expected.length);
      inside += expected.length;
    }
  }
  expect(inside).toBeGreaterThan(1000);
});
