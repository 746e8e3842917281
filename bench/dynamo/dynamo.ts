import { silentLog } from "../../server/console/log.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { openStores } from "../../server/runtime/stores/stores.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../server/store/dynamo/dynamo-client.ts";
import { migrateTable } from "../../server/store/dynamo/table.ts";
import type { DocumentClient } from "../../server/store/dynamo/wire/document-client.ts";
import { createSdkClient } from "../../test/kit/dynamo/sdk-client.ts";
import { type Check, printChecks, printTable, writeResults } from "../../test/kit/output.ts";
import { type Spread, spreadOf } from "../kit/measure.ts";

const TABLE = "bench-dynamo";
const ROUNDS = 15;
const AT_ONCE = 8;
/** Rows of about 250 bytes, a page of a megabyte. */
const ROWS = 4000;
/** Of the SDK's, at most. */
const LIMIT = 0.5;

type Act = (client: DocumentClient, i: number) => Promise<unknown>;

/** What the store does all day, with how many a round. */
const ACTS: Readonly<Record<string, { readonly act: Act; readonly count: number }>> = {
  "put a row if it is not there": { act: putRow, count: 400 },
  "get an item": {
    act: (client, i) => client.send("GetItem", { TableName: TABLE, Key: { pk: "page", sk: `R#${i % ROWS}` } }),
    count: 400,
  },
  "query a quiet feed": { act: (client, i) => query(client, `empty-${i}`), count: 400 },
  "query a page of 1 MB": { act: (client) => query(client, "page"), count: 8 },
};

/** CPU of this thread a request, over our client of DynamoDB and over AWS's; the emulator is in a thread of its own. */
export async function run(): Promise<void> {
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
  const { endpoint = "" } = await stores.dynamo();
  const clients = {
    ours: createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS }),
    sdk: createSdkClient({ endpoint }),
  };
  try {
    await migrateTable(clients.ours, TABLE);
    await fill(clients.ours);
    const found = [];
    for (const [what, { act, count }] of Object.entries(ACTS))
      found.push({ what, ...(await race(clients, act, count)) });
    printTable(
      "CPU a request, ms: median and quartiles",
      ["", "ours", "", "AWS's SDK", ""],
      found.map(({ what, ours, sdk }) => [what, ours.median, range(ours), sdk.median, range(sdk)]),
    );
    const checks: Check[] = found.map(({ what, ours, sdk }) => {
      const share = ours.median / sdk.median;
      return { what, limit: `${LIMIT} of the SDK's`, found: share, met: share <= LIMIT };
    });
    printChecks("targets", checks);
    writeResults("dynamo", { checks, found });
  } finally {
    for (const client of Object.values(clients)) client.destroy();
    await stores.close();
  }
}

async function race(clients: Record<"ours" | "sdk", DocumentClient>, act: Act, count: number) {
  const samples: Record<"ours" | "sdk", number[]> = { ours: [], sdk: [] };
  for (let round = -3; round < ROUNDS; round++) {
    for (const name of ["ours", "sdk"] as const) {
      const ms = await cpuOf(clients[name], act, count);
      if (round >= 0) samples[name].push(ms);
    }
  }
  return { ours: spreadOf(samples.ours), sdk: spreadOf(samples.sdk) };
}

let made = 0;

async function cpuOf(client: DocumentClient, act: Act, count: number): Promise<number> {
  const before = process.threadCpuUsage();
  let left = count;
  const drive = async () => {
    while (left-- > 0) await act(client, made++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, drive));
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000 / count;
}

const row = (pk: string, sk: string) => ({ pk, sk, body: new Uint8Array(150).fill(7), expires_at: 2_000_000_000 });

function putRow(client: DocumentClient, i: number): Promise<unknown> {
  const ConditionExpression = "attribute_not_exists(pk)";
  return client.send("PutItem", { TableName: TABLE, Item: row(`row-${i}`, "R#"), ConditionExpression });
}

function query(client: DocumentClient, pk: string): Promise<unknown> {
  const values = { KeyConditionExpression: "pk = :pk", ExpressionAttributeValues: { ":pk": pk } };
  return client.send("Query", { TableName: TABLE, ...values });
}

async function fill(client: DocumentClient): Promise<void> {
  for (let from = 0; from < ROWS; from += 25) {
    const items = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: row("page", `R#${from + i}`) } }));
    await client.send("BatchWriteItem", { RequestItems: { [TABLE]: items } });
  }
}

const range = ({ low, high }: Spread): string => `${low.toFixed(3)} to ${high.toFixed(3)}`;
