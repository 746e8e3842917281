import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import dynalite from "dynalite";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../server/store/dynamo/dynamo-client.ts";
import type { RequestOptions } from "../../server/store/dynamo/requests.ts";
import { migrateTable } from "../../server/store/dynamo/table.ts";
import { CITY_CENTER, cityReports, cityTraffic } from "../../test/kit/cities/city.ts";
import { fill, openCityStore } from "../../test/kit/cities/city-store.ts";
import { createTestClock } from "../../test/kit/clock.ts";
import { createDynamoModel } from "../../test/kit/dynamo/dynamo-model.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";

export interface ModelCheck {
  readonly what: string;
  readonly model: Units;
  readonly dynalite: Units;
}

const TABLE = "bench";

interface Units {
  readonly read: number;
  readonly write: number;
  readonly requests: number;
}

/**
 * The same small scenario on the counting model and on dynalite over HTTP. What is random in keys and versions (their length
 * in digits) lets units differ by a little.
 */
export async function checkModel(nowMs: number): Promise<ModelCheck[]> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = createDocumentClient({ endpoint: `http://127.0.0.1:${port}`, credentials: EMULATOR_CREDENTIALS });
  try {
    await migrateTable(client, TABLE);
    const real = await playScenario(client, nowMs);
    const model = await playScenario(createDynamoModel({ freeWhenEmpty: true }).client, nowMs);
    return real.map(({ what, units }, i) => ({
      what,
      dynalite: units,
      model: model[i]?.units ?? { read: 0, write: 0, requests: 0 },
    }));
  } finally {
    client.destroy();
    server.close();
    server.closeAllConnections();
  }
}

async function playScenario(client: RequestOptions["client"], nowMs: number) {
  const clock = createTestClock(nowMs);
  let units = { read: 0, write: 0, requests: 0 };
  const steps: { what: string; units: Units }[] = [];
  const city = openCityStore({
    client,
    table: TABLE,
    clock,
    onConsumed({ read, write, requests }) {
      units = { read: units.read + read, write: units.write + write, requests: units.requests + requests };
    },
  });
  const step = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    units = { read: 0, write: 0, requests: 0 };
    await work();
    steps.push({ what, units });
    clock.advance(20_000);
  };
  // The model is a table that is there.
  await step("3 000 reports in batches", () => fill(city, cityReports({ count: 3000, nowMs, layers: ["safety"] })));
  await step("first compaction", () => city.compactor.rebuild());
  const traffic = cityTraffic({ startMs: clock.now(), everyMs: 100, layers: ["safety"] });
  await step("100 reports one by one", async () => {
    for (let i = 0; i < 100; i++) {
      const { value } = traffic.next();
      if (value) await city.store.append(value);
    }
    // Their rows follow, in a time that is not the bench's.
    await sleep(500);
    await city.store.confirm();
  });
  await step("cold tiles z0..z18, 100 reports pending", async () => {
    for (let z = 0; z <= 18; z += 2) {
      const tile = tileAt(worldX(CITY_CENTER[0]), worldY(CITY_CENTER[1]), z);
      await (await city.startProcess()).clusterCells("safety", tile, "90d");
    }
  });
  await step("second compaction", () => city.compactor.run());
  return steps;
}
