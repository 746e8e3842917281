import { describe, expect, it } from "vitest";
import { compactAll } from "../../../server/cli/compact-all.ts";
import type { CompactionReport, Compactor } from "../../../server/pyramid/compactor.ts";

/** A compactor whose runs report these, one after the other. */
function reporting(...reports: CompactionReport[]): { compactor: Compactor; called: string[] } {
  const called: string[] = [];
  const next = (name: string) => async () => {
    called.push(name);
    return reports.shift() ?? { cells: 0, cellAggregates: 0, done: true };
  };
  return { compactor: { run: next("run"), rebuild: next("rebuild") }, called };
}

describe("compacting all", () => {
  it("goes on until nothing is left to do, and adds up what was done", async () => {
    const { compactor, called } = reporting(
      { cells: 1, cellAggregates: 5, done: false },
      { cells: 2, cellAggregates: 7, done: true },
    );
    expect(await compactAll(compactor)).toEqual({ cells: 3, cellAggregates: 12, done: true });
    expect(called).toEqual(["run", "run"]);
  });

  it("rebuilds once, and then goes on with that", async () => {
    const { compactor, called } = reporting({ cells: 1, cellAggregates: 5, done: false });
    expect((await compactAll(compactor, { rebuild: true })).done).toBe(true);
    expect(called).toEqual(["rebuild", "run"]);
  });

  it("ends when it is aborted", async () => {
    const { compactor, called } = reporting({ cells: 1, cellAggregates: 5, done: false });
    expect(await compactAll(compactor, { signal: AbortSignal.abort() })).toEqual({
      cells: 1,
      cellAggregates: 5,
      done: false,
    });
    expect(called).toEqual(["run"]);
  });
});
