import { latOf, lonOf, originsOf, xOf, yOf } from "../cells/micro-cell-origins.ts";
import { type MicroCells, NEWEST_STEP_MS } from "../cells/micro-cells.ts";
import { BAND_COUNT } from "../layers.ts";
import type { BitReader, BitWriter } from "./bits.ts";
import { type Format, newestBand, standsAlone } from "./micro-cell-format.ts";
import type { CellScratch } from "./micro-cell-scratch.ts";
import { lookUp } from "./report-codec.ts";

/**
 * The columns of stored micro cells beside those of the age bands. A cell's newest report is written whole only if some time
 * window may show it alone, that is if its band holds no second report: otherwise the minute of its time is enough, and half of
 * the bytes are saved.
 */
type Cells = Omit<MicroCells, "staleAtMs" | "lacking">;

const MS_BITS = 16;

export function writeKeys(bits: BitWriter, { length, key }: Cells, { firstKey, keyOrder }: Format): void {
  for (let cell = 0, before = firstKey - 1; cell < length; cell++) {
    bits.golomb((key[cell] as number) - before - 1, keyOrder);
    before = key[cell] as number;
  }
}

export function readKeys(bits: BitReader, { length, key }: Cells, { firstKey, keyOrder }: Format): void {
  for (let cell = 0, last = firstKey - 1; cell < length; cell++) {
    last += bits.golomb(keyOrder) + 1;
    key[cell] = last;
  }
}

/** Each sum as its mean, whole, counted from the cell's corner, and what is left. */
export function writeSums(bits: BitWriter, cells: Cells, { meanBits }: Format, { total }: CellScratch): void {
  const origins = originsOf(cells.precision);
  for (let cell = 0; cell < cells.length; cell++) {
    const count = total[cell] as number;
    const low = origins.lowOf(cells.key[cell] as number);
    writeSum(bits, (cells.sumX[cell] as number) - count * xOf(origins, low), count, meanBits.x);
    writeSum(bits, (cells.sumY[cell] as number) - count * yOf(origins, low), count, meanBits.y);
  }
}

export function readSums(bits: BitReader, cells: Cells, { meanBits }: Format, { total }: CellScratch): void {
  const { length, key, sumX, sumY } = cells;
  const origins = originsOf(cells.precision);
  for (let cell = 0; cell < length; cell++) {
    const count = total[cell] as number;
    const low = origins.lowOf(key[cell] as number);
    sumX[cell] = readSum(bits, count, meanBits.x) + count * xOf(origins, low);
    sumY[cell] = readSum(bits, count, meanBits.y) + count * yOf(origins, low);
  }
}

function writeSum(bits: BitWriter, sum: number, count: number, meanBits: number): void {
  const mean = Math.floor(sum / count);
  bits.bits(mean, meanBits);
  bits.truncated(sum - mean * count, count);
}

const readSum = (bits: BitReader, count: number, meanBits: number): number =>
  bits.bits(meanBits) * count + bits.truncated(count);

export function writeNewest(bits: BitWriter, cells: MicroCells, format: Format, { bands }: CellScratch): void {
  const { length, key, bandCount, newest } = cells;
  const codeOf = new Map(format.categories.map((category, code) => [category, code]));
  const origins = originsOf(cells.precision);
  const minuteOf = (cell: number): number => Math.floor((newest.createdAtMs[cell] as number) / NEWEST_STEP_MS);
  for (let cell = 0; cell < length; cell++) {
    const band = newestBand(bands[cell] as number);
    bits.bits((format.lastMinute[band] as number) - minuteOf(cell), format.minuteBits[band] as number);
  }
  for (let cell = 0; cell < length; cell++) {
    const band = newestBand(bands[cell] as number);
    if (bandCount[cell * BAND_COUNT + band] === 1) bits.bits(standsAlone(cells, cell, band) ? 1 : 0, 1);
  }
  const lone = Array.from({ length }, (_, cell) => cell).filter((cell) =>
    standsAlone(cells, cell, newestBand(bands[cell] as number)),
  );
  for (const cell of lone) {
    bits.bits((newest.createdAtMs[cell] as number) - minuteOf(cell) * NEWEST_STEP_MS, MS_BITS);
    bits.bits(newest.idRest[cell] as number, format.restBits);
  }
  for (const cell of lone) {
    const low = origins.lowOf(key[cell] as number);
    bits.bits((newest.lonE6[cell] as number) - lonOf(origins, low), format.placeBits);
    bits.bits((newest.latE6[cell] as number) - latOf(origins, low), format.placeBits);
  }
  for (const cell of lone) bits.truncated(codeOf.get(newest.category[cell] as string) ?? 0, format.categories.length);
}

/** @throws RangeError on a category that is none of the item's */
export function readNewest(bits: BitReader, cells: Cells, format: Format, scratch: CellScratch): void {
  const { length, bandCount, newest } = cells;
  const { bands, chosen } = scratch;
  for (let cell = 0; cell < length; cell++) {
    const band = newestBand(bands[cell] as number);
    const minute = (format.lastMinute[band] as number) - bits.bits(format.minuteBits[band] as number);
    newest.createdAtMs[cell] = minute * NEWEST_STEP_MS;
  }
  let count = 0;
  for (let cell = 0; cell < length; cell++) {
    const at = cell * BAND_COUNT + newestBand(bands[cell] as number);
    if (bandCount[at] === 1 && bits.bits(1) === 1) chosen[count++] = cell;
  }
  readLone(bits, cells, format, bands, chosen.subarray(0, count));
}

/** The newest reports of these cells, which stand alone. */
function readLone(bits: BitReader, cells: Cells, format: Format, bands: Uint8Array, lone: Uint32Array): void {
  const { key, bandSeverity, newest } = cells;
  const { createdAtMs, idRest, lonE6, latE6, severity, category } = newest;
  const { restBits, placeBits, categories } = format;
  for (let i = 0; i < lone.length; i++) {
    const cell = lone[i] as number;
    createdAtMs[cell] = (createdAtMs[cell] as number) + bits.bits(MS_BITS);
    idRest[cell] = bits.bits(restBits);
    severity[cell] = bandSeverity[cell * BAND_COUNT + newestBand(bands[cell] as number)] as number;
  }
  const origins = originsOf(cells.precision);
  for (let i = 0; i < lone.length; i++) {
    const cell = lone[i] as number;
    const low = origins.lowOf(key[cell] as number);
    lonE6[cell] = lonOf(origins, low) + bits.bits(placeBits);
    latE6[cell] = latOf(origins, low) + bits.bits(placeBits);
  }
  for (let i = 0; i < lone.length; i++)
    category[lone[i] as number] = lookUp(categories, bits.truncated(categories.length));
}
