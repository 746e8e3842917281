import { ProvisionedThroughputExceededException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ReportStore, StoreUnavailableError } from "../../../server/ports.ts";
import { createDynamoStore } from "../../../server/store/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo-client.ts";
import type { ConsumedUnits } from "../../../server/store/requests.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { startDynalite } from "./dynalite-server.ts";
import { type Intercepted, intercept } from "./intercept.ts";
import { BROOKLYN, createTestClock, idsOf, makeReport, makeReports, type TestClock } from "./reports.ts";

const CELL = { layer: "safety", geohash5: "9v6kp" } as const;
/** Nothing listens on the discard port. */
const NOWHERE = "http://127.0.0.1:9";

let server: Awaited<ReturnType<typeof startDynalite>>;
let clock: TestClock;
let client: DynamoDBDocumentClient;
let store: ReportStore;
let consumed: ConsumedUnits[];
let table: string;
let tables = 0;

beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());

beforeEach(async () => {
  clock = createTestClock();
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
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table }));
  return Items.filter(({ pk }) => String(pk).startsWith(prefix));
}

const total = (key: keyof ConsumedUnits) => consumed.reduce((sum, units) => sum + units[key], 0);

/** Fails the first `times` requests of a command, or all of them. */
function failing(command: string, error: Error, times = Number.POSITIVE_INFINITY) {
  let left = times;
  intercept(client, async (request) => {
    if (request.command === command && left-- > 0) throw error;
    return request.send();
  });
}

describe("batches that come back in part", () => {
  /** Processes only the first half of a batch, as a throttled DynamoDB does, on every other request. */
  function halve(command: string, requests: string, unprocessed: string, list: (entry: unknown) => unknown[]) {
    let count = 0;
    intercept(client, async (request: Intercepted) => {
      if (request.command !== command || count++ % 2 === 1) return request.send();
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
    const requests = halve("BatchWriteItemCommand", "RequestItems", "UnprocessedItems", (entry) => entry as unknown[]);
    const reports = makeReports(60, clock.now());
    expect(await store.putMany(reports)).toEqual({ written: 60, existing: 0 });
    expect(await store.readCell(CELL)).toEqual(reports);
    expect(requests()).toBeGreaterThan(4);
  });

  it("asks for every key of a batch in the end", async () => {
    const reports = makeReports(150, clock.now());
    await store.putMany(reports.slice(0, 75));
    halve("BatchGetItemCommand", "RequestItems", "UnprocessedKeys", (entry) => (entry as { Keys: unknown[] }).Keys);
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
    ["listCells", (store) => store.listCells("safety")],
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
    failing("PutItemCommand", error);
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
    failing("PutItemCommand", new TypeError("a fault of ours"));
    await expect(store.put(makeReport({ createdAtMs: clock.now() }))).rejects.toThrow(TypeError);
  });

  it("acknowledges nothing that the feed did not tell of, and heals when it is tried again", async () => {
    const error = Object.assign(new Error("cut off"), { $metadata: {} });
    const report = makeReport({ createdAtMs: clock.now() });
    const batch = makeReports(3, clock.now(), BROOKLYN);
    await store.putMany(batch);
    clock.advance(60_000);
    const { cursor } = await store.readChanges();
    failing("BatchWriteItemCommand", error, 2);
    await expect(store.put(report)).rejects.toThrow(StoreUnavailableError);
    await expect(store.putMany(batch)).rejects.toThrow(StoreUnavailableError);
    expect((await store.readChanges(cursor)).changes).toEqual([]);
    expect(await store.put(report)).toBe("exists");
    expect(await store.putMany(batch)).toEqual({ written: 0, existing: 3 });
    const told = (await store.readChanges(cursor)).changes.map(({ geohash5 }) => geohash5);
    expect(told.sort()).toEqual(["9v6kp", "dr5rm"]);
  });
});

describe("the change feed", () => {
  it("takes an item with the row for each of a cell's first writes of a second, and one for all others", async () => {
    for (let i = 0; i < 40; i++) {
      await store.put(makeReport({ createdAtMs: clock.now(), seed: i }));
      clock.advance(25);
    }
    const items = await itemsOf("feed#");
    expect(items.filter((item) => "rows" in item)).toHaveLength(8);
    expect(items).toHaveLength(9);
    expect(await itemsOf("cells#")).toHaveLength(1);
  });

  it("brings a new report's row, but none that is old, or was there, or took long to be stored", async () => {
    const { cursor } = await store.readChanges();
    const report = makeReport({ createdAtMs: clock.now() });
    await store.put(report);
    expect((await store.readChanges(cursor)).changes).toEqual([
      expect.objectContaining({ rows: columnsOfReports([report]) }),
    ]);
    const told = async (put: () => Promise<unknown>) => {
      clock.advance(60_000);
      const before = await store.readChanges();
      await put();
      return (await store.readChanges(before.cursor)).changes[0];
    };
    expect(await told(() => store.put(report))).not.toHaveProperty("rows");
    const old = makeReport({ createdAtMs: clock.now() - 3_600_000, seed: 1 });
    expect(await told(() => store.put(old))).not.toHaveProperty("rows");
    let slow = true;
    intercept(client, async (request) => {
      if (slow && request.command === "PutItemCommand") clock.advance(6000);
      slow = false;
      return request.send();
    });
    expect(await told(() => store.put(makeReport({ createdAtMs: clock.now(), seed: 2 })))).not.toHaveProperty("rows");
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

  it("dates an item anew that took long to be stored, for readers may have passed its time", async () => {
    const { cursor: before } = await store.readChanges();
    let late = true;
    intercept(client, async (request) => {
      if (request.command === "BatchWriteItemCommand" && late) {
        late = false;
        clock.advance(20_000);
      }
      return request.send();
    });
    const reader = createDynamoStore({ client: connect(), table, clock });
    const putting = store.put(makeReport({ createdAtMs: clock.now() }));
    await putting;
    const passed = String(Number(before) + 15_000);
    expect((await reader.readChanges(passed)).changes).toHaveLength(1);
    await reader.close();
  });
});

describe("hiding a report", () => {
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
        if (/Put|Write/.test(request.command) && writes++ >= step) throw new Error("died");
        return request.send();
      });
      const dying = createDynamoStore({ client: mortal, table, clock });
      const died = await dying.hide(report).then(
        () => false,
        () => true,
      );
      clock.advance(1500);
      const left = idsOf(await reader.readCell(cell));
      const isHidden = !left.includes(report.id);
      const { changes } = await reader.readChanges(cursor);
      if (isHidden) expect(changes, `write ${step}`).toMatchObject([cell]);
      else expect(died).toBe(true);
      if (!died) break;
      deaths++;
      clock.advance(60_000);
      // Whoever flags it next hides it again.
      if ((await reader.get(report.id)) !== undefined) await store.hide(report);
      clock.advance(1500);
      expect(await reader.get(report.id)).toBeUndefined();
      expect(idsOf(await reader.readCell(cell))).toEqual([other.id]);
      await reader.close();
      await dying.close();
    }
    // The feed, the marker, the row.
    expect(deaths).toBe(3);
  });

  it("costs five write units once, and reads of its cell nothing more", async () => {
    const reports = makeReports(50, clock.now());
    await store.putMany(reports);
    clock.advance(60_000);
    const tail = { from: idsOf(reports).at(-1) ?? "" };
    const cost = async (act: () => Promise<unknown>) => {
      consumed = [];
      await act();
      return [total("read"), total("write"), total("requests")];
    };
    const before = [
      await cost(() => store.readCell(CELL, tail)),
      await cost(() => store.readNewest(CELL, 10)),
      await cost(() => store.get(reports[4]?.id ?? "")),
    ];
    expect((await cost(() => store.hide(reports[3] as Report)))[1]).toBeLessThanOrEqual(5);
    clock.advance(60_000);
    const after = [
      await cost(() => store.readCell(CELL, tail)),
      await cost(() => store.readNewest(CELL, 10)),
      await cost(() => store.get(reports[4]?.id ?? "")),
    ];
    expect(after).toEqual(before);
    expect(await cost(() => store.readCell(CELL, tail).then(() => store.readHidden(CELL)))).toEqual(before[0]);
  });
});

describe("what requests cost", () => {
  it("is 3 write units for a lone report in an empty cell, and 2 for the next", async () => {
    await store.put(makeReport({ createdAtMs: clock.now() }));
    expect(total("write")).toBe(3);
    expect(total("requests")).toBe(2);
    await store.put(makeReport({ createdAtMs: clock.now(), seed: 1 }));
    expect(total("write")).toBe(5);
    expect(total("requests")).toBe(4);
    expect(total("read")).toBe(0);
  });

  it("is half a read unit for the tail of a cell, and for a quiet feed", async () => {
    const reports = makeReports(50, clock.now());
    await store.putMany(reports);
    clock.advance(60_000);
    const { cursor } = await store.readChanges();
    consumed = [];
    expect(await store.readCell(CELL, { from: idsOf(reports).at(-1) ?? "" })).toHaveLength(1);
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
      if (/Query|GetItem/.test(request.command)) strong.push(request.input.ConsistentRead);
      return request.send();
    });
    const report = makeReport({ createdAtMs: clock.now() });
    await store.put(report);
    await store.get(report.id);
    await store.readCell(CELL);
    await store.readNewest(CELL, 1);
    await store.listCells("safety");
    expect(strong.splice(0)).toEqual([true, true, true, true]);
    await store.readCell({ ...CELL, layer: "vibe" });
    clock.advance(60_000);
    await store.get(report.id);
    await store.readCell(CELL);
    await store.listCells("safety");
    expect(strong).toEqual([false, false, false, false]);
  });
});

describe("migration", () => {
  it("refuses a table with other keys", async () => {
    const { CreateTableCommand } = await import("@aws-sdk/client-dynamodb");
    await client.send(
      new CreateTableCommand({
        TableName: "foreign",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      }),
    );
    const foreign = createDynamoStore({ client, table: "foreign", clock });
    await expect(foreign.migrate()).rejects.toThrow("table foreign has other keys");
  });
});
