import { describe, expect, it } from "vitest";
import { runScenario } from "./run.ts";
import { scenarioOf } from "./scenario.ts";
import { shrink } from "./shrink.ts";

/** As many as take some seconds; `npm run simulate` runs any number. */
const SEEDS = 30;

describe("the whole service in virtual time", () => {
  it("keeps what it said, whatever fails", async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations } = await runScenario(scenarioOf(seed));
      expect(violations, `npm run simulate -- --seed ${seed}`).toEqual([]);
    }
  });

  it("happens the same again, to the letter", async () => {
    const [first, second] = [await runScenario(scenarioOf(7)), await runScenario(scenarioOf(7))];
    expect(second.hash).toBe(first.hash);
    expect(first.faults.length).toBeGreaterThan(0);
    const other = await runScenario(scenarioOf(8));
    expect(other.hash).not.toBe(first.hash);
  });

  it("leaves timers, clocks and randomness as they were", async () => {
    const before = [setTimeout, clearTimeout, setImmediate, Date.now, Math.random, crypto.getRandomValues];
    await runScenario(scenarioOf(3));
    expect([setTimeout, clearTimeout, setImmediate, Date.now, Math.random, crypto.getRandomValues]).toEqual(before);
  });
});
