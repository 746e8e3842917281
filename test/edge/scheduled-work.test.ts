import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Compactor, RunOptions } from "../../server/pyramid/compactor.ts";
import { doScheduledWork } from "../../server/runtime/worker/scheduled-work.ts";
import { createTestClock } from "../kit/clock.ts";

const MINUTE = 60_000;
/** What the platform allows an invocation by default, see wrangler.toml. */
const SUBREQUESTS = 10_000;

let logged: string[];
const note = (event: string) => void logged.push(event);
const log = { debug: note, info: note, warn: note, error: note };
const clock = createTestClock();

beforeEach(() => {
  logged = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const compactorOf = (run: Compactor["run"]): Compactor => ({ run, rebuild: run });

it("compacts within half of what an invocation may ask for, and then scores", async () => {
  const asked: RunOptions[] = [];
  const compactor = compactorOf(async (options = {}) => {
    asked.push(options);
    return { cells: 1, cellAggregates: 2, done: false };
  });
  await doScheduledWork({ compactor, scoring: { run: async () => note("scored") }, clock, log });
  expect(asked[0]?.maxCalls).toBeLessThanOrEqual(SUBREQUESTS / 2);
  expect(logged).toEqual(["compacted", "scored"]);
  expect(vi.getTimerCount()).toBe(0);
});

it("looks once a day whose payments nothing was heard of", async () => {
  const compactor = compactorOf(async () => ({ cells: 0, cellAggregates: 0, done: true }));
  const billing = { refreshOverdue: async () => note("payments") };
  const aDay = createTestClock();
  for (let i = 0; i < 288; i++) {
    await doScheduledWork({ compactor, scoring: { run: async () => {} }, billing, clock: aDay, log });
    aDay.advance(5 * MINUTE);
  }
  expect(logged.filter((event) => event === "payments")).toHaveLength(1);
});

it("stops the compaction in time for scoring, and everything before the next trigger", async () => {
  let stopped = false;
  const compactor = compactorOf(async ({ signal } = {}) => {
    await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
    stopped = true;
    return { cells: 1, cellAggregates: 2, done: false };
  });
  const ended = doScheduledWork({ compactor, scoring: { run: () => new Promise(() => {}) }, clock, log });
  await vi.advanceTimersByTimeAsync(3 * MINUTE);
  expect([stopped, logged]).toEqual([true, ["compacted"]]);
  await vi.advanceTimersByTimeAsync(1.5 * MINUTE);
  await ended;
  expect(logged.at(-1)).toContain("cut off");
});

it("rejects when the report store fails, and not when PostgreSQL does", async () => {
  const away = () => Promise.reject(new Error("away"));
  const scoring = { run: away };
  await expect(doScheduledWork({ compactor: compactorOf(away), scoring, clock, log })).rejects.toThrow("away");
  const compactor = compactorOf(async () => ({ cells: 0, cellAggregates: 0, done: true }));
  await doScheduledWork({ compactor, scoring, clock, log });
  expect(logged.at(-1)).toContain("scoring failed");
});
