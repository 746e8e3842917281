import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createBackground, repeatInBackground } from "../../../server/kit/background.ts";
import { type KeptLog, keepLog } from "../console/kept-log.ts";

const EVERY_MS = 1_000;

let kept: KeptLog;
beforeEach(() => {
  vi.useFakeTimers();
  kept = keepLog();
});
afterEach(() => {
  vi.useRealTimers();
});

const repeat = (run: () => Promise<void>) =>
  repeatInBackground(run, { name: "sweeping", everyMs: EVERY_MS, log: kept.log });

describe("repeatInBackground", () => {
  it("runs at once and then again and again, one run at a time", async () => {
    let runs = 0;
    const work = repeat(async () => {
      runs++;
      await new Promise((resolve) => setTimeout(resolve, 3 * EVERY_MS));
    });
    work.start();
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(3 * EVERY_MS + 1);
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect(runs).toBe(2);
    await Promise.all([work.stop(), vi.advanceTimersByTimeAsync(10 * EVERY_MS)]);
    expect(runs).toBe(2);
  });

  it("tries again what fails, and says only when that begins and ends", async () => {
    let runs = 0;
    const work = repeat(async () => {
      if (runs++ < 3) throw new Error("away");
    });
    work.start();
    await vi.advanceTimersByTimeAsync(6 * EVERY_MS);
    expect(kept.lines()).toEqual(["warn sweeping failed; it is tried again", "info sweeping goes on"]);
    expect(kept.fields(1)).toEqual({ failures: 3 });
    await work.stop();
  });

  it("waits three seconds for a run under way when it stops, and takes what becomes of it later for nothing", async () => {
    const run = Promise.withResolvers<void>();
    const work = repeat(() => run.promise);
    work.start();
    let stopped = false;
    void work.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(2_900);
    expect(stopped).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(stopped).toBe(true);
    run.reject(new Error("the store is closed"));
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(kept.lines()).toEqual([]);
  });

  it("does not start once it is stopped", async () => {
    const run = vi.fn(async () => {});
    const work = repeat(run);
    await work.stop();
    work.start();
    expect(run).not.toHaveBeenCalled();
  });
});

describe("createBackground", () => {
  it("runs a work from when it can be done, and stops all at the same time", async () => {
    const background = createBackground(kept.log);
    const { promise: opened, resolve } = Promise.withResolvers<void>();
    const score = vi.fn(() => new Promise<void>(() => {}));
    background.repeat(score, { name: "scoring", everyMs: EVERY_MS, from: opened });
    background.repeat(() => new Promise<void>(() => {}), { name: "compaction", everyMs: EVERY_MS });
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(score).not.toHaveBeenCalled();
    resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(score).toHaveBeenCalledOnce();
    let closed = false;
    void background.close().then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(3_100);
    expect(closed).toBe(true);
  });

  it("never runs what could not be done before it was closed", async () => {
    const background = createBackground(kept.log);
    const { promise: opened, resolve } = Promise.withResolvers<void>();
    const score = vi.fn(async () => {});
    background.repeat(score, { name: "scoring", everyMs: EVERY_MS, from: opened });
    await background.close();
    resolve();
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect(score).not.toHaveBeenCalled();
  });
});
