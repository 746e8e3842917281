import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactionState } from "../../../server/pyramid/compaction-state.ts";
import { workOfChanges } from "../../../server/pyramid/compaction-work.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createUnmergedRows } from "../../../server/pyramid/unmerged-rows.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { geohashOfKey } from "../../../tiles/geo/cell-key.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { idTimePrefix } from "../../../tiles/report-id.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const MINUTE = 60_000;

it("keeps up with more young reports, each in a cell of its own, than its state takes, and loses none", async () => {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const random = seededRandom(8);
  const compact = () => createCompactor({ store, derived, clock, log: silentLog }).run();
  const state = createCompactionState(derived, silentLog, clock);
  let told = 0;
  /** So many reports within the last seconds, each in the next cell of a grid. */
  async function flood(count: number): Promise<void> {
    for (let i = 0; i < count; i++, told++) {
      const place = { lonDeg: 0.02 + (told % 160) * 0.044, latDeg: 45.02 + Math.floor(told / 160) * 0.044 };
      await store.put(report(place));
    }
  }
  const report = (place: { lonDeg: number; latDeg: number }): Report =>
    makeReport({ ...place, createdAtMs: clock.now() - Math.floor(random() * 5000) }, random);
  const shown = async (): Promise<number> => {
    const pyramid = createPyramid({ store, derived, clock, log: silentLog });
    return (await pyramid.cells("safety", "")).bandCount.reduce((sum, each) => sum + each, 0);
  };

  await flood(100);
  clock.nowMs += MINUTE;
  await compact();
  clock.nowMs += MINUTE;
  await flood(3000);
  expect((await compact()).done).toBe(true);
  // Beside the state, which stays small.
  const between = await state.read();
  expect([between?.atMs, between?.rows.count()]).toEqual([clock.now(), 3000]);
  expect((await derived.get("compaction", "cursor"))?.body.length).toBeLessThan(2000);
  expect((await derived.list("compaction-young")).length).toBe(1);
  expect(await shown()).toBe(told);
  // The next one takes them in, and nothing twice.
  clock.nowMs += 16 * MINUTE;
  expect(await compact()).toMatchObject({ done: true, cells: 3000 });
  expect(await derived.list("compaction-young")).toEqual([]);
  expect((await state.read())?.atMs).toBe(clock.now());
  expect(await shown()).toBe(told);
});

it("waits while such reports may have been told before the place where its state's cursor would have to stay", () => {
  const atMs = Date.UTC(2026, 5, 1);
  const open = Array.from({ length: 4001 + 8000 }, (_, i) => {
    const cell = { layer: "safety", geohash5: geohashOfKey(i, 5) } as const;
    const rows = columnsOfReports([makeReport({ lonDeg: 0, latDeg: 0, createdAtMs: atMs - 1000 }, seededRandom(i))]);
    return { ...cell, from: idTimePrefix(atMs - 1000), rows };
  });
  const point = { number: 1, cursor: "5", beforeMs: 0, rows: createUnmergedRows(), open: [] };
  const workAfter = (ms: number) =>
    workOfChanges({
      point: { ...point, atMs: atMs - ms },
      number: 2,
      changes: open,
      cursor: "6",
      atMs,
      mostRows: 8000,
    });
  // Of the quarter of an hour that began before the compaction.
  expect(workAfter(15 * MINUTE + 4000)).toBeUndefined();
  expect(workAfter(15 * MINUTE + 6000)?.end).toMatchObject({
    cursor: "5",
    atMs: atMs - 15 * MINUTE - 6000,
    beforeMs: atMs - 15_000,
    open: [],
  });
});
