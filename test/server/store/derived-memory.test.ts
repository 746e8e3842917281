import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { describeDerivedContract } from "./derived-contract.ts";

describeDerivedContract("derived data in memory", async () => {
  const stores = new Map<string, DerivedStore>();
  return {
    async open(table, clock) {
      const store = stores.get(table) ?? createMemoryDerivedStore({ clock });
      stores.set(table, store);
      return store;
    },
    async stop() {},
  };
});
