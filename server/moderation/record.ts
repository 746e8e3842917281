import { readItem, StoredItemError, writeItem } from "../../tiles/codec/stored-item.ts";
import type { Log } from "../console/log.ts";
import type { DerivedItem } from "../ports/derived-store.ts";

const VERSION = 1;

/** What moderation keeps, as an item: JSON in the frame that all stored items have. */
export const encodeRecord = (value: object): Uint8Array<ArrayBuffer> =>
  writeItem("moderation", VERSION, (out) => out.text(JSON.stringify(value)));

/** What an item says; undefined where there is none, or one that this program cannot read, which is logged. */
export function decodeRecord<T>(item: DerivedItem | undefined, log: Log): T | undefined {
  if (item === undefined) return undefined;
  try {
    return readItem("moderation", VERSION, item.name, item.body, (from) => JSON.parse(from.text()) as T);
  } catch (error) {
    if (!(error instanceof StoredItemError)) throw error;
    log.warn("record of moderation damaged, or of another version", { item: error.message });
    return undefined;
  }
}
