import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../../server/serve.ts";
import { drop, requestRaw, tilePath } from "./request.ts";
import { openSharedStores, type SharedStores } from "./stores.ts";

const TRIALS = 10;
/** Two seconds are promised; `npm run bench -- serve` measures. This is for what never comes. */
const GIVE_UP_MS = 10_000;

let stores: SharedStores;
let servers: [RunningServer, RunningServer];

beforeAll(async () => {
  stores = await openSharedStores();
  const start = () => startServer(stores.config, { client: false });
  servers = [await start(), await start()];
}, 120_000);
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
      const startMs = performance.now();
      while ((await requestRaw(tile)).status !== 200) {
        expect(performance.now() - startMs, `${tile} stays empty`).toBeLessThan(GIVE_UP_MS);
        await sleep(50);
      }
    });
    await Promise.all(trials);
  });
});
