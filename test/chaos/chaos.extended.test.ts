/** @module-tag slow */
import { describe, expect, it } from "vitest";
import { runChaos } from "./run-chaos.ts";

describe("two processes under faults and SIGKILLs", () => {
  it("show every acknowledged report once, in tiles of every zoom and in lists, within a minute", async () => {
    const said: string[] = [];
    const outcome = await runChaos({
      seed: 7,
      reports: 300,
      processes: 2,
      killEverySeconds: 3,
      faults: 0.1,
      clients: 6,
      restMs: 250,
      store: "dynalite",
      limitSeconds: 120,
      say: (line) => said.push(line),
    });
    expect(outcome, said.join("\n")).toMatchObject({
      lost: [],
      doubled: [],
      missing: 0,
      unacknowledged: 0,
      deaths: [],
    });
    expect(outcome.processes.flatMap(({ wrong }) => [...wrong])).toEqual([]);
    expect(outcome.acknowledged).toBe(300);
    expect(outcome.isRight).toBe(true);
  });
});
