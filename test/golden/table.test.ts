import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ReportStore } from "../../server/ports/report-store.ts";
import { createDynamoDerivedStore } from "../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../server/store/dynamo/dynamo.ts";
import { createFeedShards } from "../../server/store/dynamo/feed-shards.ts";
import { createRequests } from "../../server/store/dynamo/requests.ts";
import { feedBucket, feedPartition, feedShardsSortKey, type Key } from "../../server/store/keys.ts";
import type { Report } from "../../tiles/report.ts";
import { createTestClock } from "../kit/clock.ts";
import { createDynamoModel } from "../kit/dynamo/dynamo-model.ts";
import { intercept } from "../kit/intercept.ts";
import { idsOf } from "../kit/make-report.ts";
import { itKeeps, withVersion } from "./golden.ts";
import { NOW_MS, sampleReport } from "./sample.ts";

/** Items of the table with all their attributes, as the store writes them, and what a program reads of them that has nothing else. */

type Item = Key & Readonly<Record<string, unknown>>;

const TABLE = "golden";
const CELL = { layer: "infrastructure", geohash5: "9v6kp" } as const;
const DAY_MS = 86_400_000;

/** A table in memory, a store over it, and what it holds. */
async function openTable(items: readonly Item[] = [], nowMs = NOW_MS) {
  const clock = createTestClock(nowMs);
  const model = createDynamoModel();
  const held = new Map<string, Item>();
  const note = (item: Item) => held.set(`${item.pk} ${item.sk}`, item);
  const { client } = model;
  intercept(client, async ({ input, send }) => {
    const answer = await send();
    const { Item, RequestItems = {} } = input as {
      Item?: Item;
      RequestItems?: Record<string, { PutRequest?: { Item: Item } }[]>;
    };
    if (Item !== undefined) note(Item);
    for (const { PutRequest } of Object.values(RequestItems).flat()) if (PutRequest) note(PutRequest.Item);
    return answer;
  });
  for (const Item of items) await client.send("PutItem", { TableName: TABLE, Item: { ...Item } });
  const on = { client, table: TABLE, clock };
  return {
    clock,
    on,
    store: createDynamoStore(on),
    derived: createDynamoDerivedStore(on),
    /** Items of partitions that begin so. */
    items: (...prefixes: string[]) =>
      [...held.values()]
        .filter(({ pk }) => prefixes.some((prefix) => pk.startsWith(prefix)))
        .sort((a, b) => (`${a.pk} ${a.sk}` < `${b.pk} ${b.sk}` ? -1 : 1)),
  };
}

type Table = Awaited<ReturnType<typeof openTable>>;

const austin = (ageMs: number, more: Partial<Parameters<typeof sampleReport>[0]> = {}): Report =>
  sampleReport({
    layer: "infrastructure",
    lonDeg: -97.742123,
    latDeg: 30.271456,
    createdAtMs: NOW_MS - ageMs,
    category: "pothole",
    ...more,
  });

const [PLAIN, REPLACED, HIDDEN, RESTORED, REMOVED] = [1, 2, 3, 4, 5].map((n) =>
  austin(n * DAY_MS, { tail: `0000000${n}`, text: `Nr. ${n} 🚲` }),
) as [Report, Report, Report, Report, Report];
const SHORT_LIVED = { ...austin(6 * DAY_MS), expiresAtMs: NOW_MS + 12_345 };
/** In the last shard that there may be. */
const SHARDED = austin(7 * DAY_MS, { shard: 15 });
const STORED = [PLAIN, REPLACED, HIDDEN, RESTORED, REMOVED, SHORT_LIVED, SHARDED];

beforeAll(() => {
  // What tells processes and versions apart is drawn at random.
  vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    (array as Uint32Array).set([0x01234567, 0x89abcdef]);
    return array;
  });
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterAll(() => vi.restoreAllMocks());

async function withReports(): Promise<Table> {
  const table = await openTable();
  const { store } = table;
  await store.putMany(STORED);
  const report = { ...REPLACED, category: "flooding", severity: 5, text: "deeper" };
  await store.edit(REPLACED.id, { kind: "replace", report });
  await store.edit(HIDDEN.id, { kind: "hide" });
  await store.edit(RESTORED.id, { kind: "hide" });
  await store.edit(RESTORED.id, { kind: "restore" });
  await store.edit(REMOVED.id, { kind: "remove" });
  return table;
}

/** Appended reports, of which the first is confirmed by an intent, and others alone; and one from long ago. */
async function withFeed(): Promise<Table> {
  const table = await openTable();
  const { store, clock } = table;
  await store.append(austin(0, { text: "zwei Löcher" }));
  await store.confirm({ isLast: true });
  clock.nowMs += 50;
  await store.append(austin(-50, { layer: "safety", lonDeg: 179.9999, latDeg: -85.06, tail: "0000000b" }));
  clock.nowMs += 10;
  await store.put(austin(-60, { layer: "vibe", tail: "0000000c" }));
  await store.put(austin(3 * DAY_MS, { tail: "0000000d" }));
  clock.nowMs += 10;
  await store.put(austin(-70, { layer: "opportunity", tail: "0000000f" }));
  clock.nowMs += 300;
  await store.confirm();
  return table;
}

const readAll = async (store: ReportStore) => {
  const { reports, edited } = await store.readCell(CELL);
  return { reports, edited, newest: idsOf(await store.readNewest(CELL, 3)), some: await store.getMany(idsOf(STORED)) };
};

describe("items of the table", () => {
  itKeeps("table-reports", [
    {
      sample: "rows, edited ones, and a shard",
      write: async () => (await withReports()).items(CELL.layer),
      read: async (items) => readAll((await openTable(items)).store),
    },
    {
      sample: "an edited one of a program that knew no versions",
      write: async () => {
        const [row] = (await withReports()).items(CELL.layer) as [Item];
        return [row, { pk: row.pk, sk: `S!${row.sk.slice(2)}`, expires_at: row.expires_at }];
      },
      read: async (items) => readAll((await openTable(items)).store),
    },
  ]);

  itKeeps("table-feed", [
    {
      sample: "intents and confirmations",
      write: async () => (await withFeed()).items("feed#"),
      read: async (items) => {
        const table = await openTable(items, NOW_MS + 2000);
        const { changes } = await table.store.readChanges(String(NOW_MS - 60_000));
        return {
          changes,
          stored: table.items("infrastructure", "opportunity", "safety", "vibe").map(({ pk, sk }) => `${pk} ${sk}`),
        };
      },
    },
    {
      sample: "an intent that nobody has confirmed, whose row is stored by whoever reads it",
      write: async () => (await withFeed()).items("feed#").slice(0, 1),
      read: async (items) => {
        const table = await openTable(items, NOW_MS + 2000);
        const { changes } = await table.store.readChanges(String(NOW_MS - 60_000));
        return { changes, reports: (await table.store.readCell(CELL)).reports };
      },
    },
    {
      sample: "the cursor of a moment",
      write: async () => (await (await openTable()).store.readChanges()).cursor,
      read: async (cursor) => {
        const table = await openTable((await withFeed()).items("feed#"), NOW_MS + 2000);
        const { changes, cursor: next } = await table.store.readChanges(cursor);
        return { next, cells: changes.map(({ layer, geohash5 }) => `${layer} ${geohash5}`) };
      },
    },
    {
      sample: "how many shards it has",
      write: async () => {
        const table = await openTable();
        const shards = createFeedShards({ clock: table.clock, requests: createRequests(table.on) });
        shards.throttled();
        await shards.place(table.clock.now());
        return table.items("feed#");
      },
      read: async (items) => {
        // One more, in the last partition.
        const [first] = (await withFeed()).items("feed#") as [Item];
        const table = await openTable([...items, { ...first, pk: `${first.pk}#1` }], NOW_MS + 2000);
        return (await table.store.readChanges(String(NOW_MS - 60_000))).changes;
      },
    },
    {
      sample: "an intent in the last shard that there may be",
      write: async () => {
        const [first] = (await withFeed()).items("feed#") as [Item];
        const partition = (shard: number) => ({ pk: feedPartition(feedBucket(NOW_MS), shard) });
        return [
          { ...first, ...partition(0), sk: feedShardsSortKey(512) },
          { ...first, ...partition(511) },
        ];
      },
      read: async (items) => (await (await openTable(items, NOW_MS + 2000)).store.readChanges(String(NOW_MS))).changes,
    },
  ]);

  itKeeps("table-claims", [
    {
      sample: "an idempotency key",
      write: async () => {
        const table = await openTable();
        await table.store.claimKey("ab".repeat(32), { fingerprint: "cd".repeat(32), reportId: PLAIN.id });
        return table.items("idem#");
      },
      read: async (items) => {
        const other = { fingerprint: "other", reportId: SHARDED.id };
        const at = async (nowMs: number) => (await openTable(items, nowMs)).store.claimKey("ab".repeat(32), other);
        return { held: await at(NOW_MS + DAY_MS - 1), later: await at(NOW_MS + DAY_MS) };
      },
    },
    {
      sample: "a value",
      write: async () => {
        const table = await openTable();
        await table.store.remember("import#key", "1780315200001", { untilMs: NOW_MS + 5001 });
        return table.items("memo#");
      },
      read: async (items) => {
        const at = async (nowMs: number) =>
          (await openTable(items, nowMs)).store.remember("import#key", "other", { untilMs: nowMs + 1 });
        return { held: await at(NOW_MS + 5000), later: await at(NOW_MS + 5001) };
      },
    },
    {
      sample: "flags",
      write: async () => {
        const table = await openTable();
        await table.store.flag(PLAIN.id, { flagger: "0123456789abcdef", untilMs: NOW_MS + 5001, reason: "spam" });
        await table.store.flag(PLAIN.id, { flagger: "fedcba9876543210", untilMs: NOW_MS + 5001 });
        return table.items("flags#");
      },
      read: async (items) => {
        const { store } = await openTable(items);
        const flag = async (flagger: string) =>
          (await store.flag(PLAIN.id, { flagger, untilMs: NOW_MS + 5001 })).length;
        return [await flag("0123456789abcdef"), await flag("another")];
      },
    },
  ]);

  itKeeps("table-derived", [
    {
      sample: "items that expire and do not",
      write: async () => {
        const { derived, items } = await openTable();
        await derived.put("slices/safety/9v6", "9v6k", Uint8Array.of(1, 2, 255), {
          expected: undefined,
          expiresAtMs: NOW_MS + 5001,
        });
        await derived.put("slices/safety/9v6", "9v6m", Uint8Array.of(), { expected: undefined });
        return items("derived#");
      },
      read: async (items) => {
        const at = async (nowMs: number) => (await openTable(items, nowMs)).derived.list("slices/safety/9v6");
        return { now: await at(NOW_MS), later: await at(NOW_MS + 10_000) };
      },
    },
  ]);
});

describe("items of the change feed that a later program wrote", () => {
  const poll = async (items: readonly Item[]) => {
    const table = await openTable(items, NOW_MS + 2000);
    const { changes } = await table.store.readChanges(String(NOW_MS - 60_000));
    return changes.map(
      ({ layer, geohash5, rows }) => `${layer} ${geohash5} ${rows === undefined ? "is read" : "is told"}`,
    );
  };
  const withBodies = (items: readonly Item[], change: (body: Uint8Array) => Uint8Array) =>
    items.map((item) => ({
      ...item,
      ...(item.report instanceof Uint8Array && { report: change(item.report) }),
      ...(item.confirmed instanceof Uint8Array && { confirmed: change(item.confirmed) }),
    }));
  const next = (body: Uint8Array) => withVersion(body, (body[1] ?? 0) + 1);
  const CELLS = ["infrastructure 9v6kp", "opportunity 9v6kp", "safety pbzup", "vibe 9v6kp"];

  it("are read as cells where their reports and confirmations are of another version, or damaged", async () => {
    const items = (await withFeed()).items("feed#");
    const whole = await poll(items);
    expect(whole.filter((cell) => cell.endsWith("is told")).length).toBeGreaterThan(0);
    expect(whole.map((cell) => cell.split(" ").slice(0, 2).join(" ")).sort()).toEqual(CELLS);
    const read = CELLS.map((cell) => `${cell} is read`);
    for (const change of [next, (body: Uint8Array) => body.subarray(1), () => new Uint8Array()]) {
      expect((await poll(withBodies(items, change))).sort()).toEqual(read);
    }
  });

  it("are left alone where their keys are of another layout, and nothing else is missed", async () => {
    const items = (await withFeed()).items("feed#");
    const [first] = items as [Item];
    const whole = await poll(items);
    const time = first.sk.slice(0, 10);
    const foreign = [
      `${time}#v2#9v6kp#n.1`,
      `${time}#4v9v6kp#n.1`,
      `${time}#09v6ka#n.1`,
      `${time}#79v6kp#n.1`,
      `${time}#n.1`,
      "aaaaaaaaaa#09v6kp#n.1",
      "~",
      "~many",
      "~v2#8",
      "~1e3",
    ].map((sk) => ({ ...first, sk }));
    expect(await poll([...items, ...foreign])).toEqual(whole);
    const table = await openTable([...items, ...foreign], NOW_MS + 2000);
    await table.store.readChanges(String(NOW_MS - 60_000));
    await table.store.append(austin(-2000));
    const written = table.items("feed#").filter(({ pk, sk }) => pk === first.pk && sk > `${time.slice(0, 9)}~`);
    expect(written.length).toBeGreaterThan(0);
  });
});
