import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import type { ConsumedUnits } from "../../../server/store/dynamo/requests.ts";
import { migrateTable } from "../../../server/store/dynamo/table.ts";
import type { DocumentClient } from "../../../server/store/dynamo/wire/document-client.ts";
import { createTestClock } from "../../kit/clock.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { intercept } from "../../kit/intercept.ts";
import { connect } from "./emulators.ts";

const NEW = { expected: undefined } as const;
const body = Uint8Array.from([1]);

let server: Awaited<ReturnType<typeof startDynalite>>;
let client: DocumentClient;
let store: DerivedStore;
let consumed: ConsumedUnits[];
let tables = 0;

beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());

beforeEach(async () => {
  client = connect(server.endpoint);
  consumed = [];
  const table = `derived-faults-${++tables}`;
  await migrateTable(client, table);
  const clock = createTestClock(Date.now());
  store = createDynamoDerivedStore({ client, table, clock, onConsumed: (units) => consumed.push(units) });
});
afterEach(() => client.destroy());

describe("put", () => {
  it("knows its own write again when the client tries twice because an answer was lost", async () => {
    intercept(client, async (request) => {
      if (request.operation === "PutItem") await request.send();
      return request.send();
    });
    expect(await store.put("g", "a", body, NEW)).toBe(true);
    const expected = (await store.get("g", "a"))?.version;
    expect(await store.put("g", "a", body, { expected })).toBe(true);
    expect(await store.put("g", "a", body, { expected })).toBe(false);
  });

  it("sends nothing that is too large", async () => {
    await expect(store.put("g", "a", new Uint8Array(410_000), NEW)).rejects.toThrow(RangeError);
    expect(consumed).toEqual([]);
  });
});

it("costs what DynamoDB bills: a write unit a KB, half a read unit for 4 KB of a whole group", async () => {
  for (const name of ["a", "b", "c"]) await store.put("g", name, new Uint8Array(1300), NEW);
  expect(consumed).toEqual(Array(3).fill({ read: 0, write: 2, requests: 1 }));
  consumed = [];
  await store.list("g");
  await store.list("g", { consistent: true });
  await store.get("g", "a");
  expect(consumed.map(({ read }) => read)).toEqual([0.5, 1, 0.5]);
});

it("tells of a store that is away", async () => {
  intercept(client, async () => {
    throw Object.assign(new Error("cut off"), { $metadata: {} });
  });
  await expect(store.list("g")).rejects.toThrow(StoreUnavailableError);
  await expect(store.get("g", "a")).rejects.toThrow(StoreUnavailableError);
  await expect(store.put("g", "a", body, NEW)).rejects.toThrow(StoreUnavailableError);
  await expect(store.remove("g", [{ name: "a", version: 1 }])).rejects.toThrow(StoreUnavailableError);
});
