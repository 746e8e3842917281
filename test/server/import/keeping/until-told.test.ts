import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { untilTold } from "../../../../server/import/keeping/until-told.ts";
import { type LogChange, TOLD_FOR_MS } from "../../../../server/ports/report-store.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const told: LogChange = { layer: "safety", geohash5: "9v6kp", from: "0" };

/** A feed that tells the same to everybody. */
const feed = (changes: LogChange[]) => ({
  readChanges: async (cursor?: string) => ({ changes: cursor === undefined ? [] : changes, cursor: "7" }),
});

it("waits as long as a store tells changes again, and not at all where it does not", async () => {
  await untilTold(feed([]));
  let isOver = false;
  const wait = untilTold(feed([told])).then(() => {
    isOver = true;
  });
  await vi.advanceTimersByTimeAsync(TOLD_FOR_MS - 100);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(100);
  await wait;
});

it("ends when it is told to", async () => {
  const stop = new AbortController();
  const wait = untilTold(feed([told]), stop.signal);
  stop.abort();
  await wait;
});
