import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../../server/runtime/node/serve.ts";
import { drop, requestRaw, tilePath } from "../kit/request.ts";
import { openSharedStores, type SharedStores } from "../kit/stores.ts";

const TRIALS = 10;
/** For what never comes. Two seconds are promised, which `npm run bench -- serve freshness` measures. */
const GIVE_UP_MS = 20_000;

let stores: SharedStores;
let servers: [RunningServer, RunningServer];

beforeAll(async () => {
  stores = await openSharedStores();
  const start = () => startServer(stores.config, { client: false });
  servers = [await start(), await start()];
});
afterAll(async () => {
  for (const server of servers ?? []) await server.close();
  await stores?.close();
});

describe("two servers on one DynamoDB", () => {
  it("show each other's reports, each in a tile that was read before, and several in one cell", async () => {
    const trials = Array.from({ length: TRIALS }, async (_, i) => {
      const [writer, reader] = i % 2 === 0 ? servers : servers.toReversed();
      const place = { lon: -120 + 0.013 * i, lat: -30 };
      const tile = `${reader?.url}${tilePath("safety", 16, place)}.pbf`;
      expect((await requestRaw(tile)).status).toBe(204);
      await sleep(100 * i);
      await drop(`${writer?.url}`, place);
      await expect.poll(async () => (await requestRaw(tile)).status, { timeout: GIVE_UP_MS }).toBe(200);
    });
    await Promise.all(trials);
  });
});
