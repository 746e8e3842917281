import { allocateBuffer, allocateCells, type MicroCells, viewCells } from "../cells/micro-cells.ts";
import { createBitReader, createBitWriter } from "./bits.ts";
import { type ByteReader, type Bytes, createByteReader } from "./bytes.ts";
import { readLacking, writeLacking } from "./lacking-weights.ts";
import { readBands, writeBands } from "./micro-cell-bands.ts";
import { readKeys, readNewest, readSums, writeKeys, writeNewest, writeSums } from "./micro-cell-columns.ts";
import { chooseFormat, readFormat, writeFormat } from "./micro-cell-format.ts";
import { allocateScratch, type CellScratch, clearScratch } from "./micro-cell-scratch.ts";
import { ITEM_HEAD_BYTES, readItem, readPresence, StoredItemError, writeItem } from "./stored-item.ts";

/**
 * Micro cells as a stored item: about 13 bytes a cell. Numbers take as many bits as they need, by codes whose parameters are
 * chosen for each item and stand at its beginning. They are written column by column, since a short loop that reads one kind of
 * number takes half the time of a long one that reads a cell.
 */
const VERSIONS = [4, 5] as const;
const [, VERSION] = VERSIONS;

/** Micro cells of the reports that were created before a time. */
export interface StoredMicroCells extends MicroCells {
  /** Unix milliseconds, whole: there may be reports from then on, and none of them is in the cells. */
  readonly beforeMs: number;
}

export function encodeMicroCells(cells: MicroCells, beforeMs: number): Uint8Array<ArrayBuffer> {
  return writeItem("micro-cells", VERSION, (out) => {
    out.varint(beforeMs);
    writeMicroCells(out, cells);
  });
}

/** The same inside another item. */
export function writeMicroCells(out: Bytes, cells: MicroCells): void {
  out.varint(cells.length);
  out.double(cells.staleAtMs);
  out.byte(cells.lacking === undefined ? 0 : LACKING);
  if (cells.length === 0) out.byte(cells.precision);
  else writeCells(out, cells);
  if (cells.lacking !== undefined) writeLacking(out, cells.lacking);
}

/** The optional columns: bits 0 and 1, which come together. */
const LACKING = 3;

/** Reads what `writeMicroCells` wrote, of the bytes that `from` reads. @throws RangeError */
export function readMicroCells(from: ByteReader, bytes: Uint8Array): MicroCells {
  return readBody(from, bytes, VERSION, allocateCells, allocateScratch);
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeMicroCells(bytes: Uint8Array, name: string): StoredMicroCells {
  return decodeInto(bytes, name, allocateCells, allocateScratch(cellsOf(bytes)));
}

/** An item's bytes and, for messages, its name. */
export interface NamedItem {
  readonly name: string;
  readonly body: Uint8Array;
}

/**
 * Items that are read together, such as the cell aggregates of a cluster cell, in one piece of memory: adding them up copies nothing then.
 * A `StoredItemError` in place of one that is not whole.
 */
export function decodeMicroCellGroup(items: readonly NamedItem[]): (StoredMicroCells | StoredItemError)[] {
  const lengths = items.map(({ body }) => cellsOf(body));
  const buffer = allocateBuffer(lengths.reduce((sum, length) => sum + length, 0));
  const scratch = allocateScratch(Math.max(0, ...lengths));
  let from = 0;
  return items.map(({ name, body }, i) => {
    const start = from;
    from += lengths[i] as number;
    try {
      return decodeInto(body, name, (precision, length) => viewCells(buffer, precision, start, length), scratch);
    } catch (error) {
      if (error instanceof StoredItemError) return error;
      throw error;
    }
  });
}

/** Cells of an item that is whole; of another anything, but no more than it has bytes. */
function cellsOf(bytes: Uint8Array): number {
  try {
    const from = createByteReader(bytes, ITEM_HEAD_BYTES);
    from.varint();
    return Math.min(from.varint(), bytes.length);
  } catch {
    return 0;
  }
}

function decodeInto(
  bytes: Uint8Array,
  name: string,
  allocate: typeof allocateCells,
  scratch: CellScratch,
): StoredMicroCells {
  return readItem("micro-cells", VERSIONS, name, bytes, (from, version) => {
    const beforeMs = from.varint();
    return { ...readBody(from, bytes, version, allocate, () => scratch), beforeMs };
  });
}

/** @param scratchFor for so many cells */
function readBody(
  from: ByteReader,
  bytes: Uint8Array,
  version: number,
  allocate: typeof allocateCells,
  scratchFor: (length: number) => CellScratch,
): MicroCells {
  const length = from.varint();
  if (length > bytes.length) throw new RangeError(`${length} cells in ${bytes.length} bytes`);
  const staleAtMs = from.double();
  const present = version >= VERSION ? readPresence(from, LACKING) : 0;
  if (present !== 0 && present !== LACKING) throw new RangeError(`optional columns ${present} without each other`);
  const readEnd = () => (present === 0 ? undefined : readLacking(from, length));
  if (length === 0) return { ...allocate(from.byte(), 0), lacking: readEnd(), staleAtMs };
  const format = readFormat(from);
  const cells = allocate(format.precision, length);
  const bits = createBitReader(bytes, from.position());
  const scratch = scratchFor(length);
  clearScratch(scratch, length);
  readKeys(bits, cells, format);
  readBands(bits, cells, format, scratch);
  readSums(bits, cells, format, scratch);
  readNewest(bits, cells, format, scratch);
  from.skip(bits.position() - from.position());
  return { ...cells, lacking: readEnd(), staleAtMs };
}

function writeCells(out: Bytes, cells: MicroCells): void {
  const format = chooseFormat(cells);
  writeFormat(out, format);
  const bits = createBitWriter(out);
  const scratch = allocateScratch(cells.length);
  clearScratch(scratch, cells.length);
  writeKeys(bits, cells, format);
  writeBands(bits, cells, format, scratch);
  writeSums(bits, cells, format, scratch);
  writeNewest(bits, cells, format, scratch);
  bits.finish();
}
