import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { createIsolateTiles, type IsolateTiles } from "../../server/edge/isolate-tiles.ts";
import { createPyramid, type Pyramid } from "../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../server/store/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory.ts";
import { createTestClock } from "../server/app-fixture.ts";

let clock: ReturnType<typeof createTestClock>;
let polls: PromiseWithResolvers<void>[];
let opened: number;
let tiles: IsolateTiles;

beforeEach(() => {
  clock = createTestClock();
  polls = [];
  opened = 0;
  tiles = createIsolateTiles({
    open() {
      opened++;
      const pyramid: Pyramid = {
        ...createPyramid({
          store: createMemoryStore({ clock }),
          derived: createMemoryDerivedStore({ clock }),
          clock,
          log: silentLog,
        }),
        poll() {
          const poll = Promise.withResolvers<void>();
          polls.push(poll);
          return poll.promise;
        },
      };
      return { pyramid, tiles: { read: async () => undefined } };
    },
    clock,
    log: silentLog,
  });
});

/** One request, whose poll succeeds at once when it makes one. Returns whether it did. */
async function request(): Promise<boolean> {
  const before = polls.length;
  const done = tiles.keepUp();
  polls.at(before)?.resolve();
  await done;
  return polls.length > before;
}

describe("keeping up", () => {
  it("polls before the first tile and then once a second at most", async () => {
    expect(await request()).toBe(true);
    expect(await request()).toBe(false);
    clock.nowMs += 1000;
    expect(await request()).toBe(false);
    clock.nowMs += 1;
    expect(await request()).toBe(true);
  });

  it("lets a request go on while another polls, but never with what is older than two seconds", async () => {
    await request();
    clock.nowMs += 1500;
    const first = tiles.keepUp();
    await tiles.keepUp();
    expect(polls).toHaveLength(2);
    clock.nowMs += 501;
    const second = tiles.keepUp();
    expect(polls).toHaveLength(3);
    for (const poll of polls) poll.resolve();
    await Promise.all([first, second]);
  });

  it("serves what it has while the store fails, and asks again after a pause", async () => {
    await request();
    clock.nowMs += 3000;
    const failing = tiles.keepUp();
    polls.at(-1)?.reject(new Error("away"));
    await failing;
    expect(await request()).toBe(false);
    clock.nowMs += 5001;
    expect(await request()).toBe(true);
  });

  it("starts anew after a long sleep", async () => {
    await request();
    clock.nowMs += 9 * 60_000;
    await request();
    expect(opened).toBe(1);
    clock.nowMs += 11 * 60_000;
    await request();
    expect(opened).toBe(2);
  });

  it("reads once for fifty requests that find the isolate cold", async () => {
    const all = Promise.all(Array.from({ length: 50 }, () => tiles.keepUp()));
    await settle(100);
    expect(polls).toHaveLength(1);
    polls[0]?.resolve();
    await all;
    expect(polls).toHaveLength(1);
  });

  it("goes on without the request whose first reading ended with it, one request at a time", async () => {
    for (let i = 0; i < 20; i++) void tiles.keepUp();
    await settle(400);
    expect(polls).toHaveLength(1);
    await expect.poll(() => polls.length).toBe(2);
    await settle(300);
    expect(polls).toHaveLength(2);
    polls[1]?.resolve();
    await settle(100);
    expect(await request()).toBe(false);
    expect(polls).toHaveLength(2);
  });

  it("asks again after a first reading that failed", async () => {
    const all = Promise.all([tiles.keepUp(), tiles.keepUp()]);
    polls[0]?.reject(new Error("away"));
    await all;
    clock.nowMs += 5001;
    expect(await request()).toBe(true);
  });
});

const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
