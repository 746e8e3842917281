import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { createBackgroundPace } from "../../../server/runtime/node/background-pace.ts";
import { pacedAdapters } from "../../../server/runtime/paced-adapters.ts";
import { openDynamo } from "../../../server/runtime/stores/open-dynamo.ts";
import { EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { AUSTIN, makeReports } from "../../kit/make-report.ts";

it("a DynamoDB's units are spent by the background's calls, and by nobody else's", async () => {
  const emulator = await startDynalite();
  onTestFinished(() => emulator.stop());
  const address = { endpoint: emulator.endpoint, region: "local", credentials: EMULATOR_CREDENTIALS };
  // What is spent comes back within days.
  const pace = createBackgroundPace({ ...readConfig({ DYNAMODB_TABLE: "reports" }), backgroundUnitsPerSecond: 1e-6 });
  const { store, derived } = openDynamo(
    { tableName: "reports", ...address },
    { clock: { now: Date.now }, onConsumed: pace.consumed },
  );
  onTestFinished(() => store.close());
  await store.migrate();
  const reports = makeReports(50, Date.now() - 60_000, AUSTIN);
  const cell = { layer: "safety", geohash5: "9v6kp" } as const;
  const readAll = async () => (await store.readCell(cell)).reports.length;
  const behind = pacedAdapters({ store, derived, sql: async () => [] }, pace);

  // Requests spend nothing: the background reads all the same.
  await store.putMany(reports);
  expect(await readAll()).toBe(50);
  expect((await behind.store.readCell(cell)).reports).toHaveLength(50);
  // That was spent.
  let isRead = false;
  void behind.derived.list("slices/safety/9v6").then(() => {
    isRead = true;
  });
  for (let i = 0; i < 5; i++) expect(await readAll()).toBe(50);
  expect(isRead).toBe(false);
});
