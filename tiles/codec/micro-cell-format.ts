import { latOf, lonOf, originsOf, xOf, yOf } from "../cells/micro-cell-origins.ts";
import { type MicroCells, NEWEST_STEP_MS } from "../cells/micro-cells.ts";
import { MAX_PRECISION } from "../geo/geohash.ts";
import { BAND_COUNT } from "../layers.ts";
import { bestOrder, bitLength, golombBits } from "./bits.ts";
import type { ByteReader, Bytes } from "./bytes.ts";
import { dictionaryOf, readDictionary, restBytesOf, writeDictionary } from "./report-codec.ts";

/** What is written of all cells first: the parameters of the codes. */
export interface Format {
  readonly precision: number;
  readonly firstKey: number;
  /** Order of the steps from key to key. */
  readonly keyOrder: number;
  /** Orders of the counts of each band, beside what the count of the older one suggests; see `countOrder`. */
  readonly countOrders: readonly number[];
  /** The mean severity, in steps of 1 / USUAL_STEPS. */
  readonly usual: number;
  /** Bits of a mean's distance from its cell's corner. */
  readonly meanBits: { readonly x: number; readonly y: number };
  /** For cells whose newest report is in a band: the last minute of any of them, and the bits of a distance from it. */
  readonly lastMinute: readonly number[];
  readonly minuteBits: readonly number[];
  readonly categories: readonly string[];
  readonly restBits: number;
  readonly placeBits: number;
}

export function writeFormat(out: Bytes, format: Format): void {
  out.byte(format.precision);
  out.varint(format.firstKey);
  out.byte(format.keyOrder);
  for (const order of format.countOrders) out.byte(order);
  out.byte(format.usual);
  out.byte(format.meanBits.x);
  out.byte(format.meanBits.y);
  const last = Math.max(...format.lastMinute);
  out.varint(last);
  // 0 for a band that is no cell's newest.
  for (const minute of format.lastMinute) out.varint(minute === 0 ? 0 : last - minute + 1);
  for (const width of format.minuteBits) out.byte(width);
  writeDictionary(out, new Map(format.categories.map((category, code) => [category, code])));
  out.byte(format.restBits);
  out.byte(format.placeBits);
}

export function readFormat(from: ByteReader): Format {
  const precision = from.byte();
  const firstKey = from.varint();
  const keyOrder = from.byte();
  const eachBand = (read: () => number): number[] => Array.from({ length: BAND_COUNT }, read);
  const countOrders = eachBand(from.byte);
  const usual = from.byte();
  const meanBits = { x: from.byte(), y: from.byte() };
  const last = from.varint();
  const lastMinute = eachBand(() => last + 1 - from.varint());
  const minuteBits = eachBand(from.byte);
  const categories = readDictionary(from);
  const [restBits, placeBits] = [from.byte(), from.byte()];
  const widths = [keyOrder, ...countOrders, meanBits.x, meanBits.y, ...minuteBits, restBits, placeBits];
  if (precision > MAX_PRECISION || widths.some((width) => width > MAX_BITS)) throw new RangeError("impossible format");
  return {
    precision,
    firstKey,
    keyOrder,
    countOrders,
    usual,
    meanBits,
    lastMinute,
    minuteBits,
    categories,
    restBits,
    placeBits,
  };
}

/** No number here is wider: rests of ids are the widest. */
const MAX_BITS = 48;

export function chooseFormat(cells: MicroCells): Format {
  const { length, newest } = cells;
  const origins = originsOf(cells.precision);
  const steps: number[] = [];
  const mean = { x: 0, y: 0 };
  const firstMinute = new Array<number>(BAND_COUNT).fill(Infinity);
  const lastMinute = new Array<number>(BAND_COUNT).fill(0);
  const categories = new Set<string>();
  const rests: number[] = [];
  let place = 0;
  for (let cell = 0; cell < length; cell++) {
    const key = cells.key[cell] as number;
    if (cell > 0) steps.push(key - (cells.key[cell - 1] as number) - 1);
    const low = origins.lowOf(key);
    const band = newestBand(bandsOf(cells, cell));
    let count = 0;
    for (let b = 0; b < BAND_COUNT; b++) count += cells.bandCount[cell * BAND_COUNT + b] as number;
    mean.x = Math.max(mean.x, Math.floor(((cells.sumX[cell] as number) - count * xOf(origins, low)) / count));
    mean.y = Math.max(mean.y, Math.floor(((cells.sumY[cell] as number) - count * yOf(origins, low)) / count));
    const minute = Math.floor((newest.createdAtMs[cell] as number) / NEWEST_STEP_MS);
    firstMinute[band] = Math.min(firstMinute[band] as number, minute);
    lastMinute[band] = Math.max(lastMinute[band] as number, minute);
    if (!standsAlone(cells, cell, band)) continue;
    categories.add(newest.category[cell] as string);
    rests.push(newest.idRest[cell] as number);
    place = Math.max(
      place,
      (newest.lonE6[cell] as number) - lonOf(origins, low),
      (newest.latE6[cell] as number) - latOf(origins, low),
    );
  }
  return {
    precision: cells.precision,
    firstKey: cells.key[0] as number,
    keyOrder: bestOrder(steps),
    countOrders: bestCountOrders(cells),
    usual: usualStep(cells),
    meanBits: { x: bitLength(mean.x), y: bitLength(mean.y) },
    lastMinute,
    minuteBits: lastMinute.map((last, band) => bitLength(Math.max(0, last - (firstMinute[band] as number)))),
    categories: [...dictionaryOf([...categories]).keys()],
    restBits: 8 * restBytesOf(Float64Array.from(rests)),
    placeBits: bitLength(place),
  };
}

/** The offset of each band with which its counts take the fewest bits. */
function bestCountOrders({ length, bandCount }: MicroCells): number[] {
  const sums = new Float64Array(BAND_COUNT * (MAX_OFFSET + 1));
  for (let cell = 0; cell < length; cell++) {
    for (let band = BAND_COUNT - 1, older = OLDEST_COUNT; band >= 0; band--) {
      const count = bandCount[cell * BAND_COUNT + band] as number;
      if (count === 0) continue;
      for (let offset = 0; offset <= MAX_OFFSET; offset++) {
        const at = band * (MAX_OFFSET + 1) + offset;
        sums[at] = (sums[at] as number) + golombBits(count - 1, countOrder(older, offset));
      }
      older = count;
    }
  }
  return Array.from({ length: BAND_COUNT }, (_, band) => {
    const of = sums.subarray(band * (MAX_OFFSET + 1), (band + 1) * (MAX_OFFSET + 1));
    return of.indexOf(of.reduce((least, sum) => Math.min(least, sum), Infinity));
  });
}

/** Sets of bands there are, as bits; bit 0 is the newest. */
export const BAND_SETS = 1 << BAND_COUNT;

/** The bands in which a cell has reports. */
export function bandsOf({ bandCount }: Omit<MicroCells, "staleAtMs" | "lacking">, cell: number): number {
  let bands = 0;
  for (let band = 0; band < BAND_COUNT; band++) if (bandCount[cell * BAND_COUNT + band] !== 0) bands |= 1 << band;
  return bands;
}

/** The newest band of each set. */
const NEWEST = Uint8Array.from({ length: BAND_SETS }, (_, bands) => Math.max(0, 31 - Math.clz32(bands & -bands)));
export const newestBand = (bands: number): number => NEWEST[bands] as number;

/** Whether the newest report is the only one of its band, and its details are known. */
export const standsAlone = (cells: MicroCells, cell: number, band: number): boolean =>
  cells.bandCount[cell * BAND_COUNT + band] === 1 && cells.newest.category[cell] !== "";

/** Steps of the usual severity between two severities. */
export const USUAL_STEPS = 32;

/** The mean severity of all reports of the cells, in steps. */
function usualStep({ bandCount, bandSeverity }: MicroCells): number {
  const sum = (array: Uint32Array): number => array.reduce((total, value) => total + value, 0);
  return Math.round((USUAL_STEPS * sum(bandSeverity)) / sum(bandCount));
}

/** A busy place is busy in every band: the count of the older one says how long this one's is. */
export const countOrder = (older: number, offset: number): number => Math.max(0, bitLength(older) - offset);

/** Stands for a count before the oldest. Its bits are as many as there are offsets, so that one of these gives any order. */
export const OLDEST_COUNT = 2 ** 15 - 1;
const MAX_OFFSET = 15;
