import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import { readConfig } from "../../../../server/runtime/config.ts";
import { openStores, type Stores } from "../../../../server/runtime/stores/stores.ts";

let stores: Stores;
const clients: Client[] = [];

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: (await stores.database()).url });
  client.on("error", () => {});
  await client.connect();
  clients.push(client);
  return client;
}

beforeAll(() => {
  stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => {})));
  await stores.close();
});

it("answers every client its own question when their requests arrive in pieces", async () => {
  const asked = Array.from({ length: 3 }, async (_, k) => {
    const client = await connect();
    for (let n = 0; n < 20; n++) {
      // Over 64 KiB, so that one request takes several chunks and others' come in between.
      const { rows } = await client.query("SELECT $1::int AS n, length($2::text) AS size", [
        n,
        "y".repeat(200_000 + k),
      ]);
      expect(rows).toEqual([{ n, size: 200_000 + k }]);
    }
  });
  await Promise.all(asked);
});

it("lets nobody into another's transaction", async () => {
  const [a, b] = [await connect(), await connect()];
  await a.query("CREATE TABLE t (n integer)");
  await a.query("BEGIN");
  await a.query("INSERT INTO t VALUES (1)");
  const seen = b.query("SELECT count(*)::int AS n FROM t");
  await a.query("ROLLBACK");
  expect((await seen).rows).toEqual([{ n: 0 }]);
});

it("rolls back and goes on when a client vanishes inside a transaction", async () => {
  const [gone, other] = [await connect(), await connect()];
  await gone.query("CREATE TABLE u (n integer)");
  await gone.query("BEGIN");
  await gone.query("INSERT INTO u VALUES (1)");
  const seen = other.query("SELECT count(*)::int AS n FROM u");
  await gone.end();
  expect((await seen).rows).toEqual([{ n: 0 }]);
});

it("goes on after a client's error", async () => {
  const client = await connect();
  await expect(client.query("SELECT $1::int / 0", [1])).rejects.toThrow("division by zero");
  await expect(client.query("nonsense")).rejects.toThrow("syntax error");
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});
