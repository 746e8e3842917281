import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLiveHub, type LiveHubOptions, type LiveInterest } from "../../../server/live/hub.ts";
import type { LiveEvent, LiveSubscription } from "../../../server/live/subscription.ts";
import type { TileWatch } from "../../../server/live/tile-watch.ts";
import type { TellTile } from "../../../server/live/watched-tiles.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";

const WORLD: LiveInterest = { bounds: { west: -180, south: -90, east: 180, north: 90 }, layers: REPORT_LAYERS };
const SAN_FRANCISCO = { west: -122.6, south: 37.6, east: -122.3, north: 37.9 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const open = (options: Partial<LiveHubOptions> = {}) => createLiveHub({ clock: { now: Date.now }, ...options });

function subscribe(hub: ReturnType<typeof open>, interest: Partial<LiveInterest> = {}, lastEventId?: string) {
  const subscription = hub.subscribe({ ...WORLD, ...interest }, lastEventId);
  if (subscription === undefined) throw new Error("refused");
  return subscription;
}

/** What waits or comes within a second, in short: cells, or "reset". */
async function told(subscription: LiveSubscription): Promise<string[]> {
  const events = await taken(subscription);
  return events.map((event) =>
    event.type === "change" ? `${event.change.layer}/${event.change.geohash}` : event.type,
  );
}

async function taken(subscription: LiveSubscription): Promise<readonly LiveEvent[]> {
  const next = subscription.next(1000);
  await vi.advanceTimersByTimeAsync(1000);
  return (await next)?.filter(({ type }) => type !== "beat") ?? [];
}

describe("a live hub", () => {
  it("tells a change at once, and of a cell's next ones once in 250 ms", async () => {
    const hub = open();
    const subscription = subscribe(hub);
    hub.publish("safety", "9q8yyk8");
    expect(await subscription.next(0)).toHaveLength(1);
    for (let i = 0; i < 10; i++) hub.publish("safety", "9q8yyk8");
    hub.publish("vibe", "9q8yyk8");
    await vi.advanceTimersByTimeAsync(240);
    const early = subscription.next(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(await early).toEqual([expect.objectContaining({ type: "beat" })]);
    expect(await told(subscription)).toEqual(["safety/9q8yyk8", "vibe/9q8yyk8"]);
  });

  it("tells who wants areas of changes of every layer, and some way beyond the box, where its areas reach", async () => {
    const hub = open();
    const { west, south, east, north } = SAN_FRANCISCO;
    const areas = subscribe(hub, { bounds: SAN_FRANCISCO, layers: ["areas"] });
    const reports = subscribe(hub, { bounds: SAN_FRANCISCO, layers: ["safety"] });
    const places = [
      [west - 0.04, 37.7],
      [east + 0.04, 37.7],
      [-122.5, south - 0.04],
      [-122.5, north + 0.04],
    ] as const;
    const near = places.map(([lon, lat]) => encodeGeohash(lon, lat, 8));
    for (const geohash of near) hub.publish("safety", geohash);
    hub.publish("safety", encodeGeohash(west - 0.06, 37.7, 8));
    await vi.advanceTimersByTimeAsync(300);
    expect(await told(areas)).toEqual(near.map((geohash) => `safety/${geohash}`));
    expect(await told(reports)).toEqual([]);
  });

  it("tells subscribers only of their box and layers", async () => {
    const hub = open();
    const inBox = subscribe(hub, { bounds: SAN_FRANCISCO });
    const vibe = subscribe(hub, { layers: ["vibe"] });
    const acrossAntimeridian = subscribe(hub, { bounds: { west: 175, south: -30, east: -175, north: 0 } });
    hub.publish("safety", "9q8yyk8");
    hub.publish("vibe", "9v6kpm");
    const [west, east] = [encodeGeohash(177, -18, 5), encodeGeohash(-177, -18, 5)];
    hub.publish("safety", west);
    hub.publish("safety", east);
    expect(await told(inBox)).toEqual(["safety/9q8yyk8"]);
    expect(await told(vibe)).toEqual(["vibe/9v6kpm"]);
    expect(await told(acrossAntimeridian)).toEqual([`safety/${west}`, `safety/${east}`]);
  });

  it("takes a cell of any size for one that meets the box, be it around the box", async () => {
    const hub = open();
    const subscription = subscribe(hub, { bounds: { west: -122.42, south: 37.77, east: -122.419, north: 37.771 } });
    hub.publish("safety", "9q8yy");
    expect(await told(subscription)).toEqual(["safety/9q8yy"]);
  });

  it("resumes behind an event id with what was missed, under ids that ascend", async () => {
    const hub = open();
    const first = subscribe(hub);
    hub.publish("safety", "9q8yyk8");
    const [seen] = await taken(first);
    first.close();
    hub.publish("safety", "9v6kpm1");
    await vi.advanceTimersByTimeAsync(1000);
    hub.publish("safety", "dr5rtt1");
    const second = subscribe(hub, {}, seen?.id);
    const events = await taken(second);
    expect(events.map((event) => event.type === "change" && event.change.geohash)).toEqual(["9v6kpm1", "dr5rtt1"]);
    const numbers = [seen, ...events].map((event) => Number(event?.id.split("-")[1]));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(await told(subscribe(hub, {}, events.at(-1)?.id))).toEqual([]);
  });

  it("loses nothing for who goes away before it has read what it missed", async () => {
    const hub = open();
    const { startId, close } = subscribe(hub);
    close();
    hub.publish("safety", "9q8yyk8");
    const hasty = subscribe(hub, {}, startId);
    hasty.close();
    expect(await told(subscribe(hub, {}, hasty.startId))).toEqual(["safety/9q8yyk8"]);
  });

  it("tells nobody who comes later than a minute what came in which order", async () => {
    const hub = open();
    const { startId = "", close } = subscribe(hub);
    close();
    for (const cell of ["9q8yyk1", "9q8yyk2", "9q8yyk3"]) {
      hub.publish("safety", cell);
      await vi.advanceTimersByTimeAsync(1000);
    }
    await vi.advanceTimersByTimeAsync(55_000);
    expect(await told(subscribe(hub, {}, startId))).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(60_000);
    const epoch = startId.split("-")[0];
    for (const from of [0, 1, 2]) expect(await told(subscribe(hub, {}, `${epoch}-${from}`))).toEqual(["reset"]);
    expect(await told(subscribe(hub, {}, `${epoch}-3`))).toEqual([]);
  });

  it("resumes behind a beat without what came before, far beyond the box", async () => {
    const hub = open({ ringSize: 4 });
    const subscription = subscribe(hub, { bounds: SAN_FRANCISCO });
    for (let i = 0; i < 9; i++) hub.publish("safety", `9v6kpm${i}`);
    await vi.advanceTimersByTimeAsync(300);
    const beat = subscription.next(15_000);
    await vi.advanceTimersByTimeAsync(15_000);
    const [event] = (await beat) ?? [];
    expect(event?.type).toBe("beat");
    hub.publish("safety", "9q8yyk8");
    expect(await told(subscribe(hub, {}, event?.id))).toEqual(["safety/9q8yyk8"]);
  });

  it("says reset to ids that it cannot resume from", async () => {
    const hub = open({ ringSize: 2 });
    const { startId = "" } = subscribe(hub);
    for (const cell of ["9q8yyk1", "9q8yyk2", "9q8yyk3", "9q8yyk4", "9q8yyk5"]) hub.publish("safety", cell);
    await vi.advanceTimersByTimeAsync(1000);
    const ofAnotherProcess = subscribe(open()).startId;
    const future = `${startId.split("-")[0]}-999`;
    for (const id of [startId, ofAnotherProcess, future, "", "nonsense", `${startId}\nevent: change`]) {
      expect(await told(subscribe(hub, {}, id)), id).toEqual(["reset"]);
    }
  });

  it("merges what a slow subscriber has not taken, by cell, and then into a reset", async () => {
    const hub = open({ maxPending: 3 });
    const slow = subscribe(hub);
    for (let round = 0; round < 5; round++) {
      for (const cell of ["9q8yyk1", "9q8yyk2", "9q8yyk3"]) hub.publish("safety", cell);
      await vi.advanceTimersByTimeAsync(300);
    }
    expect(await told(slow)).toEqual(["safety/9q8yyk1", "safety/9q8yyk2", "safety/9q8yyk3"]);
    for (let i = 0; i < 50; i++) hub.publish("safety", `9q8yyk${i % 10}`);
    await vi.advanceTimersByTimeAsync(300);
    expect(await told(slow)).toEqual(["reset"]);
    hub.publish("safety", "9q8yyk1");
    expect(await told(slow)).toEqual(["safety/9q8yyk1"]);
  });

  it("drops a subscriber that takes nothing for a minute, and makes room", async () => {
    const hub = open({ maxSubscribers: 1 });
    const gone = subscribe(hub);
    expect(hub.subscribe(WORLD)).toBeUndefined();
    hub.publish("safety", "9q8yyk1");
    await vi.advanceTimersByTimeAsync(61_000);
    hub.publish("safety", "9q8yyk2");
    expect(await gone.next(0)).toBeUndefined();
    expect(hub.subscribe(WORLD)).toBeDefined();
  });

  it("tells tiles to who asked for them, the newest of each, and neither in place of cells nor of a reset", async () => {
    const tell = new Set<TellTile>();
    const changed: string[] = [];
    const tileWatch: TileWatch = {
      watch(_interest, each) {
        tell.add(each);
        return () => tell.delete(each);
      },
      changed: (layer, geohash) => changed.push(`${layer}/${geohash}`),
      close() {},
      samples: () => [],
    };
    const hub = open({ tileWatch, maxPending: 1 });
    const cellsOnly = subscribe(hub);
    const subscription = subscribe(hub, { tiles: { zoom: 13, window: "90d" } });
    expect([cellsOnly.tellsTiles, subscription.tellsTiles, tell.size]).toEqual([undefined, true, 1]);
    hub.publish("safety", "9q8yyk1");
    expect(changed).toEqual(["safety/9q8yyk1"]);
    const tileOf = (x: number) => ({ z: 13, x, y: 3166 });
    for (const each of tell) {
      each({ layer: "safety", tile: tileOf(1310), tag: "a" });
      each({ layer: "vibe", tile: tileOf(1310), tag: "v" });
      each({ layer: "safety", tile: tileOf(1310), tag: "b" });
    }
    expect(await taken(subscription)).toMatchObject([
      { type: "change" },
      { type: "tiles", tiles: [{ layer: "safety", tag: "b" }] },
      { type: "tiles", tiles: [{ layer: "vibe", tag: "v" }] },
    ]);
    for (const each of tell) each({ layer: "safety", tile: tileOf(1311), tag: "c" });
    for (const cell of ["9q8yyk1", "9q8yyk2", "9q8yyk3"]) hub.publish("safety", cell);
    await vi.advanceTimersByTimeAsync(300);
    expect(await told(subscription)).toEqual(["reset", "tiles"]);
    subscription.close();
    expect(tell.size).toBe(0);
  });

  it("says so when tiles cannot be told", () => {
    const tiles = { zoom: 13, window: "90d" } as const;
    const tileWatch = { watch: () => undefined, changed() {}, close() {}, samples: () => [] };
    expect(subscribe(open(), { tiles }).tellsTiles).toBe(false);
    expect(subscribe(open({ tileWatch }), { tiles }).tellsTiles).toBe(false);
  });

  it("ends all subscriptions when it closes, and takes no more", async () => {
    const hub = open();
    const waiting = subscribe(hub).next(60_000);
    hub.close();
    expect(await waiting).toBeUndefined();
    expect(hub.subscribe(WORLD)).toBeUndefined();
    hub.publish("safety", "9q8yyk1");
    expect(vi.getTimerCount()).toBe(0);
  });
});
