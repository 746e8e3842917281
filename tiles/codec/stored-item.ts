import { type ByteReader, type Bytes, checksum, createByteReader, createBytes } from "./bytes.ts";

/**
 * The frame of every stored binary item: a kind, a format version, the content, and a checksum over all of it. A reader
 * that finds anything else throws, and falls back to the report log.
 */
export const ITEM_KINDS = {
  "micro-cells": 0x4d,
  reports: 0x52,
  "edited-reports": 0x45,
  compaction: 0x43,
  confirmations: 0x46,
  "appended-report": 0x41,
  "compaction-plan": 0x50,
  "compaction-cells": 0x4c,
  "compaction-progress": 0x47,
  "street-head": 0x54,
  "street-units": 0x53,
  "area-sets": 0x57,
  "area-index": 0x49,
  areas: 0x4e,
  "area-tally": 0x59,
  moderation: 0x44,
  "import-anchor": 0x4b,
  "import-rejects": 0x5a,
  "import-feed": 0x51,
  "young-rows": 0x56,
  "import-run": 0x55,
  "import-journal": 0x4a,
  "import-lease": 0x42,
} as const;
export type ItemKind = keyof typeof ITEM_KINDS;

/** Kind and version. */
export const ITEM_HEAD_BYTES = 2;
const CHECKSUM_BYTES = 4;

/** An item's bytes are not what they should be: cut short, damaged, or of another kind or version. */
export class StoredItemError extends Error {
  override readonly name = "StoredItemError";
}

export function writeItem(kind: ItemKind, version: number, write: (out: Bytes) => void): Uint8Array<ArrayBuffer> {
  const out = createBytes(1024);
  out.byte(ITEM_KINDS[kind]);
  out.byte(version);
  write(out);
  const sum = checksum(out.view());
  for (let i = 0; i < CHECKSUM_BYTES; i++) out.byte((sum >>> (8 * i)) & 255);
  return out.take();
}

/**
 * Reads an item of one of some versions, which are told; `name` is for the message.
 * @throws StoredItemError
 */
export function readItem<T>(
  kind: ItemKind,
  versions: number | readonly number[],
  name: string,
  bytes: Uint8Array,
  read: (from: ByteReader, version: number) => T,
): T {
  const known = typeof versions === "number" ? [versions] : versions;
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < ITEM_HEAD_BYTES) throw new StoredItemError(`${name}: ${bytes.length} bytes are no item`);
  let sum = 0;
  for (let i = 0; i < CHECKSUM_BYTES; i++) sum += (bytes[end + i] as number) * 2 ** (8 * i);
  if (bytes[0] !== ITEM_KINDS[kind]) throw new StoredItemError(`${name}: not of kind ${kind}`);
  const version = bytes[1] as number;
  if (!known.includes(version))
    throw new StoredItemError(`${name}: format version ${version}, this program reads ${known.join(" and ")}`);
  if (sum !== checksum(bytes, end)) throw new StoredItemError(`${name}: damaged`);
  try {
    const reader = createByteReader(bytes, ITEM_HEAD_BYTES, end);
    const value = read(reader, version);
    if (reader.position() !== end) throw new RangeError(`${end - reader.position()} bytes left over`);
    return value;
  } catch (error) {
    throw new StoredItemError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Says which optional columns follow, a bit for each, so that new ones come without a new version. Whoever does not know of a column
 * cannot read past it. docs/formats.md lists the bits.
 * @param known the bits that the caller reads
 * @throws RangeError on another bit
 */
export function readPresence(from: ByteReader, known: number): number {
  const present = from.byte();
  if ((present & ~known) !== 0) throw new RangeError(`optional columns ${present.toString(2)} are not known`);
  return present;
}
