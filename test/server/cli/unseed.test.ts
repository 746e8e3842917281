import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { idsOf, reportsOf } from "../../kit/make-report.ts";
import { openSharedStores, type SharedStores } from "../../kit/stores.ts";
import { createTileReader } from "../../kit/tile-reader.ts";

const WORLD = { z: 0, x: 0, y: 0 };
/** Where seeds are many. */
const AUSTIN_BBOX = "-97.76,30.25,-97.72,30.29";
let shared: SharedStores;
let server: RunningServer;

/** A DynamoDB as far as the environment goes: nothing in it says that it is to be seeded. */
const chosen = () => ({ DYNAMODB_ENDPOINT: shared.dynamo.endpoint, DYNAMODB_TABLE: "city" });

beforeAll(async () => {
  shared = await openSharedStores();
  const config = readConfig({ ...chosen(), DATABASE_URL: shared.database.url, PORT: "0" });
  server = await startServer(config, { client: false });
});
afterAll(async () => {
  await server.close();
  await shared.close();
});

function run(command: string): Promise<{ code: number | null; output: string }> {
  const cli = fileURLToPath(new URL(`../../../server/cli/${command}.ts`, import.meta.url));
  const child = spawn(process.execPath, [cli], {
    env: { PATH: process.env.PATH, ...chosen() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
}

async function drop(): Promise<string> {
  const body = { layer: "safety", category: "theft", severity: 3, lat: 30.2672, lon: -97.7431 };
  const response = await fetch(`${server.url}/api/reports`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

async function list(): Promise<string[]> {
  const response = await fetch(`${server.url}/api/reports?bbox=${AUSTIN_BBOX}&limit=100`);
  return ((await response.json()) as { features: { id: string }[] }).features.map(({ id }) => id);
}

async function card(): Promise<number> {
  const response = await fetch(`${server.url}/api/neighborhood/9v6kp`);
  return ((await response.json()) as { report_count: number }).report_count;
}

test("seed fills a DynamoDB, and unseed takes out no more than that, of a running server too", {
  tags: "slow",
}, async () => {
  const { endpoint = "" } = shared.dynamo;
  const client = createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS });
  const store = createDynamoStore({ client, table: "city", clock: { now: Date.now } });
  expect(await run("seed")).toMatchObject({ code: 0, output: expect.stringMatching(/seed: .* 2640 reports\n$/) });
  const mine = await drop();
  const tiles = createTileReader(server.url);
  const count = async () => (await tiles.read(WORLD)).reduce((sum, feature) => sum + feature.count, 0);
  await expect.poll(count).toBe(2641);
  expect((await list()).length).toBeGreaterThan(20);

  expect(await run("unseed")).toMatchObject({
    code: 0,
    output: expect.stringMatching(/unseed: .* 2640 reports removed\n$/),
  });
  await expect.poll(count).toBe(1);
  await expect.poll(list).toEqual([mine]);
  await expect.poll(card).toBe(1);
  expect(idsOf(await reportsOf(store))).toEqual([mine]);

  expect(await run("unseed")).toMatchObject({ code: 0, output: expect.stringMatching(/nothing was removed\n$/) });
  expect(idsOf(await reportsOf(store))).toEqual([mine]);
  await store.close();
});
