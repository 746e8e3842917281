import { ProvisionedThroughputExceededException } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type ReportStore, StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import type { ConsumedUnits } from "../../../server/store/dynamo/requests.ts";
import type { DocumentClient } from "../../../server/store/dynamo/wire/document-client.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { type Intercepted, intercept } from "../../kit/intercept.ts";
import { BROOKLYN, cellsOf, DAY_MS, idsOf, makeReport, makeReports } from "../../kit/make-report.ts";

const CELL = { layer: "safety", geohash5: "9v6kp" } as const;
/** Nothing listens on the discard port. */
const NOWHERE = "http://127.0.0.1:9";

let server: Awaited<ReturnType<typeof startDynalite>>;
let clock: TestClock;
let client: DocumentClient;
let store: ReportStore;
let consumed: ConsumedUnits[];
let table: string;
let tables = 0;

beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());

beforeEach(async () => {
  clock = createTestClock(Date.now());
  table = `faults-${++tables}`;
  client = connect();
  consumed = [];
  store = createDynamoStore({ client, table, clock, onConsumed: (units) => consumed.push(units) });
  await store.migrate();
});
afterEach(() => store.close());

const connect = (endpoint = server.endpoint) => createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS });

/** All items whose partition key begins so. */
async function itemsOf(prefix: string) {
  const { Items = [] } = await client.send("Scan", { TableName: table });
  return Items.filter(({ pk }) => String(pk).startsWith(prefix));
}

const total = (key: keyof ConsumedUnits) => consumed.reduce((sum, units) => sum + units[key], 0);

/** Fails the first `times` requests of a command, or all of them. */
function failing(operation: string, error: Error, times = Number.POSITIVE_INFINITY) {
  let left = times;
  intercept(client, async (request) => {
    if (request.operation === operation && left-- > 0) throw error;
    return request.send();
  });
}

describe("batches that come back in part", () => {
  /** Processes only the first half of a batch, as a throttled DynamoDB does, on every other request. */
  function halve(operation: string, requests: string, unprocessed: string, list: (entry: unknown) => unknown[]) {
    let count = 0;
    intercept(client, async (request: Intercepted) => {
      if (request.operation !== operation || count++ % 2 === 1) return request.send();
      const entry = (request.input[requests] as Record<string, unknown>)[table];
      const items = list(entry);
      const half = Math.floor(items.length / 2);
      const wrap = (part: unknown[]) => ({
        [table]: Array.isArray(entry) ? part : { ...(entry as object), Keys: part },
      });
      const input = { ...request.input, [requests]: wrap(items.slice(0, half)) };
      const output = half === 0 ? {} : await request.send(input);
      return { ...output, [unprocessed]: wrap(items.slice(half)) };
    });
    return () => count;
  }

  it("writes every item of a batch in the end", async () => {
    const requests = halve("BatchWriteItem", "RequestItems", "UnprocessedItems", (entry) => entry as unknown[]);
    const reports = makeReports(60, clock.now());
    expect(await store.putMany(reports)).toEqual({ written: 60, existing: 0 });
    expect((await store.readCell(CELL)).reports).toEqual(reports);
    expect(requests()).toBeGreaterThan(4);
  });

  it("asks for every key of a batch in the end", async () => {
    const reports = makeReports(150, clock.now());
    await store.putMany(reports.slice(0, 75));
    halve("BatchGetItem", "RequestItems", "UnprocessedKeys", (entry) => (entry as { Keys: unknown[] }).Keys);
    expect(await store.putMany(reports)).toEqual({ written: 75, existing: 75 });
  });
});

describe("a store that is away", () => {
  const calls: [string, (store: ReportStore) => Promise<unknown>][] = [
    ["put", (store) => store.put(makeReport({ createdAtMs: clock.now() }))],
    ["putMany", (store) => store.putMany(makeReports(2, clock.now()))],
    ["get", (store) => store.get(makeReport({ createdAtMs: clock.now() }).id)],
    ["readCell", (store) => store.readCell(CELL)],
    ["readNewest", (store) => store.readNewest(CELL, 3)],
    ["append", (store) => store.append(makeReport({ createdAtMs: clock.now() }))],
    ["edit", (store) => store.edit(makeReport({ createdAtMs: clock.now() }).id, { kind: "hide" })],
    ["cells", (store) => cellsOf(store)],
    ["isEmpty", (store) => store.isEmpty()],
    ["readChanges", (store) => store.readChanges(String(clock.now()))],
    ["claimKey", (store) => store.claimKey("key", { fingerprint: "f", reportId: "r" })],
    ["remember", (store) => store.remember("key", "value", { untilMs: clock.now() + 1000 })],
    ["migrate", (store) => store.migrate()],
    ["ping", (store) => store.ping()],
  ];

  it.each(calls)("is told to callers of %s when nothing answers", async (_, call) => {
    const away = createDynamoStore({ client: connect(NOWHERE), table, clock });
    const error = await call(away).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as Error).cause).toBeInstanceOf(Error);
    await away.close();
  });

  it.each([
    [
      "a throttle",
      new ProvisionedThroughputExceededException({ message: "slow down", $metadata: { httpStatusCode: 400 } }),
    ],
    ["a time limit", Object.assign(new Error("timed out"), { name: "TimeoutError", $metadata: {} })],
  ])("is told on %s", async (_, error) => {
    failing("PutItem", error);
    await expect(store.put(makeReport({ createdAtMs: clock.now() }))).rejects.toThrow(StoreUnavailableError);
  });

  it("gives up on a server that accepts and never answers", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const endpoint = `http://127.0.0.1:${port}`;
    const stuck = createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS, requestTimeoutMs: 50 });
    const waiting = createDynamoStore({ client: stuck, table, clock });
    await expect(waiting.ping()).rejects.toThrow(StoreUnavailableError);
    await waiting.close();
    silent.close();
  });

  it("is not confused with a table that nobody made, or with a fault of ours", async () => {
    const unmade = createDynamoStore({ client, table: "unmade", clock });
    await expect(unmade.ping()).rejects.toThrow("DynamoDB has no table unmade");
    failing("PutItem", new TypeError("a fault of ours"));
    await expect(store.put(makeReport({ createdAtMs: clock.now() }))).rejects.toThrow(TypeError);
  });

  it.each([["append"], ["put"]] as const)(
    "has told of what %s stores before it does, wherever it dies",
    async (method) => {
      for (let step = 0; step < 5; step++) {
        clock.advance(60_000);
        const reader = createDynamoStore({ client: connect(), table, clock });
        const { cursor } = await reader.readChanges();
        const mortal = connect();
        let requests = 0;
        intercept(mortal, async (request) => {
          if (requests++ >= step) throw Object.assign(new Error("died"), { $metadata: {} });
          return request.send();
        });
        const dying = createDynamoStore({ client: mortal, table, clock });
        const report = makeReport({ createdAtMs: clock.now(), lonDeg: 30 + step, text: "hear me" });
        const died = await dying[method](report).then(
          () => false,
          () => true,
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
        clock.advance(1600);
        const { changes } = await reader.readChanges(cursor);
        const cell = { layer: "safety", geohash5: report.id.slice(10, 15) } as const;
        const { reports } = await reader.readCell(cell);
        // What is acknowledged is there for all, and what is there they were told of.
        expect(reports).toEqual(died && reports.length === 0 ? [] : [report]);
        if (reports.length > 0) expect(changes).toMatchObject([cell]);
        expect(await reader.get(report.id)).toEqual(reports[0]);
        await reader.close();
        await dying.close();
      }
    },
  );

  it("finds after any sleep what was appended by a process that died before it stored the row", async () => {
    for (const sleepMs of [30_000, 3_600_000, 3 * DAY_MS]) {
      const { cursor } = await store.readChanges();
      clock.advance(10_000);
      const mortal = connect();
      let requests = 0;
      intercept(mortal, async (request) => {
        if (requests++ >= 1) throw Object.assign(new Error("died"), { $metadata: {} });
        return request.send();
      });
      const dying = createDynamoStore({ client: mortal, table, clock });
      const report = makeReport({ createdAtMs: clock.now() });
      await dying.append(report);
      expect(await dying.get(report.id).catch(() => "died")).toBe("died");
      clock.advance(sleepMs);
      const reader = createDynamoStore({ client: connect(), table, clock });
      expect(await reader.getMany([report.id])).toEqual([]);
      await reader.recover(cursor);
      expect((await reader.readChanges(cursor)).changes).toMatchObject([CELL]);
      expect(await reader.get(report.id)).toEqual(report);
      await reader.close();
      await dying.close();
    }
  });

  it("finds by its id, at once, what was appended by a process that died before it stored the row", async () => {
    for (const sleepMs of [0, 30_000, 100_000]) {
      const mortal = connect();
      let requests = 0;
      intercept(mortal, async (request) => {
        if (requests++ >= 1) throw Object.assign(new Error("died"), { $metadata: {} });
        return request.send();
      });
      const dying = createDynamoStore({ client: mortal, table, clock });
      const [first, second] = [0, 1].map((seed) => makeReport({ createdAtMs: clock.now(), seed })) as [Report, Report];
      await dying.append(first);
      clock.advance(sleepMs);
      const reader = createDynamoStore({ client: connect(), table, clock });
      const { cursor } = await reader.readChanges();
      expect(await reader.get(second.id)).toBeUndefined();
      expect(await reader.edit(second.id, { kind: "hide" })).toBeUndefined();
      expect(await reader.get(first.id)).toEqual(first);
      // Not alone by its id: whoever follows the changes is told.
      expect((await reader.readChanges(cursor)).changes).toMatchObject([CELL]);
      expect((await reader.readCell(CELL)).reports).toContainEqual(first);
      expect(await reader.edit(first.id, { kind: "hide" })).toMatchObject({ version: 1, isShown: false });
      expect(await reader.get(first.id)).toBeUndefined();
      await Promise.all([reader.close(), dying.close()]);
      clock.advance(60_000);
    }
  });

  it("tells others of a row that it stores for an intent that only it reads still", async () => {
    const old = createDynamoStore({ client: connect(), table, clock });
    const { cursor } = await old.readChanges();
    intercept(client, async (request) => {
      const { sk = "" } = (request.input.Item ?? {}) as { sk?: string };
      if (sk.startsWith("R#")) throw Object.assign(new Error("died"), { $metadata: {} });
      return request.send();
    });
    await store.append(makeReport({ createdAtMs: clock.now() }));
    clock.advance(20_000);
    const { cursor: later } = await old.readChanges();
    clock.advance(20_000);
    await old.readChanges(cursor);
    expect(await itemsOf("safety#")).toHaveLength(1);
    const other = createDynamoStore({ client: connect(), table, clock });
    expect((await other.readChanges(later)).changes).toMatchObject([CELL]);
    await Promise.all([old.close(), other.close()]);
  });

  it("stores before it is closed what was appended a moment ago and whose row was refused", async () => {
    let refusals = 1;
    intercept(client, async (request) => {
      const { sk = "" } = (request.input.Item ?? {}) as { sk?: string };
      if (sk.startsWith("R#") && refusals-- > 0) throw Object.assign(new Error("died"), { $metadata: {} });
      return request.send();
    });
    await store.append(makeReport({ createdAtMs: clock.now() }));
    await vi.waitFor(() => expect(refusals).toBe(0));
    await store.confirm();
    expect(await itemsOf("safety#")).toHaveLength(0);
    await store.confirm({ isLast: true });
    expect(await itemsOf("safety#")).toHaveLength(1);
  });

  it("is told of by a process whose clock was ahead for a while", async () => {
    const reader = createDynamoStore({ client: connect(), table, clock });
    clock.advance(60_000);
    const { cursor: ahead } = await reader.readChanges();
    clock.advance(-50_000);
    await store.putMany([makeReport({ createdAtMs: clock.now() })]);
    clock.advance(10_000);
    expect((await reader.readChanges(ahead)).changes).toMatchObject([CELL]);
    await reader.close();
  });

  it("reads an appended report in every way before its row is stored, and once after", async () => {
    const gate = Promise.withResolvers<void>();
    intercept(client, async (request) => {
      const { sk = "" } = (request.input.Item ?? {}) as { sk?: string };
      if (sk.startsWith("R#")) await gate.promise;
      return request.send();
    });
    const old = makeReport({ createdAtMs: clock.now() - 5000, seed: 1 });
    await store.putMany([old]);
    // Else its intent stands for the next row, too.
    clock.advance(2000);
    const report = makeReport({ createdAtMs: clock.now() });
    await store.append(report);
    const look = async () => [
      await store.get(report.id),
      idsOf((await store.readCell(CELL)).reports),
      idsOf(await store.readNewest(CELL, 5)),
      idsOf(await store.getMany([report.id])),
      idsOf((await store.readCell(CELL, { before: report.id })).reports),
    ];
    const seen = [report, [old.id, report.id], [report.id, old.id], [report.id], [old.id]];
    expect(await look()).toEqual(seen);
    gate.resolve();
    await vi.waitFor(async () => expect(await itemsOf("safety#")).toHaveLength(2));
    expect(await look()).toEqual(seen);
    expect(await store.edit(report.id, { kind: "hide" })).toMatchObject({ version: 1 });
    expect(await store.get(report.id)).toBeUndefined();
  });

  it("tells of what put may have stored as soon as it can, though nobody asks again", async () => {
    const error = Object.assign(new Error("cut off"), { $metadata: {} });
    const report = makeReport({ createdAtMs: clock.now() });
    let [isCut, isStored] = [true, false];
    intercept(client, async (request) => {
      // The row arrives late, and nobody hears of it.
      if (isCut && JSON.stringify(request.input).includes('"R#')) {
        await request.send();
        isStored = true;
        clock.advance(20_000);
        throw error;
      }
      if (isCut && isStored && JSON.stringify(request.input).includes('"feed#')) throw error;
      return request.send();
    });
    await expect(store.put(report)).rejects.toThrow(StoreUnavailableError);
    await expect(store.confirm()).rejects.toThrow();
    const reader = createDynamoStore({ client: connect(), table, clock });
    expect(await reader.get(report.id)).toEqual(report);
    clock.advance(30_000);
    const { cursor } = await reader.readChanges();
    clock.advance(30_000);
    isCut = false;
    await store.confirm();
    const { changes } = await reader.readChanges(cursor);
    expect(changes).toMatchObject([CELL]);
    expect((changes[0]?.from ?? "~") <= report.id).toBe(true);
    await reader.close();
  });

  it("has told of rows before they are stored, wherever a batch dies", async () => {
    for (let step = 0; step < 8; step++) {
      const batch = makeReports(60, clock.now() - DAY_MS, { lonDeg: 10 + step });
      const reader = createDynamoStore({ client: connect(), table, clock });
      clock.advance(60_000);
      const { cursor } = await reader.readChanges();
      clock.advance(10_000);
      const mortal = connect();
      let requests = 0;
      intercept(mortal, async (request) => {
        if (requests++ >= step) throw new Error("died");
        return request.send();
      });
      const dying = createDynamoStore({ client: mortal, table, clock });
      const died = await dying.putMany(batch).then(
        () => false,
        () => true,
      );
      clock.advance(1000);
      const cell = { layer: "safety", geohash5: batch[0]?.id.slice(10, 15) ?? "" } as const;
      const { reports } = await reader.readCell(cell);
      if (reports.length > 0) expect((await reader.readChanges(cursor)).changes).toMatchObject([cell]);
      expect(died || reports.length === 60).toBe(true);
      await reader.close();
      await dying.close();
    }
  });
});

describe("the change feed", () => {
  const told = async (put: () => Promise<unknown>, afterMs = 1600) => {
    clock.advance(60_000);
    const before = await store.readChanges();
    await put();
    clock.advance(afterMs);
    await store.confirm();
    return (await store.readChanges(before.cursor)).changes[0];
  };

  it("takes an intent for each of a cell's first writes of a second, and one for all others; confirmations ride along", async () => {
    const reports = Array.from({ length: 40 }, (_, i) => makeReport({ createdAtMs: clock.now() + i * 25, seed: i }));
    const { cursor } = await store.readChanges();
    for (const report of reports) {
      await store.append(report);
      clock.advance(25);
    }
    const items = await itemsOf("feed#");
    expect(items.filter((item) => item.plain === true)).toHaveLength(1);
    expect(items).toHaveLength(9);
    // Each on the intent of the next, or of the one behind.
    expect(items.filter((item) => "confirmed" in item).length).toBeGreaterThan(5);
    clock.advance(1600);
    expect((await store.readChanges(cursor)).changes).toMatchObject([CELL]);
  });

  it("brings a new report's row, but none that is old, or was there, or took long to be confirmed", async () => {
    const report = makeReport({ createdAtMs: clock.now() + 60_000 });
    expect(await told(() => store.put(report), 300)).toEqual(
      expect.objectContaining({ rows: columnsOfReports([report]) }),
    );
    expect(await told(() => store.put(report))).not.toHaveProperty("rows");
    const old = makeReport({ createdAtMs: clock.now() - 3_600_000, seed: 1 });
    expect(await told(() => store.append(old))).not.toHaveProperty("rows");
    const late = makeReport({ createdAtMs: clock.now() + 60_000, seed: 2 });
    expect(await told(() => store.append(late), 5500)).not.toHaveProperty("rows");
  });

  it("is silent about a single intent that is a moment old", async () => {
    const { cursor } = await store.readChanges();
    await store.put(makeReport({ createdAtMs: clock.now() }));
    clock.advance(1000);
    expect((await store.readChanges(cursor)).changes).toEqual([]);
    clock.advance(1000);
    expect((await store.readChanges(cursor)).changes).toMatchObject([CELL]);
  });

  it("names the cell of an appended report that somebody else had stored, for it may have been edited since", async () => {
    const { cursor } = await store.readChanges();
    const report = makeReport({ createdAtMs: clock.now() });
    const other = createDynamoStore({ client: connect(), table, clock });
    await other.put(report);
    await other.confirm();
    await store.append(report);
    clock.advance(300);
    await store.confirm();
    clock.advance(1600);
    expect((await store.readChanges(cursor)).changes).toMatchObject([{ ...CELL }]);
    expect((await store.readChanges(cursor)).changes[0]).not.toHaveProperty("rows");
    await other.close();
  });

  it("takes one item per cell for a batch", async () => {
    await store.putMany([...makeReports(50, clock.now()), ...makeReports(50, clock.now(), BROOKLYN)]);
    expect(await itemsOf("feed#")).toHaveLength(2);
  });

  it("takes another item for a report older than the last item tells of", async () => {
    const { cursor } = await store.readChanges();
    await store.put(makeReport({ createdAtMs: clock.now() }));
    const old = makeReport({ createdAtMs: clock.now() - 3_600_000 });
    await store.put(old);
    const { changes } = await store.readChanges(cursor);
    expect(changes).toHaveLength(1);
    expect((changes[0]?.from ?? "~") <= old.id).toBe(true);
  });

  it.each([["append"], ["put"]] as const)(
    "dates an intent anew when %s took long, for readers may have passed its time",
    async (method) => {
      const { cursor: before } = await store.readChanges();
      let late = true;
      intercept(client, async (request) => {
        if (/BatchWrite|PutItem/.test(request.operation) && late) {
          late = false;
          clock.advance(20_000);
        }
        return request.send();
      });
      const reader = createDynamoStore({ client: connect(), table, clock });
      await store[method](makeReport({ createdAtMs: clock.now() }));
      const passed = String(Number(before) + 15_000);
      expect((await reader.readChanges(passed)).changes).toHaveLength(1);
      await reader.close();
    },
  );

  it("is spread over shards where much is written, and every reader finds them", async () => {
    const reader = createDynamoStore({ client: connect(), table, clock });
    const { cursor } = await reader.readChanges();
    const ids: string[] = [];
    for (let i = 0; i < 500; i++) {
      const place = { lonDeg: (i % 180) - 90, latDeg: (i % 50) - 20 };
      const report = makeReport({ createdAtMs: clock.now(), seed: i, ...place });
      await store.append(report);
      ids.push(report.id);
      if (i % 8 === 0) clock.advance(10);
    }
    await store.confirm();
    clock.advance(1600);
    const partitions = new Set((await itemsOf("feed#")).map(({ pk }) => pk));
    expect(partitions.size).toBeGreaterThan(2);
    const { changes } = await reader.readChanges(cursor);
    const found = new Set<string>();
    for (const { from, ...cell } of changes)
      for (const id of idsOf((await reader.readCell(cell, { from })).reports)) found.add(id);
    expect(found).toEqual(new Set(ids));
    await reader.close();
  });
});

describe("editing a report", () => {
  it("is told to others wherever it dies, or has not happened, and is completed when it is tried again", async () => {
    let deaths = 0;
    for (let step = 0; step < 10; step++) {
      const [report, other] = makeReports(2, clock.now() - 1000 * step, { lonDeg: step, latDeg: 1 });
      if (report === undefined || other === undefined) throw new Error("no reports");
      const cell = { layer: "safety", geohash5: report.id.slice(10, 15) } as const;
      await store.putMany([report, other]);
      clock.advance(60_000);
      const reader = createDynamoStore({ client: connect(), table, clock });
      const { cursor } = await reader.readChanges();
      clock.advance(60_000);
      const mortal = connect();
      let writes = 0;
      intercept(mortal, async (request) => {
        if (/Put|Write/.test(request.operation) && writes++ >= step) throw new Error("died");
        return request.send();
      });
      const dying = createDynamoStore({ client: mortal, table, clock });
      const died = await dying.edit(report.id, { kind: "remove" }).then(
        () => false,
        () => true,
      );
      clock.advance(1500);
      const left = idsOf((await reader.readCell(cell)).reports);
      const isGone = !left.includes(report.id);
      expect((await reader.get(report.id)) === undefined).toBe(isGone);
      const { changes } = await reader.readChanges(cursor);
      if (isGone) expect(changes, `write ${step}`).toMatchObject([cell]);
      else expect(died).toBe(true);
      if (!died) break;
      deaths++;
      clock.advance(60_000);
      await store.edit(report.id, { kind: "remove" });
      clock.advance(1500);
      expect(await reader.get(report.id)).toBeUndefined();
      expect(idsOf((await reader.readCell(cell)).reports)).toEqual([other.id]);
      await reader.close();
      await dying.close();
    }
    // The feed, the version, the row that is blanked.
    expect(deaths).toBe(3);
  });

  it("is told again when it took long, for readers may have passed the time of its intent", async () => {
    const report = makeReport({ createdAtMs: clock.now() });
    await store.putMany([report]);
    clock.advance(60_000);
    const { cursor } = await store.readChanges();
    intercept(client, async (request) => {
      const { sk = "" } = (request.input.Item ?? {}) as { sk?: string };
      if (sk.startsWith("S!")) clock.advance(20_000);
      return request.send();
    });
    const reader = createDynamoStore({ client: connect(), table, clock });
    await store.edit(report.id, { kind: "hide" });
    const passed = String(Number(cursor) + 15_000);
    expect((await reader.readChanges(passed)).changes).toMatchObject([CELL]);
    await reader.close();
  });

  it("leaves nothing of what a removed report said", async () => {
    const report = makeReport({ createdAtMs: clock.now(), text: "my name and address" });
    await store.put(report);
    await store.edit(report.id, { kind: "replace", report: { ...report, text: "my name and number" } });
    await store.edit(report.id, { kind: "remove" });
    expect(JSON.stringify(await itemsOf("safety#"))).not.toContain("my name");
  });

  it("is not undone by a put that arrives late", async () => {
    const report = makeReport({ createdAtMs: clock.now() });
    let late: () => Promise<unknown> = () => Promise.resolve();
    intercept(client, async (request) => {
      if (((request.input.Item ?? {}) as { sk?: string }).sk?.startsWith("R#")) late = request.send;
      return request.send();
    });
    await store.append(report);
    await vi.waitFor(async () => expect(await itemsOf("safety#")).toHaveLength(1));
    const again = () => late().catch(() => {});
    await store.edit(report.id, { kind: "replace", report: { ...report, severity: 5 } });
    await again();
    expect(await store.get(report.id)).toMatchObject({ severity: 5 });
    await store.edit(report.id, { kind: "remove" });
    await again();
    expect(await store.get(report.id)).toBeUndefined();
    expect((await store.readCell(CELL)).reports).toEqual([]);
  });

  it("costs two write units, and reads of its cell nothing more", async () => {
    const reports = makeReports(50, clock.now());
    await store.putMany(reports);
    clock.advance(60_000);
    const tail = { from: idsOf(reports).at(-1) ?? "" };
    const cost = async (act: () => Promise<unknown>) => {
      consumed = [];
      await act();
      return [total("read"), total("write"), total("requests")];
    };
    const before = await cost(() => store.readCell(CELL, tail));
    expect((await cost(() => store.edit(reports[3]?.id ?? "", { kind: "hide" })))[1]).toBe(2);
    clock.advance(60_000);
    expect(await cost(() => store.readCell(CELL, tail))).toEqual(before);
  });
});

describe("what requests cost", () => {
  it("is 3 write units for a lone report in an empty cell, 2 while others follow, and one request before it is acknowledged", async () => {
    const spent = () => [total("write"), total("requests")];
    const append = (seed: number) => store.append(makeReport({ createdAtMs: clock.now(), seed }));
    await append(0);
    expect(total("requests")).toBe(1);
    await vi.waitFor(() => expect(spent()).toEqual([2, 2]));
    await append(1);
    await vi.waitFor(() => expect(spent()).toEqual([4, 4]));
    await store.confirm();
    expect(spent()).toEqual([4, 4]);
    clock.advance(250);
    await store.confirm();
    expect(spent()).toEqual([5, 5]);
    await store.confirm();
    expect([...spent(), total("read")]).toEqual([5, 5, 0]);
  });

  it("is 3 write units in three requests with a key, of which two come before it is acknowledged", async () => {
    const report = makeReport({ createdAtMs: clock.now() });
    const gate = Promise.withResolvers<void>();
    intercept(client, async (request) => {
      const { sk = "" } = (request.input.Item ?? {}) as { sk?: string };
      if (sk.startsWith("R#")) await gate.promise;
      return request.send();
    });
    await store.claimKey("key", { fingerprint: "f", reportId: report.id });
    await store.append(report);
    expect([total("write"), total("requests")]).toEqual([2, 2]);
    gate.resolve();
    await vi.waitFor(() => expect([total("write"), total("read"), total("requests")]).toEqual([3, 0, 3]));
  });

  it("is half a read unit for the tail of a cell, and for a quiet feed", async () => {
    const reports = makeReports(50, clock.now());
    await store.putMany(reports);
    clock.advance(60_000);
    const { cursor } = await store.readChanges();
    consumed = [];
    expect((await store.readCell(CELL, { from: idsOf(reports).at(-1) ?? "" })).reports).toHaveLength(1);
    expect(total("read")).toBe(0.5);
    await store.readChanges(cursor);
    expect(total("read")).toBeLessThanOrEqual(1.5);
  });

  it("is asked for only when somebody wants to know", async () => {
    const inputs: unknown[] = [];
    const quiet = connect();
    intercept(quiet, async (request) => {
      inputs.push(request.input);
      return request.send();
    });
    const unmetered = createDynamoStore({ client: quiet, table, clock });
    await unmetered.putMany(makeReports(2, clock.now()));
    await unmetered.readCell(CELL);
    expect(inputs.length).toBeGreaterThan(3);
    expect(JSON.stringify(inputs)).not.toContain("ReturnConsumedCapacity");
    await unmetered.close();
  });
});

describe("consistency", () => {
  it("reads strongly what this process wrote a moment ago, and cheaply what it did not", async () => {
    const strong: unknown[] = [];
    intercept(client, async (request) => {
      const [batch] = Object.values((request.input.RequestItems ?? {}) as Record<string, { ConsistentRead?: boolean }>);
      if (/Query|GetItem/.test(request.operation)) strong.push(batch?.ConsistentRead ?? request.input.ConsistentRead);
      return request.send();
    });
    const report = makeReport({ createdAtMs: clock.now() });
    await store.put(report);
    await store.get(report.id);
    await store.readCell(CELL);
    await store.readNewest(CELL, 1);
    expect(new Set(strong.splice(0))).toEqual(new Set([true]));
    await store.readCell({ ...CELL, layer: "vibe" });
    clock.advance(60_000);
    await store.get(report.id);
    await store.readCell(CELL);
    expect(new Set(strong)).toEqual(new Set([false]));
  });
});

describe("migration", () => {
  it("refuses a table with other keys", async () => {
    await client.send("CreateTable", {
      TableName: "foreign",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    });
    const foreign = createDynamoStore({ client, table: "foreign", clock });
    await expect(foreign.migrate()).rejects.toThrow("table foreign has other keys");
  });
});
