import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { compactInBackground } from "../../../server/pyramid/compact-in-background.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createHurriedChanges } from "../../../server/pyramid/hurried-changes.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makeCity } from "../../kit/sample-reports.ts";
import { allow, cutOff } from "./cut-off.ts";

const NEVER_AGAIN_MS = 1e9;

describe("a compaction in the background", () => {
  it("lets others have their turn, and ends in the middle of a run when it is stopped", async () => {
    const clock = createTestClock();
    const store = createMemoryStore({ clock });
    await store.putMany(makeCity(20_000, clock.now()));
    const allowance = allow(Infinity);
    const derived = cutOff(createMemoryDerivedStore({ clock }), allowance);
    const compactor = createCompactor({ store, derived, clock, log: silentLog });
    const hurried = createHurriedChanges({ store, derived, clock, log: silentLog });
    const work = compactInBackground({ compactor, hurried, clock, everyMs: NEVER_AGAIN_MS, log: silentLog });
    work.start();
    let turns = 0;
    for (let madeBefore = -1; allowance.made < 200; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(allowance.made - madeBefore, "calls between two turns").toBeLessThan(100);
      madeBefore = allowance.made;
    }
    expect(turns).toBeGreaterThan(5);
    await work.stop();
    const made = allowance.made;
    expect(made).toBeLessThan(500);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(allowance.made).toBe(made);
    expect((await compactor.run()).done).toBe(true);
  });

  it("is stopped within seconds though a store does not answer", async () => {
    const clock = createTestClock();
    const never = { list: () => new Promise<never>(() => {}) };
    const derived = { ...createMemoryDerivedStore({ clock }), ...never };
    const store = createMemoryStore({ clock });
    const compactor = createCompactor({ store, derived, clock, log: silentLog });
    const hurried = createHurriedChanges({ store, derived, clock, log: silentLog });
    const work = compactInBackground({ compactor, hurried, clock, everyMs: NEVER_AGAIN_MS, log: silentLog });
    work.start();
    const startMs = performance.now();
    await work.stop();
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });
});
