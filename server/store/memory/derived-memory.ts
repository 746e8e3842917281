import type { Clock } from "../../ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../../ports/derived-store.ts";
import { checkDerivedItem, isKept } from "../derived.ts";
import { ttlSeconds } from "../rows.ts";

interface Kept extends DerivedItem {
  readonly expiresAtSeconds: number | undefined;
}

/** Derived data that lives and dies with the process. */
export function createMemoryDerivedStore({ clock }: { clock: Clock }): DerivedStore {
  const groups = new Map<string, Map<string, Kept>>();
  /** Counts all writes, so that an item that was removed and written again has a version of its own. */
  let writes = 0;

  function find(group: string, name: string): Kept | undefined {
    const item = groups.get(group)?.get(name);
    return item && isKept(item.expiresAtSeconds, clock.now()) ? item : undefined;
  }

  return {
    async list(group, { from = "", to, limit, descending = false } = {}) {
      const now = clock.now();
      const order = descending ? -1 : 1;
      return [...(groups.get(group)?.values() ?? [])]
        .filter((item) => isKept(item.expiresAtSeconds, now))
        .filter(({ name }) => name >= from && (to === undefined || name <= to))
        .sort((a, b) => (a.name < b.name ? -order : order))
        .slice(0, limit)
        .map(itemOf);
    },

    async get(group, name) {
      const item = find(group, name);
      return item && itemOf(item);
    },

    async put(group, name, body, { expected, expiresAtMs }) {
      checkDerivedItem(group, name, body);
      if (find(group, name)?.version !== expected) return false;
      const items = groups.get(group) ?? new Map<string, Kept>();
      groups.set(group, items);
      const expiresAtSeconds = expiresAtMs === undefined ? undefined : ttlSeconds(expiresAtMs);
      // A copy: the caller may fill its array with something else.
      items.set(name, { name, body: Uint8Array.from(body), version: ++writes, expiresAtSeconds });
      return true;
    },

    async remove(group, items) {
      const kept = groups.get(group);
      for (const { name, version } of items) if (kept?.get(name)?.version === version) kept.delete(name);
      if (kept?.size === 0) groups.delete(group);
    },
  };
}

const itemOf = ({ name, body, version }: Kept): DerivedItem => ({ name, body, version });
