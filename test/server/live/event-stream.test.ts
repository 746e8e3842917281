import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { eventStream } from "../../../server/live/event-stream.ts";
import { createLiveHub } from "../../../server/live/hub.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const hub = createLiveHub({ clock: { now: Date.now } });
  const bounds = { west: -180, south: -90, east: 180, north: 90 };
  const subscription = hub.subscribe({ bounds, layers: REPORT_LAYERS });
  if (subscription === undefined) throw new Error("refused");
  const reader = eventStream(subscription).getReader();
  const read = async (waitMs = 0): Promise<string> => {
    const chunk = reader.read();
    await vi.advanceTimersByTimeAsync(waitMs);
    return new TextDecoder().decode((await chunk).value);
  };
  return { hub, reader, read };
}

it("beats every 15 s while nothing happens", async () => {
  const { read } = open();
  expect(await read()).toContain("event: hello");
  for (let beat = 0; beat < 3; beat++) expect(await read(15_000)).toMatch(/^:\nevent: beat\nid: \w+-0\n/);
});

it("does not gather changes for a connection that is full, but sends the newest of each cell when it drains", async () => {
  const { hub, read } = open();
  await read();
  const published = 200;
  for (let i = 0; i < published; i++) {
    hub.publish("safety", `9q8yyk${i % 2}`);
    await vi.advanceTimersByTimeAsync(250);
  }
  let text = "";
  while (!text.includes(`-${published}\n`)) text += await read(250);
  // What was under way when the connection filled up, and then one change a cell.
  expect(text.split("event: change").length - 1).toBeLessThanOrEqual(6);
});

it("ends with its subscription, and ends that when it is cancelled", async () => {
  const { hub, reader, read } = open();
  await read();
  const end = reader.read();
  hub.close();
  expect((await end).done).toBe(true);
  const other = open();
  await other.reader.cancel();
  expect(other.hub.samples()[0]).toMatchObject({ value: 0 });
});
