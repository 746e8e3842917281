import { readItem, StoredItemError, writeItem } from "../../../tiles/codec/stored-item.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { DerivedItem, DerivedStore } from "../../ports/derived-store.ts";
import type { Anchor } from "./anchor.ts";

export const ANCHORS_GROUP = "imports/anchors";
const VERSION = 1;

/** Anchors that have a name are kept under it, others under the content of their file. */
export const itemName = ({ name, file }: Pick<Anchor, "name" | "file">): string =>
  name === undefined ? `content/${file.contentHash}` : nameItem(name);
export const nameItem = (name: string): string => `name/${name}`;

export const encodeAnchor = (anchor: Anchor): Uint8Array<ArrayBuffer> =>
  writeItem("import-anchor", VERSION, (out) => out.text(JSON.stringify(anchor)));

/** @throws StoredItemError */
export const decodeAnchor = ({ name, body }: Pick<DerivedItem, "name" | "body">): Anchor =>
  readItem("import-anchor", VERSION, name, body, (from) => JSON.parse(from.text()) as Anchor);

export interface KeptAnchor {
  readonly anchor: Anchor;
  /** What a write must name. */
  readonly version: number;
}

/** What is kept, by name of the item; those that cannot be read by their names alone. */
export interface KeptAnchors {
  readonly anchors: ReadonlyMap<string, KeptAnchor>;
  readonly unreadable: ReadonlyMap<string, number>;
}

/** @throws StoreUnavailableError */
export async function listAnchors(derived: Pick<DerivedStore, "list">): Promise<KeptAnchors> {
  const anchors = new Map<string, KeptAnchor>();
  const unreadable = new Map<string, number>();
  for (const item of await derived.list(ANCHORS_GROUP, { consistent: true })) {
    try {
      anchors.set(item.name, { anchor: decodeAnchor(item), version: item.version });
    } catch (error) {
      if (!(error instanceof StoredItemError)) throw error;
      unreadable.set(item.name, item.version);
    }
  }
  return { anchors, unreadable };
}

/**
 * Keeps an anchor until the last report dated by it has expired. False: another import was faster.
 * @param expected version of the item that it takes the place of
 * @throws StoreUnavailableError
 */
export const putAnchor = (
  derived: Pick<DerivedStore, "put">,
  anchor: Anchor,
  expected: number | undefined,
): Promise<boolean> =>
  derived.put(ANCHORS_GROUP, itemName(anchor), encodeAnchor(anchor), {
    expected,
    expiresAtMs: anchor.latestMs + REPORT_LIFETIME_MS,
  });
