import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIVE_PER_CLIENT } from "../../server/accounts/limits.ts";
import { silentLog } from "../../server/console/log.ts";
import type { LiveStreams } from "../../server/live/live-streams.ts";
import { type ReportStore, StoreUnavailableError } from "../../server/ports/report-store.ts";
import { createLiveShard, type LiveShard } from "../../server/runtime/worker/live-shard.ts";
import { createShardedLive, type LiveNamespace } from "../../server/runtime/worker/sharded-live.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { seededRandom } from "../kit/random.ts";
import { makeReport } from "../kit/sample-reports.ts";

const WORLD = { bounds: { west: -180, south: -90, east: 180, north: 90 }, layers: ["safety"] } as const;

let store: ReportStore;
let polls: number;
let isAway: boolean;
let named: string[];
let live: LiveStreams;
let maxSubscribers: number;

beforeEach(() => {
  vi.useFakeTimers();
  polls = 0;
  maxSubscribers = 2;
  isAway = false;
  named = [];
  const memory = createMemoryStore({ clock: { now: Date.now } });
  store = {
    ...memory,
    async readChanges(cursor) {
      polls++;
      if (isAway) throw new StoreUnavailableError("away");
      return memory.readChanges(cursor);
    },
  };
  const shards = new Map<unknown, LiveShard>();
  const namespace: LiveNamespace = {
    idFromName: (name) => name,
    get(id) {
      named.push(String(id));
      const made = { store, clock: { now: Date.now }, log: silentLog, maxSubscribers };
      const shard = shards.get(id) ?? createLiveShard(made);
      shards.set(id, shard);
      return { fetch: (url, init) => shard.answer(new Request(url, init)) };
    },
  };
  live = createShardedLive(namespace, 4, silentLog);
});
afterEach(() => void vi.useRealTimers());

async function open(client = "192.0.2.1", lastEventId?: string) {
  const holder = { who: client };
  const stream = await live.open({ interest: WORLD, holder, ...(lastEventId === undefined ? {} : { lastEventId }) });
  const reader = typeof stream === "string" ? undefined : stream.pipeThrough(new TextDecoderStream()).getReader();
  return {
    refused: typeof stream === "string" ? stream : undefined,
    isOpen: reader !== undefined,
    /** The next event. */
    next: async () => (await reader?.read())?.value ?? "",
    cancel: () => reader?.cancel(),
  };
}

const idOf = (text: string) => /^id: (\S+)$/m.exec(text)?.[1] ?? "";

describe("a shard of live streams", () => {
  it("is the same for a client each time, and holds as many streams as it may", async () => {
    const streams = [await open(), await open(), await open()];
    expect(streams.map(({ isOpen }) => isOpen)).toEqual([true, true, false]);
    expect(new Set(named).size).toBe(1);
    for (let i = 0; i < 40; i++) await open(`192.0.2.${i}`);
    expect(new Set(named).size).toBe(4);
  });

  it("lets one client have so many of its streams, and tells that from being full", async () => {
    maxSubscribers = 1_000;
    const mine = await Promise.all(Array.from({ length: LIVE_PER_CLIENT + 1 }, () => open("192.0.2.1")));
    expect(mine.map(({ refused }) => refused).filter((refused) => refused !== undefined)).toEqual(["client"]);
    // Others that the same shard holds.
    const shardOf = named.at(-1);
    const others = Array.from({ length: 40 }, (_, i) => `192.0.2.${i + 2}`);
    for (const other of others) expect((await open(other)).isOpen, other).toBe(true);
    expect(named.slice(-others.length)).toContain(shardOf);
    await mine[0]?.cancel();
    expect((await open("192.0.2.1")).isOpen).toBe(true);
  });

  it("asks the store while somebody listens and a while longer, then not at all, and owns up to what it missed", async () => {
    const first = await open();
    const id = idOf(await first.next());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(polls).toBeGreaterThanOrEqual(10);
    await first.cancel();
    const back = await open("192.0.2.1", id);
    expect(await back.next()).toContain(`id: ${id}`);
    await back.cancel();
    await vi.advanceTimersByTimeAsync(40_000);
    const asked = polls;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(polls).toBe(asked);
    const late = await open("192.0.2.1", id);
    expect((await late.next()) + (await late.next())).toContain("event: reset");
  });

  it("tells what was written while the store did not answer", async () => {
    const stream = await open();
    await stream.next();
    isAway = true;
    const report = makeReport({ lonDeg: 10, latDeg: 50, createdAtMs: Date.now() }, seededRandom(1));
    await store.put(report);
    await vi.advanceTimersByTimeAsync(3_000);
    isAway = false;
    const event = stream.next();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await event).toMatch(/event: change\n.*\ndata: {"layer":"safety","geohash":"\w{8}"/);
  });

  it("says that the store is away when it cannot begin, and begins when it is back", async () => {
    isAway = true;
    await expect(open()).rejects.toThrow(StoreUnavailableError);
    isAway = false;
    expect((await open()).isOpen).toBe(true);
  });
});
