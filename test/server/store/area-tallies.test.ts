import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { migrateTable } from "../../../server/store/dynamo/table.ts";
import { openSqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { playAreaHistory } from "../pyramid/area-history.ts";
import { connect } from "./emulators.ts";

describe("reports in areas are counted exactly", () => {
  // The clocks of stores that expire items are the machine's.
  const options = { steps: 10, imported: 80, startMs: Date.now() };

  it("on SQLite", async () => {
    const dir = mkdtempSync(join(tmpdir(), "areas-"));
    const opened: ReturnType<typeof openSqliteStores>[] = [];
    try {
      await playAreaHistory({
        ...options,
        seed: 5,
        open(clock) {
          const stores = openSqliteStores({ path: join(dir, "reports.sqlite"), clock });
          opened.push(stores);
          return stores;
        },
      });
    } finally {
      for (const { store } of opened) await store.close();
      rmSync(dir, { recursive: true });
    }
  });

  it("on DynamoDB", async () => {
    const server = await startDynalite();
    const client = connect(server.endpoint);
    try {
      await migrateTable(client, "areas");
      await playAreaHistory({
        ...options,
        // Each step is hundreds of requests of the emulator.
        ...{ steps: 6, imported: 40 },
        seed: 6,
        open: (clock) => ({
          store: createDynamoStore({ client, table: "areas", clock }),
          derived: createDynamoDerivedStore({ client, table: "areas", clock }),
        }),
      });
    } finally {
      client.destroy();
      await server.stop();
    }
  });
});
