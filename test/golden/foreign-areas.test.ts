import { expect, it } from "vitest";
import { liveSets } from "../../server/areas/area-sets.ts";
import { createAreaShapes, isLost } from "../../server/areas/area-shapes.ts";
import { silentLog } from "../../server/console/log.ts";
import type { DerivedItem, DerivedStore } from "../../server/ports/derived-store.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { scoreArea } from "../../server/scores/area-scores.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { ITEM_KINDS } from "../../tiles/codec/stored-item.ts";
import { openAreas } from "../kit/area-world.ts";
import { createTestClock } from "../kit/clock.ts";
import { makePartition } from "../kit/made-up-areas.ts";
import { seededRandom } from "../kit/random.ts";
import { makeReport } from "../kit/sample-reports.ts";
import { goldenItems, withVersion } from "./golden.ts";

/** What becomes of areas and of what lies in them when their items are of another version, another kind, damaged or gone. */

const CHANGES: Readonly<Record<string, (body: Uint8Array) => Uint8Array>> = {
  "of the next version": (body) => withVersion(body, (body[1] ?? 0) + 1),
  "of another kind": () => goldenItems("compaction-v3")[0]?.body ?? new Uint8Array(),
  damaged: (body) => body.map((byte, at) => (at === body.length >> 1 ? byte ^ 0x10 : byte)),
  "cut off": (body) => body.subarray(0, body.length >> 1),
};
const KINDS = ["area-sets", "area-index", "areas", "area-tally"] as const;

/** A compacted city with areas, some of whose reporters reported twice, and every item that was ever written of it. */
async function openWorld() {
  const clock = createTestClock();
  const random = seededRandom(9);
  const store = createMemoryStore({ clock });
  const inner = createMemoryDerivedStore({ clock });
  const written = new Map<string, { group: string; name: string }>();
  const derived: DerivedStore = {
    ...inner,
    put(group, name, body, condition) {
      written.set(`${group} ${name}`, { group, name });
      return inner.put(group, name, body, condition);
    },
  };
  const areas = openAreas({ store, derived, clock });
  await store.putMany(
    Array.from({ length: 120 }, () =>
      makeReport(
        {
          lonDeg: -122.5 + 0.09 * random(),
          latDeg: 37.7 + 0.09 * random(),
          createdAtMs: clock.now() - Math.floor(random() * 20 * 86_400_000),
          reporter: 1 + Math.floor(3 * random()),
        },
        random,
      ),
    ),
  );
  await areas.compactor.run();
  const partition = { west: -122_500_000, south: 37_700_000, size: 3, stepE6: 30_000, areas: 4, random };
  await areas.bring(makePartition(partition));
  const [live] = liveSets(await areas.sets.read());
  if (live === undefined) throw new Error("no areas");

  async function itemsOf(kind: (typeof KINDS)[number]): Promise<(DerivedItem & { group: string })[]> {
    const found: (DerivedItem & { group: string })[] = [];
    for (const { group, name } of written.values()) {
      const item = await derived.get(group, name);
      if (item?.body[0] === ITEM_KINDS[kind]) found.push({ ...item, group });
    }
    return found;
  }

  return {
    ...areas,
    derived,
    itemsOf,
    /** Scores and counts of all areas, as a process that starts now tells them. */
    async reports() {
      clock.advance(60_000);
      const shapes = createAreaShapes({ derived });
      const pyramid = createPyramid({ store, derived, clock, log: silentLog, shapes });
      await pyramid.poll();
      const all = await shapes.list(live, "", 100);
      const found = await pyramid.areaReports(live, all, clock.now());
      return all.map(({ id, number }) => scoreArea(id, found.get(number) ?? {}));
    },
    /** A process that compacts, started now. */
    async rebuild() {
      clock.advance(60_000);
      const { compactor } = openAreas({ store, derived, clock });
      for (let runs = 0; !(await compactor.rebuild()).done; runs++) expect(runs).toBeLessThan(5);
    },
    async replace(kind: (typeof KINDS)[number], by: (body: Uint8Array) => Uint8Array) {
      const items = await itemsOf(kind);
      expect(items.length).toBeGreaterThan(0);
      for (const { group, name, body, version } of items)
        expect(await derived.put(group, name, by(body), { expected: version })).toBe(true);
    },
  };
}

it.each(Object.entries(CHANGES))(
  "counts rows where tallies are %s, and a rebuild writes them anew",
  async (_, change) => {
    const world = await openWorld();
    const before = await world.reports();
    const tallies = await world.itemsOf("area-tally");
    await world.replace("area-tally", change);
    expect(await world.reports()).toEqual(before);
    await world.rebuild();
    expect((await world.itemsOf("area-tally")).map(({ name }) => name)).toEqual(tallies.map(({ name }) => name));
    expect(await world.reports()).toEqual(before);
  },
);

it("makes tallies again that are gone, and keeps what was imported byte by byte", async () => {
  const world = await openWorld();
  const before = await world.reports();
  const bodies = async () => {
    const kinds = await Promise.all((["area-sets", "area-index", "areas"] as const).map(world.itemsOf));
    return kinds.flat().map(({ group, name, body }) => [group, name, [...body]]);
  };
  const imported = await bodies();
  const tallies = await world.itemsOf("area-tally");
  for (const item of tallies) await world.derived.remove(item.group, [item]);
  expect(await world.itemsOf("area-tally")).toEqual([]);
  await world.rebuild();
  expect((await world.itemsOf("area-tally")).length).toBe(tallies.length);
  expect(await bodies()).toEqual(imported);
  expect(await world.reports()).toEqual(before);
});

it.each(Object.entries(CHANGES))(
  "has no areas where the list of sets is %s, and compacts all the same",
  async (_, change) => {
    const world = await openWorld();
    await world.replace("area-sets", change);
    expect(await world.sets.read()).toEqual([]);
    await world.rebuild();
  },
);

it.each(
  (["area-index", "areas"] as const).flatMap((kind) =>
    Object.entries(CHANGES).map(([how, change]) => ({ kind, how, change })),
  ),
)("says that areas are lost where $kind is $how, and compacts all the same", async ({ kind, change }) => {
  const world = await openWorld();
  await world.replace(kind, change);
  await expect(world.reports()).rejects.toSatisfy(isLost);
  await world.rebuild();
});
