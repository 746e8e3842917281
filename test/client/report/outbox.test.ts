import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ReportDraft, type ReportJson, RequestError } from "../../../client/api/api.ts";
import { HOLD_MS, OLD_MS } from "../../../client/report/entry-state.ts";
import { createOutbox, MAX_ENTRIES, type OutboxEvent } from "../../../client/report/outbox.ts";
import { createEntryStorage } from "../../../client/report/outbox-entry.ts";

const DRAFT: ReportDraft = { layer: "infrastructure", category: "pothole", severity: 3, lat: 37.76, lon: -122.42 };
const stored = (draft: ReportDraft, id: string): ReportJson => ({ ...draft, id, created_at: new Date().toISOString() });

/** What the browser keeps, and what the server is asked and answers; both outlive the page. */
function createWorld() {
  const web = createWebStorage();
  const world = {
    web,
    asked: [] as { draft: ReportDraft; key: string }[],
    isOnline: true,
    /** Thrown instead of the next answers. */
    failures: [] as Error[],
    locked: false,
    answerAfterMs: 0,
    open() {
      const events: OutboxEvent[] = [];
      let isClosed = false;
      const outbox = createOutbox({
        storage: createEntryStorage(web),
        async post(draft, key) {
          world.asked.push({ draft, key });
          if (world.answerAfterMs > 0) await new Promise((answer) => setTimeout(answer, world.answerAfterMs));
          const failure = world.failures.shift();
          if (failure) throw failure;
          return stored(draft, `id of ${key}`);
        },
        async exclusive(work) {
          if (world.locked) return false;
          world.locked = true;
          await work();
          world.locked = false;
          return true;
        },
        isOnline: () => world.isOnline && !isClosed,
      });
      outbox.listen((event) => events.push(event));
      return {
        outbox,
        states: () => outbox.list().map(outbox.stateOf),
        /** Nothing runs any more in a page that was left. */
        close: () => {
          isClosed = true;
        },
        told: (type: string) => events.filter((event) => event.type === type),
      };
    },
  };
  return world;
}

function createWebStorage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (i: number) => [...items.keys()][i] ?? null,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
    clear: () => items.clear(),
  };
}

const networkAway = () => new RequestError("The server cannot be reached.", 0);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("an outbox", () => {
  it("holds a report for undo, then sends it once and forgets it", async () => {
    const world = createWorld();
    const { outbox, states, told } = world.open();
    const entry = outbox.add(DRAFT);
    await pass(HOLD_MS - 1);
    expect(states()).toEqual(["held"]);
    expect(world.asked).toEqual([]);
    await pass(1);
    expect(world.asked).toEqual([{ draft: DRAFT, key: entry?.key }]);
    expect(told("sent")).toMatchObject([{ report: { id: `id of ${entry?.key}` } }]);
    expect(outbox.list()).toEqual([]);
    await pass(OLD_MS);
    expect(world.asked.length).toBe(1);
    expect(world.web.length).toBe(0);
  });

  it("never asks the server for what is taken back", async () => {
    const world = createWorld();
    const { outbox } = world.open();
    const entry = outbox.add(DRAFT);
    await pass(HOLD_MS - 1);
    expect(outbox.discard(entry?.key ?? "")).toBe(true);
    await pass(OLD_MS);
    expect(world.asked).toEqual([]);
    expect(outbox.discard(entry?.key ?? "")).toBe(false);
  });

  it("asks nothing while offline, keeps that a report was never sent, and sends all when the network is back", async () => {
    const world = createWorld();
    world.isOnline = false;
    const { outbox, states, told } = world.open();
    outbox.add(DRAFT);
    outbox.add({ ...DRAFT, category: "flooding" });
    await pass(3_600_000);
    expect(states()).toEqual(["waiting", "waiting"]);
    expect(outbox.list().map(({ attempted }) => attempted)).toEqual([false, false]);
    expect(world.asked).toEqual([]);
    world.isOnline = true;
    outbox.resume();
    await pass(0);
    expect(world.asked.map(({ draft }) => draft.category)).toEqual(["pothole", "flooding"]);
    expect(told("sent").length).toBe(2);
  });

  it("tries again under the same key, ever more rarely, but at once when the network says that it is back", async () => {
    const world = createWorld();
    const { outbox, states } = world.open();
    world.failures = Array.from({ length: 100 }, networkAway);
    outbox.add(DRAFT);
    await pass(HOLD_MS + 60_000);
    const inFirstMinute = world.asked.length;
    expect(inFirstMinute).toBeGreaterThanOrEqual(4);
    expect(inFirstMinute).toBeLessThanOrEqual(7);
    await pass(3_600_000);
    expect(world.asked.length - inFirstMinute).toBeLessThanOrEqual(20);
    expect(states()).toEqual(["waiting"]);
    expect(outbox.isTroubled()).toBe(true);
    world.failures = [];
    outbox.resume();
    await pass(0);
    expect(outbox.list()).toEqual([]);
    expect(outbox.isTroubled()).toBe(false);
    expect(new Set(world.asked.map(({ key }) => key)).size).toBe(1);
  });

  it.each([408, 425, 429, 500, 502, 503])("keeps a report that was answered %i", async (status) => {
    const world = createWorld();
    world.failures = [new RequestError("not now", status)];
    const { outbox, told } = world.open();
    outbox.add(DRAFT);
    await pass(HOLD_MS);
    expect(outbox.list().length).toBe(1);
    await pass(10_000);
    expect(told("sent").length).toBe(1);
  });

  it("waits as long as the server asks for", async () => {
    const world = createWorld();
    world.failures = [new RequestError("too many", 429, new Map(), 60)];
    const { outbox } = world.open();
    outbox.add(DRAFT);
    await pass(HOLD_MS + 59_000);
    expect(world.asked.length).toBe(1);
    await pass(1_000);
    expect(world.asked.length).toBe(2);
  });

  it("takes an answer that is none of the API's, such as a hotel's login page, for no answer", async () => {
    const world = createWorld();
    world.failures = [new SyntaxError("Unexpected token '<'")];
    const { outbox, told } = world.open();
    outbox.add(DRAFT);
    await pass(HOLD_MS);
    expect(outbox.list().length).toBe(1);
    await pass(10_000);
    expect(told("sent").length).toBe(1);
  });

  it("keeps what the server refused with its words, does not send it again, and goes on with the others", async () => {
    const world = createWorld();
    const fields = new Map([["text", "must have no control characters but line ends"]]);
    world.failures = [new RequestError("Not a valid report.", 400, fields)];
    const { outbox, states, told } = world.open();
    outbox.add(DRAFT);
    outbox.add(DRAFT);
    await pass(OLD_MS * 2);
    expect(world.asked.length).toBe(2);
    expect(states()).toEqual(["refused"]);
    expect(told("refused")).toMatchObject([
      { entry: { refusal: { message: "Not a valid report.", fields: Object.fromEntries(fields) } } },
    ]);
  });

  it("lets a report that fails again and again not keep the others back", async () => {
    const world = createWorld();
    world.failures = [networkAway()];
    const { outbox } = world.open();
    const [first, second] = [outbox.add(DRAFT), outbox.add(DRAFT)];
    await pass(HOLD_MS + 5_000);
    expect(world.asked.map(({ key }) => key)).toEqual([first?.key, second?.key, first?.key]);
  });

  it("rests while the server takes its time", async () => {
    const world = createWorld();
    world.answerAfterMs = 10_000;
    const { outbox, told } = world.open();
    outbox.add(DRAFT);
    outbox.add(DRAFT);
    await pass(HOLD_MS);
    outbox.noteChanged();
    const before = told("changed").length;
    await pass(9_000);
    expect(told("changed").length).toBe(before);
    await pass(20_000);
    expect(told("sent").length).toBe(2);
  });

  it("keeps its reports through a reload, also those that were under way, and sends them under their keys", async () => {
    const world = createWorld();
    world.failures = [networkAway()];
    const before = world.open();
    const sent = before.outbox.add(DRAFT);
    await pass(HOLD_MS);
    world.isOnline = false;
    const held = before.outbox.add(DRAFT);
    before.close();
    const { outbox, told } = world.open();
    expect(outbox.list().map(({ key }) => key)).toEqual([sent?.key, held?.key]);
    world.isOnline = true;
    outbox.resume();
    await pass(0);
    expect(world.asked.map(({ key }) => key)).toEqual([sent?.key, sent?.key]);
    await pass(HOLD_MS + 2_000);
    expect(told("sent").length).toBe(2);
    expect(outbox.list()).toEqual([]);
  });

  it("sends what it still holds when the page is left, if there is a network", async () => {
    const world = createWorld();
    const { outbox } = world.open();
    world.isOnline = false;
    outbox.add(DRAFT);
    outbox.release();
    expect(world.asked).toEqual([]);
    world.isOnline = true;
    outbox.release();
    outbox.release();
    expect(world.asked.length).toBe(1);
    await pass(HOLD_MS * 3);
    expect(world.asked.length).toBe(1);
    expect(outbox.list()).toEqual([]);
  });

  it("sends a report of two tabs from one, the one in which it was dropped", async () => {
    const world = createWorld();
    const [own, other] = [world.open(), world.open()];
    own.outbox.add(DRAFT);
    other.outbox.noteChanged();
    await pass(HOLD_MS * 4);
    expect(world.asked.length).toBe(1);
    expect(own.told("sent").length).toBe(1);
  });

  it("does not send while another tab does, and looks again a moment later", async () => {
    const world = createWorld();
    const { outbox } = world.open();
    outbox.add(DRAFT);
    world.locked = true;
    await pass(HOLD_MS + 500);
    expect(world.asked).toEqual([]);
    world.locked = false;
    await pass(1_000);
    expect(world.asked.length).toBe(1);
  });

  it("asks before it sends what is over a day old", async () => {
    const world = createWorld();
    world.isOnline = false;
    const entry = world.open().outbox.add(DRAFT);
    await pass(OLD_MS + 1);
    world.isOnline = true;
    const { outbox, states } = world.open();
    outbox.resume();
    await pass(60_000);
    expect(states()).toEqual(["old"]);
    expect(world.asked).toEqual([]);
    outbox.confirm(entry?.key ?? "");
    await pass(0);
    expect(world.asked.length).toBe(1);
  });

  it("takes no more than its bound", () => {
    const world = createWorld();
    world.isOnline = false;
    const { outbox } = world.open();
    for (let i = 0; i < MAX_ENTRIES; i++) expect(outbox.add(DRAFT)).toBeDefined();
    expect(outbox.add(DRAFT)).toBeUndefined();
    expect(world.web.length).toBe(MAX_ENTRIES);
  });

  it("still sends when the clock was set back", async () => {
    const world = createWorld();
    const { outbox } = world.open();
    outbox.add(DRAFT);
    vi.setSystemTime(Date.now() - 3_600_000);
    outbox.noteChanged();
    await pass(0);
    expect(world.asked.length).toBe(1);
  });
});

describe("the entries' storage", () => {
  it("reads over what is no entry", () => {
    const web = createWebStorage();
    const storage = createEntryStorage(web);
    for (const text of ["", "null", "{}", "[1]", '{"key":"a","draft":{},"droppedAtMs":1}'])
      web.setItem(`stratum-outbox/${text}`, text);
    web.setItem("somebody-else", '{"key":"a"}');
    expect(storage.list()).toEqual([]);
  });

  it("keeps entries for the page where the browser keeps nothing", () => {
    const full = {
      ...createWebStorage(),
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    };
    for (const web of [undefined, full]) {
      const storage = createEntryStorage(web);
      const entry = { key: "a", draft: DRAFT, droppedAtMs: 1, attempted: false };
      storage.put(entry);
      expect(storage.list()).toEqual([entry]);
      storage.remove("a");
      expect(storage.list()).toEqual([]);
    }
  });
});
