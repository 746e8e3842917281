import { describe, expect, it } from "vitest";
import type { ReportStore } from "../../server/ports.ts";
import { describeFailure } from "./report.ts";
import { type RunResult, runScenario } from "./run.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import type { RunOptions } from "./world.ts";

/** As many as take some seconds; `npm run simulate` runs any number. */
const SEEDS = 24;

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

  it("does the same for a seed each time", async () => {
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
  it("finds a replay that is never announced, and cuts it down to one report", async () => {
    const options = { spoil: answerReplaysAtOnce };
    const { scenario, result } = await firstFailure(options);
    const shrunk = await shrink(scenario, result, options);
    expect(shrunk.scenario.actions.map(({ kind }) => kind)).toEqual(["report"]);
    expect(shrunk.script.size).toBeLessThanOrEqual(4);
    expect(shrunk.result.violations.length).toBeGreaterThan(0);
    expect(describeFailure(scenario, result, shrunk)).toContain(`npm run simulate -- --seed ${scenario.seed}`);
  });
});

/** As the service was once: whoever found that a report is stored told nobody of it. */
const answerReplaysAtOnce = (store: ReportStore): ReportStore => ({
  ...store,
  put: async (report) => ((await store.get(report.id)) === undefined ? store.put(report) : "exists"),
});

async function firstFailure(options: RunOptions): Promise<{ scenario: Scenario; result: RunResult }> {
  for (let seed = 1; seed <= 500; seed++) {
    const scenario = scenarioOf(seed);
    const result = await runScenario(scenario, options);
    if (result.violations.length > 0) return { scenario, result };
  }
  throw new Error("none of 500 seeds fails");
}
