import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { migrateTable } from "../../../server/store/dynamo/table.ts";
import { startDynalite } from "./dynalite-server.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { seededFaults } from "./seeded-faults.ts";
import { parseCommand } from "./store-command.ts";

const TableName = "proxied";
let store: Awaited<ReturnType<typeof startDynalite>>;
let proxy: FaultProxy;
let client: ReturnType<typeof createDocumentClient>;

beforeAll(async () => {
  store = await startDynalite();
  proxy = await startFaultProxy(store.endpoint);
  client = createDocumentClient({ endpoint: proxy.endpoint, credentials: EMULATOR_CREDENTIALS });
  await migrateTable(client, TableName);
});
afterAll(async () => {
  client?.destroy();
  await proxy?.close();
  await store?.stop();
});
beforeEach(() => proxy.faults.end());

const put = (sk: string) =>
  client.send("PutItem", { TableName, Item: { pk: "p", sk }, ConditionExpression: "attribute_not_exists(pk)" });
const isThere = async (sk: string) =>
  (await client.send("GetItem", { TableName, Key: { pk: "p", sk }, ConsistentRead: true })).Item !== undefined;

/** The rule hits the first request only. */
function once<T>(fault: T): () => T | undefined {
  let left = 1;
  return () => (left-- > 0 ? fault : undefined);
}

describe("a fault proxy", () => {
  it("passes on what no rule hits", async () => {
    await put("plain");
    expect(await isThere("plain")).toBe(true);
  });

  it("throttles as DynamoDB does, with the reason of a hot partition", async () => {
    proxy.faults.next(() => ({ kind: "throttled", isHotKey: true }));
    await expect(put("refused")).rejects.toMatchObject({
      name: "ProvisionedThroughputExceededException",
      ThrottlingReasons: [{ reason: "TableWriteKeyRangeThroughputExceeded" }],
      $metadata: { attempts: 4 },
    });
    proxy.faults.end();
    expect(await isThere("refused")).toBe(false);
  });

  it("loses a request before the store has it, so that the retry is the first", async () => {
    proxy.faults.next(once({ kind: "lost-before" as const }));
    await put("again");
    expect(await isThere("again")).toBe(true);
  });

  it("loses an answer when the store has done it, so that the retry finds it done", async () => {
    proxy.faults.next(once({ kind: "lost-after" as const }));
    await expect(put("done")).rejects.toMatchObject({ name: "ConditionalCheckFailedException" });
    expect(await isThere("done")).toBe(true);
  });

  it("brings back a part of a batch undone", async () => {
    proxy.faults.next(() => ({ kind: "unprocessed", isLeft: ({ sk }) => sk === "left" }));
    const requests = ["sent", "left"].map((sk) => ({ PutRequest: { Item: { pk: "p", sk } } }));
    const { UnprocessedItems } = await client.send("BatchWriteItem", { RequestItems: { [TableName]: requests } });
    expect(UnprocessedItems).toEqual({ [TableName]: [{ PutRequest: { Item: { pk: "p", sk: "left" } } }] });
    proxy.faults.end();
    expect([await isThere("sent"), await isThere("left")]).toEqual([true, false]);
  });

  it("does a delayed request also when whoever sent it has gone", async () => {
    proxy.faults.next(() => ({ kind: "delayed", ms: 500 }));
    const hasty = createDocumentClient({
      endpoint: proxy.endpoint,
      credentials: EMULATOR_CREDENTIALS,
      requestTimeoutMs: 20,
    });
    await expect(hasty.send("PutItem", { TableName, Item: { pk: "p", sk: "late" } })).rejects.toThrow("no answer");
    proxy.faults.end();
    await expect.poll(() => isThere("late")).toBe(true);
  });
});

describe("seeded faults", () => {
  it("are the same for the same seed, and about as many as were asked for", () => {
    const series = (seed: number) => {
      let now = 0;
      const rule = seededFaults({ seed, share: 0.1, nowMs: () => now });
      return Array.from({ length: 5000 }, () => {
        now += 10;
        return rule(parseCommand("DynamoDB_20120810.GetItem", Buffer.from("{}")))?.kind ?? "passed";
      });
    };
    expect(series(1)).toEqual(series(1));
    expect(series(1)).not.toEqual(series(2));
    const passed = series(1).filter((kind) => kind === "passed").length;
    expect(passed).toBeGreaterThan(4400);
    expect(passed).toBeLessThan(4600);
  });
});
