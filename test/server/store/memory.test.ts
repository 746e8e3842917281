import type { ReportStore } from "../../../server/ports.ts";
import { createMemoryStore } from "../../../server/store/memory.ts";
import { describeContract } from "./contract.ts";

describeContract("memory store", async () => {
  const stores = new Map<string, ReportStore>();
  return {
    open(table, clock) {
      const store = stores.get(table) ?? createMemoryStore({ clock });
      stores.set(table, store);
      return store;
    },
    async stop() {},
  };
});
