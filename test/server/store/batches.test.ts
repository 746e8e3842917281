import { afterEach, describe, expect, it, vi } from "vitest";
import { StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { chunk, collect, forEachBounded, sendAll } from "../../../server/store/dynamo/batches.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("chunk", () => {
  it("cuts into runs that join to the whole", () => {
    expect(chunk([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(chunk([1, 2], 2)).toEqual([[1, 2]]);
    expect(chunk([], 2)).toEqual([]);
  });
});

describe("collect", () => {
  it("joins pages, also very long ones", async () => {
    async function* pages() {
      yield [1, 2];
      yield [];
      yield new Array<number>(300_000).fill(3);
    }
    const items = await collect(pages());
    expect(items).toHaveLength(300_002);
    expect(items.slice(0, 3)).toEqual([1, 2, 3]);
  });
});

describe("forEachBounded", () => {
  it("does everything once, never more at a time than it may", async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await forEachBounded([...Array(20).keys()], 3, async (item) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      done.push(item);
    });
    expect(most).toBe(3);
    expect(done.sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
  });

  it("starts nothing after a failure, and reports it when nothing is under way any more", async () => {
    let started = 0;
    let finished = 0;
    const work = forEachBounded([...Array(20).keys()], 3, async (item) => {
      started++;
      if (item === 1) throw new Error("no");
      await new Promise((resolve) => setTimeout(resolve, 1));
      finished++;
    });
    await expect(work).rejects.toThrow("no");
    expect(started).toBe(3);
    expect(finished).toBe(2);
  });
});

describe("sendAll", () => {
  it("gives up on a store that never takes anything, after a bounded number of requests", async () => {
    vi.useFakeTimers();
    let requests = 0;
    const sending = sendAll([1, 2], async (items) => {
      requests++;
      return items;
    });
    const outcome = expect(sending).rejects.toThrow(StoreUnavailableError);
    await vi.runAllTimersAsync();
    await outcome;
    expect(requests).toBe(8);
  });

  it("goes on as long as a little is taken each time", async () => {
    vi.useFakeTimers();
    const sending = sendAll([...Array(30).keys()], async (items) => items.slice(1));
    await vi.runAllTimersAsync();
    await expect(sending).resolves.toBeUndefined();
  });
});
