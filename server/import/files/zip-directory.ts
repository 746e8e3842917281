import { OperatorError } from "../../console/operator-error.ts";
import type { OpenedFile } from "./opened-file.ts";

/** A file in a ZIP archive, as its central directory tells (APPNOTE 6.3.10, 4.3.12). */
export interface ZipMember {
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Of its local header in the file. */
  readonly headerAt: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const END_64 = 0x06064b50;
const END_64_BYTES = 56;
const LOCATOR_64 = 0x07064b50;
const LOCATOR_64_BYTES = 20;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const LONGEST_COMMENT = 0xffff;
/** So long a list of names is no download of one file. */
const MOST_DIRECTORY_BYTES = 1 << 20;
const IN_64_BITS = 0xffffffff;
const EXTRA_64 = 1;

/** @throws OperatorError when there is none */
export async function readZipDirectory(file: OpenedFile): Promise<ZipMember[]> {
  const damaged = new OperatorError(
    `${file.path} is a damaged or cut-off ZIP file (no directory at its end): nothing was imported, get it again.`,
  );
  const { at, bytes } = (await findDirectory(file)) ?? {};
  if (at === undefined || bytes === undefined || at + bytes > file.sizeBytes) throw damaged;
  if (bytes > MOST_DIRECTORY_BYTES) {
    throw new OperatorError(`${file.path} has thousands of files in it: unpack it and import them one by one.`);
  }
  const directory = await file.readAt(at, bytes);
  const members: ZipMember[] = [];
  for (let from = 0; from + ENTRY_BYTES <= directory.length; ) {
    if (directory.readUInt32LE(from) !== ENTRY) break;
    const nameBytes = directory.readUInt16LE(from + 28);
    const extraBytes = directory.readUInt16LE(from + 30);
    const to = from + ENTRY_BYTES + nameBytes + extraBytes + directory.readUInt16LE(from + 32);
    if (to > directory.length) throw damaged;
    members.push(memberOf(directory.subarray(from, to), nameBytes, extraBytes));
    from = to;
  }
  return members;
}

async function findDirectory(file: OpenedFile): Promise<{ at: number; bytes: number } | undefined> {
  const tailAt = Math.max(0, file.sizeBytes - END_BYTES - LONGEST_COMMENT);
  const tail = await file.readAt(tailAt, file.sizeBytes - tailAt);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail[at] !== 0x50 || tail.readUInt32LE(at) !== END) continue;
    const found = { at: tail.readUInt32LE(at + 16), bytes: tail.readUInt32LE(at + 12) };
    const isIn64 = found.at === IN_64_BITS || found.bytes === IN_64_BITS || tail.readUInt16LE(at + 10) === 0xffff;
    return isIn64 ? ((await findDirectory64(file, tailAt + at)) ?? found) : found;
  }
  return undefined;
}

async function findDirectory64(file: OpenedFile, endAt: number): Promise<{ at: number; bytes: number } | undefined> {
  const locator = await file.readAt(Math.max(0, endAt - LOCATOR_64_BYTES), LOCATOR_64_BYTES);
  if (locator.length < LOCATOR_64_BYTES || locator.readUInt32LE(0) !== LOCATOR_64) return undefined;
  const end = await file.readAt(Number(locator.readBigUInt64LE(8)), END_64_BYTES);
  if (end.length < END_64_BYTES || end.readUInt32LE(0) !== END_64) return undefined;
  return { at: Number(end.readBigUInt64LE(48)), bytes: Number(end.readBigUInt64LE(40)) };
}

function memberOf(entry: Buffer, nameBytes: number, extraBytes: number): ZipMember {
  const nameEnd = ENTRY_BYTES + nameBytes;
  const wide = wideFields(entry.subarray(nameEnd, nameEnd + extraBytes));
  const size = (at: number): number => {
    const narrow = entry.readUInt32LE(at);
    return narrow === IN_64_BITS ? (wide.shift() ?? narrow) : narrow;
  };
  // In the order in which the 64-bit fields stand.
  const bytes = size(24);
  const packedBytes = size(20);
  const headerAt = size(42);
  return {
    name: entry.toString("utf8", ENTRY_BYTES, nameEnd),
    method: entry.readUInt16LE(10),
    isEncrypted: (entry.readUInt16LE(8) & 1) === 1,
    crc: entry.readUInt32LE(16),
    packedBytes,
    bytes,
    headerAt,
  };
}

/** The fields of ZIP64, those of an entry that did not fit in 32 bits. */
function wideFields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== EXTRA_64) continue;
    const body = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    return Array.from({ length: body.length >> 3 }, (_, i) => Number(body.readBigUInt64LE(i * 8)));
  }
  return [];
}
