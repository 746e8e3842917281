import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it, vi } from "vitest";
import { type Channel, type StreamMessage, shareStream } from "../../../client/live/shared-stream.ts";
import type { WatchedView } from "../../../client/live/watched-view.ts";

/** What a browser's maps have open at the server, and what it says to them. */
function openBrowser(name: string) {
  const streams = new Set<{ address: URL; tell(message: StreamMessage): void }>();
  let opened = 0;
  const closers: (() => void)[] = [];

  function openMap(canReach = true) {
    const heard: string[] = [];
    const channel = canReach ? new BroadcastChannel(name) : undefined;
    const stream = shareStream(
      {
        channel: channel as unknown as Channel | undefined,
        open(address, tell) {
          const one = { address: new URL(address), tell };
          streams.add(one);
          opened++;
          return { close: () => void streams.delete(one) };
        },
      },
      ({ type, data }) => heard.push(type === "change" ? String(data) : type),
    );
    closers.push(() => {
      stream.leave();
      channel?.close();
    });
    return { ...stream, heard };
  }
  let events = 0;
  return {
    openMap,
    opened: () => opened,
    asked: () => [...streams].map(({ address }) => Object.fromEntries(address.searchParams)),
    say(type: StreamMessage["type"], data: unknown = {}) {
      for (const { tell } of streams) tell({ type, data, id: type === "error" ? "" : `${++events}` });
    },
    close() {
      for (const close of closers) close();
    },
  };
}

const view = (west: number, layer: "safety" | "vibe" = "safety"): WatchedView => ({
  ...{ west, east: west + 1, south: 10, north: 11 },
  ...{ layers: [layer], tiles: { zoom: 12, window: "90d" } },
});

let names = 0;
const browsers: ReturnType<typeof openBrowser>[] = [];
function newBrowser() {
  const browser = openBrowser(`test ${++names}`);
  browsers.push(browser);
  return browser;
}
afterEach(() => {
  for (const browser of browsers.splice(0)) browser.close();
});

it("asks for the tiles of a map that is alone", async () => {
  const browser = newBrowser();
  const map = browser.openMap();
  map.watch(view(0), false);
  await vi.waitFor(() =>
    expect(browser.asked()).toEqual([
      { bbox: "0.0000,10.0000,1.0000,11.0000", layers: "safety", window: "90d", zoom: "12" },
    ]),
  );
  browser.say("hello");
  browser.say("tiles");
  expect(map.heard).toEqual(["hello", "tiles"]);
});

it("asks once for what several show, and tells them all", async () => {
  const browser = newBrowser();
  const maps = Array.from({ length: 7 }, () => browser.openMap());
  for (const [i, map] of maps.entries()) map.watch(view(i * 10, i === 3 ? "vibe" : "safety"), false);
  await vi.waitFor(() =>
    expect(browser.asked()).toEqual([{ bbox: "0.0000,10.0000,61.0000,11.0000", layers: "safety,vibe" }]),
  );
  expect(browser.opened()).toBe(1);
  browser.say("hello");
  browser.say("change", "9q8yyk8y");
  for (const { heard } of maps) await vi.waitFor(() => expect(heard).toEqual(["hello", "9q8yyk8y"]));
});

it("goes on with another map's stream where that of the first ends, from what was heard last", async () => {
  const browser = newBrowser();
  const [first, second, third] = [browser.openMap(), browser.openMap(), browser.openMap()];
  for (const map of [first, second, third]) map.watch(view(0), false);
  await vi.waitFor(() => expect(browser.asked()).toHaveLength(1));
  browser.say("hello");
  await vi.waitFor(() => expect(third.heard).toEqual(["hello"]));
  first.leave();
  await vi.waitFor(() => expect(browser.asked()).toMatchObject([{ last_event_id: "1" }]));
  browser.say("hello");
  browser.say("change", "9q8yyk8y");
  await vi.waitFor(() => expect(third.heard.at(-1)).toBe("9q8yyk8y"));
  expect(first.heard).toEqual(["hello"]);
  second.leave();
  // Alone, it is told tiles again.
  await vi.waitFor(() => expect(browser.asked()).toMatchObject([{ zoom: "12", last_event_id: "3" }]));
});

it("greets who comes into what is asked for already, and opens nothing for it", async () => {
  const browser = newBrowser();
  const [first, second, third] = [browser.openMap(), browser.openMap(), browser.openMap()];
  first.watch(view(0), false);
  second.watch(view(20), false);
  await vi.waitFor(() => expect(browser.asked()).toHaveLength(1));
  browser.say("hello");
  third.watch(view(10), false);
  await vi.waitFor(() => expect(third.heard).toEqual(["hello"]));
  expect([browser.opened(), browser.asked().length]).toEqual([1, 1]);
});

it("takes everything for changed when it comes back to another's stream", async () => {
  const browser = newBrowser();
  const [first, second] = [browser.openMap(), browser.openMap()];
  first.watch(view(0), false);
  second.watch(view(0), false);
  await vi.waitFor(() => expect(browser.asked()).toHaveLength(1));
  browser.say("hello");
  await vi.waitFor(() => expect(second.heard).toEqual(["hello"]));
  second.leave();
  await vi.waitFor(() => expect(browser.asked()).toMatchObject([{ zoom: "12" }]));
  second.watch(view(0), false);
  await vi.waitFor(() => expect(browser.asked()[0]).not.toHaveProperty("zoom"));
  browser.say("hello");
  await vi.waitFor(() => expect(second.heard).toEqual(["hello", "hello", "reset"]));
});

it("does without one that says no more, and makes room for it when it does", async () => {
  const browser = newBrowser();
  const [first, second] = [browser.openMap(), browser.openMap()];
  first.watch(view(0), false);
  second.watch(view(20), false);
  await vi.waitFor(() => expect(browser.asked()).toHaveLength(1));
  expect(browser.asked()[0]).not.toHaveProperty("zoom");
  // As if the first page's process hung.
  second.watch(view(20), true);
  expect(browser.asked()).toHaveLength(2);
  await vi.waitFor(() => expect(browser.asked()).toHaveLength(1));
  expect(browser.asked()[0]).not.toHaveProperty("zoom");
  await vi.waitFor(() => expect(second.heard.at(-1)).toBe("hello"));
});

it("has a stream of its own where it can reach nobody", () => {
  const browser = newBrowser();
  for (const west of [0, 10]) browser.openMap(false).watch(view(west), false);
  expect(browser.asked()).toMatchObject([{ zoom: "12" }, { zoom: "12" }]);
});

it("misses nothing when the stream that it came back to ends before it was greeted", async () => {
  const browser = newBrowser();
  const [first, second] = [browser.openMap(), browser.openMap()];
  for (const map of [first, second]) map.watch(view(0), false);
  await vi.waitFor(() => expect(browser.asked()).toHaveLength(1));
  browser.say("hello");
  await vi.waitFor(() => expect(second.heard).toEqual(["hello"]));
  second.leave();
  browser.say("change", "9q8yyk8y");
  await sleep(20);
  second.watch(view(0), false);
  // They know of each other, and it waits for the greeting.
  await sleep(20);
  browser.say("change", "9q8yyk8z");
  await vi.waitFor(() => expect(second.heard.at(-1)).toBe("9q8yyk8z"));
  first.leave();
  // The first change came while it was away.
  await vi.waitFor(() => expect(browser.asked()).toMatchObject([{ zoom: "12", last_event_id: "1" }]));
});
