import { describe, expect, it } from "vitest";
import { runScenario } from "./run.ts";
import { scenarioOf } from "./scenario.ts";

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
});
