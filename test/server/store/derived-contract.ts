import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../../server/ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../../../server/ports/derived-store.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";

/** Where a store keeps its items. */
export interface DerivedBackend {
  /** Two stores that are opened on the same table share their items, but nothing else; the first makes the table. */
  open(table: string, clock: Clock): Promise<DerivedStore>;
  stop(): Promise<void>;
}

const STRONG = { consistent: true } as const;
const NEW = { expected: undefined } as const;
let tables = 0;

const bytes = (...values: number[]) => Uint8Array.from(values);
const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

/** The contract of the port `DerivedStore`, for every adapter. */
export function describeDerivedContract(name: string, start: () => Promise<DerivedBackend>): void {
  describe(name, () => {
    let backend: DerivedBackend;
    let clock: TestClock;
    let store: DerivedStore;
    /** A second process on the same table. */
    let other: DerivedStore;

    beforeAll(async () => {
      backend = await start();
    });
    afterAll(() => backend?.stop());

    beforeEach(async () => {
      clock = createTestClock(Date.now());
      const table = `derived-${++tables}`;
      store = await backend.open(table, clock);
      other = await backend.open(table, clock);
    });

    const versionOf = async (group: string, name: string) => (await store.get(group, name, STRONG))?.version;
    const get = async (group: string, name: string): Promise<DerivedItem> => {
      const item = await store.get(group, name, STRONG);
      if (item === undefined) throw new Error(`no item ${group} / ${name}`);
      return item;
    };

    describe("get and list", () => {
      it("know nothing of what was never put", async () => {
        expect(await store.get("g", "a")).toBeUndefined();
        expect(await store.list("g")).toEqual([]);
      });

      it("return every item as it was put, in the order of names, of its group alone", async () => {
        const text = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 });
        const item = fc.tuple(text, fc.uint8Array({ maxLength: 200 }));
        const groups = fc.uniqueArray(fc.tuple(text, fc.uniqueArray(item, { selector: ([name]) => name })), {
          selector: ([group]) => group,
          maxLength: 3,
        });
        let run = 0;
        await fc.assert(
          fc.asyncProperty(groups, async (content) => {
            const prefix = `run${run++}#`;
            for (const [group, items] of content) {
              for (const [name, body] of items) await store.put(prefix + group, name, body, NEW);
            }
            for (const [group, items] of content) {
              const listed = await other.list(prefix + group, STRONG);
              const sorted = items.toSorted(([a], [b]) => (a < b ? -1 : 1));
              expect(listed.map(({ name }) => name)).toEqual(sorted.map(([name]) => name));
              expect(listed.map(({ body }) => [...body])).toEqual(sorted.map(([, body]) => [...body]));
              for (const found of listed) expect(await other.get(prefix + group, found.name, STRONG)).toEqual(found);
            }
          }),
          { numRuns: 8 },
        );
      });

      it("follow pages of more than 1 MB", async () => {
        for (let i = 0; i < 8; i++) await store.put("g", `item ${i}`, filled(300_000, i), NEW);
        const items = await other.list("g", STRONG);
        expect(items.map(({ name }) => name)).toEqual(Array.from({ length: 8 }, (_, i) => `item ${i}`));
        for (const [i, { body }] of items.entries()) expect([body.length, body[299_999]]).toEqual([300_000, i]);
      });

      it("return what was put, whatever becomes of the caller's array", async () => {
        const body = Buffer.from([1, 2, 3]);
        await store.put("g", "a", body.subarray(1), NEW);
        body.fill(9);
        expect([...(await get("g", "a")).body]).toEqual([2, 3]);
      });
    });

    describe("put", () => {
      it("writes an item anew only for whoever names its version", async () => {
        expect(await store.put("g", "a", bytes(1), NEW)).toBe(true);
        expect(await other.put("g", "a", bytes(2), NEW)).toBe(false);
        const first = await versionOf("g", "a");
        expect(await other.put("g", "a", bytes(3), { expected: first })).toBe(true);
        expect(await store.put("g", "a", bytes(4), { expected: first })).toBe(false);
        expect(await store.put("g", "b", bytes(4), { expected: first })).toBe(false);
        expect((await store.list("g", STRONG)).map(({ body }) => [...body])).toEqual([[3]]);
      });

      it("lets one of many writers win", async () => {
        const put = (condition: { expected: number | undefined }) =>
          Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 ? store : other).put("g", "a", bytes(i), condition)));
        for (let round = 0; round < 3; round++) {
          const won = await put({ expected: await versionOf("g", "a") });
          expect(won.filter(Boolean)).toHaveLength(1);
          expect([...(await get("g", "a")).body]).toEqual([won.indexOf(true)]);
        }
      });

      it("counts up without losing a step when many read, add and write", async () => {
        await store.put("g", "count", bytes(0), NEW);
        const add = async (mine: DerivedStore) => {
          for (;;) {
            const item = await get("g", "count");
            if (await mine.put("g", "count", bytes((item.body[0] ?? 0) + 1), { expected: item.version })) return;
          }
        };
        await Promise.all([store, other, store, other, store].map(add));
        expect([...(await get("g", "count")).body]).toEqual([5]);
      });

      it("does not take an item for the one that was there before it was removed", async () => {
        const versions = new Set<number | undefined>();
        for (let i = 0; i < 5; i++) {
          await store.put("g", "a", bytes(1), NEW);
          const item = await get("g", "a");
          versions.add(item.version);
          await store.remove("g", [item]);
        }
        expect(versions.size).toBe(5);
        await store.put("g", "a", bytes(2), NEW);
        for (const expected of versions) expect(await other.put("g", "a", bytes(3), { expected })).toBe(false);
        expect(await other.put("g", "new", bytes(3), { expected: [...versions][0] })).toBe(false);
      });

      it("refuses what DynamoDB would, naming the item, and takes what just fits", async () => {
        const largest = 400 * 1024 - 200;
        expect(await store.put("group", "fits", filled(largest, 1), NEW)).toBe(true);
        expect((await store.get("group", "fits", STRONG))?.body.length).toBe(largest);
        const tooLarge = store.put("group", "large", filled(400 * 1024, 1), NEW);
        await expect(tooLarge).rejects.toThrow(RangeError);
        await expect(tooLarge).rejects.toThrow(/"group" \/ "large"/);
        await expect(store.put("group", "", bytes(1), NEW)).rejects.toThrow(RangeError);
        expect(await store.list("group", STRONG)).toHaveLength(1);
      });
    });

    describe("expiry", () => {
      it("hides an item within a second of its time, and its name is free then", async () => {
        await store.put("g", "a", bytes(1), { ...NEW, expiresAtMs: clock.now() + 5000 });
        await store.put("g", "b", bytes(2), NEW);
        clock.advance(4999);
        expect(await other.list("g", STRONG)).toHaveLength(2);
        expect(await other.put("g", "a", bytes(3), NEW)).toBe(false);
        clock.advance(1001);
        expect((await other.list("g", STRONG)).map(({ name }) => name)).toEqual(["b"]);
        expect(await other.get("g", "a", STRONG)).toBeUndefined();
        expect(await other.put("g", "a", bytes(4), NEW)).toBe(true);
        clock.advance(100_000_000);
        expect([...(await get("g", "a")).body]).toEqual([4]);
      });

      it("is what the last write says", async () => {
        await store.put("g", "a", bytes(1), { ...NEW, expiresAtMs: clock.now() + 5000 });
        await store.put("g", "a", bytes(2), { expected: await versionOf("g", "a"), expiresAtMs: clock.now() + 60_000 });
        clock.advance(30_000);
        expect((await other.get("g", "a", STRONG))?.body).toEqual(bytes(2));
      });
    });

    describe("list of a range of names", () => {
      it("returns the items from one name up to another, both with it, page by page too", async () => {
        const names = ["!", "#", "0a", "0b", "1", "~", "~0a"];
        for (const name of names) await store.put("g", name, filled(300_000, name.length), NEW);
        const namesOf = async (range: { from?: string; to?: string }) =>
          (await other.list("g", { ...STRONG, ...range })).map(({ name }) => name);
        expect(await namesOf({ to: "~" })).toEqual(names.slice(0, 6));
        expect(await namesOf({ from: "0" })).toEqual(names.slice(2));
        expect(await namesOf({ from: "0b", to: "0b" })).toEqual(["0b"]);
        expect(await namesOf({ from: "#", to: "0z" })).toEqual(["#", "0a", "0b"]);
        expect(await namesOf({ from: "2", to: "9" })).toEqual([]);
      });
    });

    describe("list of so many", () => {
      it("returns the first or the last names, of those that are kept", async () => {
        const names = ["a", "b", "c", "d", "e", "f"];
        for (const name of names) {
          const expiry = ["b", "e"].includes(name) ? { expiresAtMs: clock.now() + 60_000 } : {};
          await store.put("g", name, filled(300_000, 1), { ...NEW, ...expiry });
        }
        const namesOf = async (options: Parameters<DerivedStore["list"]>[1]) =>
          (await other.list("g", { ...STRONG, ...options })).map(({ name }) => name);
        expect(await namesOf({ limit: 2 })).toEqual(["a", "b"]);
        expect(await namesOf({ limit: 2, descending: true })).toEqual(["f", "e"]);
        expect(await namesOf({ descending: true })).toEqual(names.toReversed());
        expect(await namesOf({ limit: 0 })).toEqual([]);
        clock.advance(61_000);
        expect(await namesOf({ limit: 2 })).toEqual(["a", "c"]);
        expect(await namesOf({ limit: 2, to: "e", descending: true })).toEqual(["d", "c"]);
        expect(await namesOf({ limit: 9, from: "b" })).toEqual(["c", "d", "f"]);
      });
    });

    describe("remove", () => {
      it("takes away what it names and nothing else, also many and what is gone already", async () => {
        const names = Array.from({ length: 60 }, (_, i) => `item ${String(i).padStart(2, "0")}`);
        await Promise.all(names.map((name) => store.put("g", name, bytes(1), NEW)));
        await store.put("other", "item 00", bytes(1), NEW);
        const items = await store.list("g", STRONG);
        await other.remove("g", items.slice(0, 2));
        await other.remove("g", items.slice(0, 55));
        await other.remove("g", []);
        await other.remove("empty", items.slice(59));
        expect((await store.list("g", STRONG)).map(({ name }) => name)).toEqual(names.slice(55));
        expect(await store.list("other", STRONG)).toHaveLength(1);
      });

      it("leaves what another writer wrote meanwhile", async () => {
        for (const name of ["a", "b", "c"]) await store.put("g", name, bytes(1), NEW);
        const read = await store.list("g", STRONG);
        await other.put("g", "b", bytes(2), { expected: await versionOf("g", "b") });
        await other.remove("g", [await get("g", "c")]);
        await other.put("g", "c", bytes(3), NEW);
        await store.remove("g", read);
        const left = (await other.list("g", STRONG)).map(({ name, body }) => [name, ...body]);
        expect(left).toEqual([
          ["b", 2],
          ["c", 3],
        ]);
      });
    });
  });
}
