import { type BitReader, type BitWriter, bitLength, createBitReader, createBitWriter } from "./bits.ts";
import type { Bytes } from "./bytes.ts";
import { BAND_COUNT, MAX_SEVERITY, MIN_SEVERITY } from "./layers.ts";
import {
  chooseFormat,
  countOrder,
  type Format,
  MINUTE_MS,
  newestBand,
  OLDEST_COUNT,
  readFormat,
  standsAlone,
  USUAL_STEPS,
  writeFormat,
} from "./micro-cell-format.ts";
import { createOrigins } from "./micro-cell-origins.ts";
import { allocateCells, type MicroCells } from "./micro-cells.ts";
import { lookUp } from "./report-codec.ts";
import { readItem, writeItem } from "./stored-item.ts";

/**
 * Micro cells as a stored item: about 13 bytes a cell. Numbers take as many bits as they need, by codes whose parameters are
 * chosen for each item and stand at its beginning. A cell's newest report is written whole only if some time window may show it
 * alone, that is if its band holds no second report: otherwise the minute of its time is enough, and half of the bytes are saved.
 */
const VERSION = 3;

/** Micro cells of the reports that were created before a time. */
export interface StoredMicroCells extends MicroCells {
  /** Unix milliseconds, whole: there may be reports from then on, and none of them is in the cells. */
  readonly beforeMs: number;
}

const MS_BITS = 16;

export function encodeMicroCells(cells: MicroCells, beforeMs: number): Uint8Array<ArrayBuffer> {
  return writeItem("micro-cells", VERSION, (out) => {
    out.varint(beforeMs);
    out.varint(cells.length);
    out.double(cells.staleAtMs);
    if (cells.length === 0) out.byte(cells.precision);
    else writeCells(out, cells);
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeMicroCells(bytes: Uint8Array, name: string): StoredMicroCells {
  return readItem("micro-cells", VERSION, name, bytes, (from) => {
    const beforeMs = from.varint();
    const length = from.varint();
    if (length > bytes.length) throw new RangeError(`${length} cells in ${bytes.length} bytes`);
    const staleAtMs = from.double();
    if (length === 0) return { ...allocateCells(from.byte(), 0), staleAtMs, beforeMs };
    const format = readFormat(from);
    const cells = allocateCells(format.precision, length);
    const bits = createBitReader(bytes, from.position());
    readCells(bits, cells, format);
    from.skip(bits.position() - from.position());
    return { ...cells, staleAtMs, beforeMs };
  });
}

function writeCells(out: Bytes, cells: MicroCells): void {
  const format = chooseFormat(cells);
  writeFormat(out, format);
  const bits = createBitWriter(out);
  const codeOf = new Map(format.categories.map((category, code) => [category, code]));
  const originOf = createOrigins(cells.precision);
  for (let cell = 0, before = format.firstKey - 1; cell < cells.length; cell++) {
    const key = cells.key[cell] as number;
    bits.golomb(key - before - 1, format.keyOrder);
    before = key;
    const band = newestBand(cells, cell);
    const count = writeBands(bits, cells, cell, format);
    const origin = originOf(key);
    writeSum(bits, (cells.sumX[cell] as number) - count * origin.x, count, format.meanBits.x);
    writeSum(bits, (cells.sumY[cell] as number) - count * origin.y, count, format.meanBits.y);
    const newestMs = cells.newest.createdAtMs[cell] as number;
    const minute = Math.floor(newestMs / MINUTE_MS);
    bits.bits((format.lastMinute[band] as number) - minute, format.minuteBits[band] as number);
    if (cells.bandCount[cell * BAND_COUNT + band] !== 1) continue;
    const alone = standsAlone(cells, cell, band);
    bits.bits(alone ? 1 : 0, 1);
    if (!alone) continue;
    bits.bits(newestMs - minute * MINUTE_MS, MS_BITS);
    bits.bits(cells.newest.idRest[cell] as number, format.restBits);
    bits.bits((cells.newest.lonE6[cell] as number) - origin.lon, format.placeBits);
    bits.bits((cells.newest.latE6[cell] as number) - origin.lat, format.placeBits);
    bits.below(codeOf.get(cells.newest.category[cell] as string) ?? 0, format.categories.length);
  }
  bits.finish();
}

function readCells(bits: BitReader, cells: Omit<MicroCells, "staleAtMs">, format: Format): void {
  const { newest } = cells;
  const originOf = createOrigins(cells.precision);
  for (let cell = 0, key = format.firstKey - 1; cell < cells.length; cell++) {
    key += bits.golomb(format.keyOrder) + 1;
    cells.key[cell] = key;
    const count = readBands(bits, cells, cell, format);
    const band = newestBand(cells, cell);
    const origin = originOf(key);
    cells.sumX[cell] = readSum(bits, count, format.meanBits.x) + count * origin.x;
    cells.sumY[cell] = readSum(bits, count, format.meanBits.y) + count * origin.y;
    const minute = (format.lastMinute[band] as number) - bits.bits(format.minuteBits[band] as number);
    newest.createdAtMs[cell] = minute * MINUTE_MS;
    if (cells.bandCount[cell * BAND_COUNT + band] !== 1 || bits.bits(1) === 0) continue;
    newest.createdAtMs[cell] = minute * MINUTE_MS + bits.bits(MS_BITS);
    newest.idRest[cell] = bits.bits(format.restBits);
    newest.lonE6[cell] = origin.lon + bits.bits(format.placeBits);
    newest.latE6[cell] = origin.lat + bits.bits(format.placeBits);
    newest.severity[cell] = cells.bandSeverity[cell * BAND_COUNT + band] as number;
    newest.category[cell] = lookUp(format.categories, bits.below(format.categories.length));
  }
}

/** Writes how many reports each band has and how severe they are, oldest first; returns how many there are in all. */
function writeBands(bits: BitWriter, cells: MicroCells, cell: number, { countOrders, usual }: Format): number {
  let total = 0;
  let older = OLDEST_COUNT;
  for (let band = BAND_COUNT - 1; band >= 0; band--) {
    const count = cells.bandCount[cell * BAND_COUNT + band] as number;
    writeCount(bits, count, countOrder(older, countOrders[band] as number));
    if (count === 0) continue;
    writeSeverity(bits, count, cells.bandSeverity[cell * BAND_COUNT + band] as number, usual);
    older = count;
    total += count;
  }
  return total;
}

function readBands(
  bits: BitReader,
  cells: Omit<MicroCells, "staleAtMs">,
  cell: number,
  { countOrders, usual }: Format,
): number {
  let total = 0;
  let older = OLDEST_COUNT;
  for (let band = BAND_COUNT - 1; band >= 0; band--) {
    const count = readCount(bits, countOrder(older, countOrders[band] as number));
    if (count === 0) continue;
    cells.bandCount[cell * BAND_COUNT + band] = count;
    cells.bandSeverity[cell * BAND_COUNT + band] = readSeverity(bits, count, usual);
    older = count;
    total += count;
  }
  if (total === 0) throw new RangeError(`cell ${cell} is empty`);
  return total;
}

/** Where most counts are small, a bit for those that are none makes the others shorter. */
function writeCount(bits: BitWriter, count: number, order: number): void {
  if (order > 0) bits.golomb(count, order);
  else {
    bits.bits(count === 0 ? 0 : 1, 1);
    if (count > 0) bits.golomb(count - 1, 0);
  }
}

function readCount(bits: BitReader, order: number): number {
  if (order > 0) return bits.golomb(order);
  return bits.bits(1) === 0 ? 0 : bits.golomb(0) + 1;
}

/** Counts up to this have all sums of severities about as likely; those of more crowd around what is usual. */
const FEW = 4;

function writeSeverity(bits: BitWriter, count: number, severity: number, usual: number): void {
  const least = count * MIN_SEVERITY;
  if (severity < least || severity > count * MAX_SEVERITY) {
    throw new RangeError(`severities of ${count} reports cannot sum to ${severity}`);
  }
  if (count <= FEW) bits.below(severity - least, severitySums(count));
  else {
    const off = severity - usualSeverity(count, usual);
    bits.golomb(off < 0 ? -2 * off - 1 : 2 * off, severityOrder(count));
  }
}

function readSeverity(bits: BitReader, count: number, usual: number): number {
  if (count <= FEW) return bits.below(severitySums(count)) + count * MIN_SEVERITY;
  const code = bits.golomb(severityOrder(count));
  return usualSeverity(count, usual) + (code % 2 === 0 ? code / 2 : -(code + 1) / 2);
}

const severitySums = (count: number): number => count * (MAX_SEVERITY - MIN_SEVERITY) + 1;
const usualSeverity = (count: number, usual: number): number => Math.round((count * usual) / USUAL_STEPS);
/** Sums of independent severities lie within about the root of their number from the usual. */
const severityOrder = (count: number): number => (bitLength(count) + 1) >> 1;

/** A sum as its mean, whole, and what is left. */
function writeSum(bits: BitWriter, sum: number, count: number, meanBits: number): void {
  const mean = Math.floor(sum / count);
  bits.bits(mean, meanBits);
  bits.below(sum - mean * count, count);
}

const readSum = (bits: BitReader, count: number, meanBits: number): number =>
  bits.bits(meanBits) * count + bits.below(count);
