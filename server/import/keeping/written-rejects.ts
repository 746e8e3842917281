import { readItem, StoredItemError, writeItem } from "../../../tiles/codec/stored-item.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../../ports/derived-store.ts";
import { StoreUnavailableError } from "../../ports/report-store.ts";

export const REJECTS_GROUP = "imports/rejects";
const VERSION = 1;

/** Which files of rejected rows imports have written, by their SHA-256 in hex: one that somebody has mended is none of them. */
export interface WrittenRejects {
  /** False also where it cannot be told. */
  has(contentHash: string): Promise<boolean>;
  add(contentHash: string): Promise<void>;
}

export const encodeWrittenRejects = (): Uint8Array<ArrayBuffer> => writeItem("import-rejects", VERSION, () => {});

/** @throws StoredItemError */
export const readWrittenRejects = ({ name, body }: Pick<DerivedItem, "name" | "body">): true =>
  readItem("import-rejects", VERSION, name, body, () => true);

/** Kept for as long as reports live. A store that is away makes files of rejects look like ones that were mended, which are left alone. */
export function createWrittenRejects(derived: Pick<DerivedStore, "get" | "put">, clock: Clock): WrittenRejects {
  return {
    async has(contentHash) {
      try {
        const item = await derived.get(REJECTS_GROUP, contentHash, { consistent: true });
        return item !== undefined && readWrittenRejects(item);
      } catch (error) {
        if (error instanceof StoreUnavailableError || error instanceof StoredItemError) return false;
        throw error;
      }
    },
    async add(contentHash) {
      const expiresAtMs = clock.now() + REPORT_LIFETIME_MS;
      try {
        // One that is there says the same, for somewhat less long.
        await derived.put(REJECTS_GROUP, contentHash, encodeWrittenRejects(), { expected: undefined, expiresAtMs });
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
      }
    },
  };
}
