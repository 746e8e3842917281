import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { type Backend, describeContract } from "./contract.ts";

for (const shards of [1, 5]) describeContract("memory store", start, shards);

async function start(): Promise<Backend> {
  const stores = new Map<string, ReportStore>();
  return {
    open(table, clock) {
      const store = stores.get(table) ?? createMemoryStore({ clock });
      stores.set(table, store);
      return store;
    },
    async stop() {},
  };
}
