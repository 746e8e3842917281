/** @module-tag random */
import { describe, expect, it } from "vitest";
import type { LogChange, ReportStore } from "../../server/ports/report-store.ts";
import { scaled } from "../kit/runs.ts";
import { describeFailure } from "./report.ts";
import { runScenario } from "./run.ts";
import { scenarioOf } from "./scenario.ts";
import { shrink } from "./shrink.ts";

/** As many as take some seconds in the extended tier; `npm run simulate` runs any number. */
const SEEDS = scaled(24);

describe("the simulated service", () => {
  it("shows what it thanked for, once, in every process, whatever fails", async () => {
    let thanked = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations, figures } = await runScenario(scenarioOf(seed));
      expect(violations, `npm run simulate -- --seed ${seed}`).toEqual([]);
      thanked += figures.thanked;
    }
    expect(thanked).toBeGreaterThan(SEEDS);
  });

  it("does the same for a seed each time", { tags: "slow" }, async () => {
    for (const seed of [3, 11]) {
      const [once, again] = [await runScenario(scenarioOf(seed)), await runScenario(scenarioOf(seed))];
      expect(again.hash).toBe(once.hash);
      expect(again.faults).toEqual(once.faults);
    }
  });

  it("leaves timers, clocks and randomness as they were", async () => {
    const now = () => [setTimeout, clearTimeout, setImmediate, Date.now, Math.random, crypto.getRandomValues];
    const before = now();
    await runScenario(scenarioOf(3));
    expect(now()).toEqual(before);
  });
});

describe("the simulation", () => {
  it("finds a store that tells of each change once, and cuts the run down to some few actions", {
    tags: "slow",
  }, async () => {
    const options = { spoil: tellOnce };
    const scenario = scenarioOf(1);
    const result = await runScenario(scenario, options);
    const shrunk = await shrink(scenario, result, options);
    expect(shrunk.result.violations.length).toBeGreaterThan(0);
    expect(shrunk.scenario.actions.length).toBeLessThanOrEqual(4);
    expect(shrunk.script.size).toBeLessThanOrEqual(4);
    expect(describeFailure(scenario, result, shrunk)).toContain("npm run simulate -- --seed 1");
  });
});

/** Whoever is told of a change may read its cell a moment too early. */
function tellOnce(store: ReportStore): ReportStore {
  const told = new Set<string>();
  const isNew = ({ layer, geohash5, from, rows }: LogChange): boolean => {
    const name = `${layer} ${geohash5} ${from} ${rows?.length}`;
    return !told.has(name) && told.add(name).size > 0;
  };
  return {
    ...store,
    async readChanges(before) {
      const { changes, cursor } = await store.readChanges(before);
      return { changes: changes.filter(isNew), cursor };
    },
  };
}
