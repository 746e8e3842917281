import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import type { Clock } from "../../../server/ports/clock.ts";
import { IN_MEMORY } from "../../../server/store/sqlite/schema.ts";
import { openSqliteStores, type SqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { describeContract } from "./contract.ts";
import { describeDerivedContract } from "./derived-contract.ts";

/** Files in a folder of their own. */
function openFolder() {
  const dir = mkdtempSync(join(tmpdir(), "sqlite-"));
  return {
    open: (table: string, clock: Clock) => openSqliteStores({ path: join(dir, `${table}.sqlite`), clock }),
    async stop() {
      rmSync(dir, { recursive: true });
    },
  };
}

/** Each opening is one of the same file, with a writing thread of its own, as in another process. */
describeContract("sqlite store", async () => {
  const { open, stop } = openFolder();
  return { open: (table, clock) => open(table, clock).store, stop };
});

/** The same code without the thread. */
describe("one connection", { tags: "slow" }, () => {
  describeContract("sqlite store in memory", async () => {
    const stores = new Map<string, SqliteStores>();
    return {
      open(table, clock) {
        const opened = stores.get(table) ?? openSqliteStores({ path: IN_MEMORY, clock });
        stores.set(table, opened);
        return opened.store;
      },
      async stop() {},
    };
  });
});

describeDerivedContract("derived data in sqlite", async () => {
  const { open, stop } = openFolder();
  const opened: SqliteStores[] = [];
  return {
    async open(table, clock) {
      const stores = open(table, clock);
      opened.push(stores);
      return stores.derived;
    },
    async stop() {
      for (const { store } of opened) await store.close();
      await stop();
    },
  };
});
