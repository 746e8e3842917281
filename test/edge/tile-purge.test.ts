import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { createTilePurge, type TilePurge } from "../../server/runtime/worker/tile-purge.ts";
import { createTestClock } from "../kit/clock.ts";

let clock: ReturnType<typeof createTestClock>;
let sleepers: (() => void)[];
let purges: TilePurge;
let calls: (readonly string[])[];

beforeEach(() => {
  clock = createTestClock();
  sleepers = [];
  calls = [];
  const sleep = () => new Promise<void>((resolve) => sleepers.push(resolve));
  purges = createTilePurge({ clock, log: silentLog, sleep });
});

const accept = async (tags: readonly string[]) => calls.push(tags) > 0;

/** One request that wrote a report. */
function write(tag: string, purge: (tags: readonly string[]) => Promise<boolean> = accept): Promise<void> {
  purges.note(tag);
  return purges.send(purge);
}

/** Lets everything happen that needs no time. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets two seconds pass. */
async function wake(): Promise<void> {
  await settle();
  clock.nowMs += 2100;
  for (const resolve of sleepers.splice(0)) resolve();
  await settle();
}

describe("purging after a write", () => {
  it("purges at once, and once more when every isolate knows", async () => {
    const sent = write("safety/9q8yyk");
    await settle();
    expect(calls).toEqual([["safety/9q8yyk"]]);
    await wake();
    await sent;
    expect(calls).toEqual([["safety/9q8yyk"], ["safety/9q8yyk"]]);
  });

  it("takes writes of the same moment together the second time", async () => {
    const sent = ["a", "b", "a"].map((tag) => write(tag));
    await wake();
    await Promise.all(sent);
    expect(calls.slice(3)).toEqual([["a", "b"]]);
  });

  it("keeps within what the platform takes, a hundred tags a purge, and loses none that fits", async () => {
    const sent = Array.from({ length: 150 }, (_, i) => write(`safety/${i}`));
    await settle();
    expect(calls).toHaveLength(20);
    clock.nowMs += 60_000;
    await wake();
    await Promise.all(sent);
    expect(calls.length).toBeLessThanOrEqual(25);
    for (const tags of calls) expect(tags.length).toBeLessThanOrEqual(100);
    expect(calls[20]).toHaveLength(100);
  });

  it("pauses after a refusal, and a failure is no rejection", async () => {
    const sent = [write("a", async () => false), write("b")];
    await settle();
    expect(calls).toEqual([["b"]]);
    const failing = write("c", () => Promise.reject(new Error("away")));
    await wake();
    await Promise.all([...sent, failing]);
    const results = purges.samples().map(({ labels, value }) => [labels?.result, value]);
    expect(Object.fromEntries(results).refused).toBeGreaterThanOrEqual(1);
  });
});
