import { hash } from "node:crypto";
import { z } from "zod";
import { readItem, StoredItemError, writeItem } from "../../../tiles/codec/stored-item.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";

const GROUP = "imports/feeds";
const VERSION = 1;
/** A feed that nobody has read for so long is read whole again, which writes nothing twice. */
const KEPT_MS = 90 * 86_400_000;

const stateSchema = z.object({
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  contentHash: z.string().optional(),
  sizeBytes: z.number().optional(),
  mtimeMs: z.number().optional(),
});

/** What a feed was when it was last imported whole. */
export type FeedState = z.infer<typeof stateSchema>;

export interface FeedStates {
  /** Empty where nothing is known. */
  read(): Promise<FeedState>;
  keep(state: FeedState): Promise<void>;
}

/**
 * @param key decides the state, by its SHA-256 alone: the address, and all that an import of it depends on, so that one with other
 * options reads all
 */
export function createFeedStates(derived: DerivedStore, clock: Clock, key: string): FeedStates {
  const name = hash("sha256", key, "hex").slice(0, 32);
  const find = () => derived.get(GROUP, name, { consistent: true });
  return {
    async read() {
      const item = await find();
      try {
        return item === undefined ? {} : decodeFeedState(item.body, name);
      } catch (error) {
        // What another program wrote is as good as nothing: the feed is read whole.
        if (error instanceof StoredItemError) return {};
        throw error;
      }
    },
    async keep(state) {
      const expected = (await find())?.version;
      // Another process that watches the same was faster, and has seen as much.
      await derived.put(GROUP, name, encodeFeedState(state), { expected, expiresAtMs: clock.now() + KEPT_MS });
    },
  };
}

export const encodeFeedState = (state: FeedState): Uint8Array<ArrayBuffer> =>
  writeItem("import-feed", VERSION, (out) => out.text(JSON.stringify(state)));

/** @throws StoredItemError */
export const decodeFeedState = (body: Uint8Array, name: string): FeedState =>
  readItem("import-feed", VERSION, name, body, (from) => stateSchema.parse(JSON.parse(from.text())));
