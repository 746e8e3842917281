/** @module-tag slow */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";

/** Kills by SIGKILL; `KILLS=50 npm test` makes more of them. */
const KILLS = Number(process.env.KILLS ?? 4);
const BATCH = 60;
const ZOOMS = [0, 9, 12, 14, 16];

describe("a compacting process, killed", () => {
  let server: Awaited<ReturnType<typeof startDynalite>>;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());

  it(`loses nothing and counts nothing twice after ${KILLS} SIGKILLs`, async () => {
    const clock = { now: Date.now };
    const table = "kill";
    const client = createDocumentClient({
      endpoint: server.endpoint,
      region: "local",
      credentials: EMULATOR_CREDENTIALS,
    });
    const store = createDynamoStore({ client, table, clock });
    const derived = createDynamoDerivedStore({ client, table, clock });
    await store.migrate();
    const random = seededRandom(5);
    const reports = makeCity(BATCH * (KILLS + 1), Date.now());
    let killedAtWork = 0;
    for (let kill = 0; kill <= KILLS; kill++) {
      await store.putMany(reports.slice(kill * BATCH, (kill + 1) * BATCH));
      const child = compactProcess(server.endpoint, table);
      await once(child.stdout ?? child, "data");
      await new Promise((resolve) => setTimeout(resolve, random() * 300));
      if (child.exitCode === null) killedAtWork++;
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      const seen = reports.slice(0, (kill + 1) * BATCH);
      const tiles = createTileSource({ pyramid: createPyramid({ store, derived, clock, log: silentLog }) });
      for (const z of ZOOMS) {
        expect(countOf(await featuresOfZoom(tiles, tilesAround(seen, z), "safety")), `z${z} after kill ${kill}`).toBe(
          seen.length,
        );
      }
    }
    expect(killedAtWork).toBeGreaterThan(0);
    await createCompactor({ store, derived, clock, log: silentLog }).run();
    const tiles = createTileSource({ pyramid: createPyramid({ store, derived, clock, log: silentLog }) });
    for (const z of ZOOMS) {
      expect(countOf(await featuresOfZoom(tiles, tilesAround(reports, z), "safety"))).toBe(reports.length);
    }
    await store.close();
  });
});

/** A process that compacts; the first it prints says that it is about to. */
function compactProcess(endpoint: string, table: string): ChildProcess {
  return spawn(process.execPath, ["test/server/pyramid/compact-process.ts"], {
    env: { ...process.env, ENDPOINT: endpoint, TABLE: table },
    stdio: ["ignore", "pipe", "inherit"],
  });
}
