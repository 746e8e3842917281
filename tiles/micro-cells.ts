import { BASE32, columnAt, MAX_PRECISION, rowAt } from "./geohash.ts";
import { AGE_BANDS, ageBand, BAND_COUNT } from "./layers.ts";
import {
  allocateColumns,
  BYTES_PER_ROW,
  compareRows,
  copyRow,
  type ReportColumns,
  takeRows,
} from "./report-columns.ts";
import { sortedOrder } from "./sorted-order.ts";
import { worldX, worldY } from "./tile-address.ts";

/**
 * Micro cells: what clustering needs to know of all reports in a small geohash cell. They form a commutative monoid (counts
 * and sums add, the newest report wins), so a coarser cell is the sum of the finer ones inside, in any order, exactly.
 *
 * Counts and severity sums are kept per age band. A time window is a run of bands from the newest on, hence one set of micro
 * cells answers every window, and a window that holds exactly one report holds exactly the cell's newest, whose details
 * are kept. The mean position is that of all bands.
 */
export interface MicroCells {
  readonly precision: number;
  readonly length: number;
  /** Geohash of each cell as a number (5 * precision bits), ascending. */
  readonly key: Float64Array;
  /** Reports by age band: `bandCount[cell * BAND_COUNT + band]`. */
  readonly bandCount: Uint32Array;
  readonly bandSeverity: Uint32Array;
  /** Sums of the reports' places on the grid of `gridOf`, so that adding is exact. */
  readonly sumX: Float64Array;
  readonly sumY: Float64Array;
  readonly newest: ReportColumns;
  /** From this time on, some report is in another band: Unix milliseconds, Infinity when there is none. */
  readonly staleAtMs: number;
}

/** Finest precision that is stored and added up; finer cells are made from reports for the closest zooms only. */
const FINEST_ADDED = 7;

/**
 * Steps across the world of the grid that places are summed on: half a pixel of the closest zoom that the cells are drawn
 * at. Coarse steps keep the stored sums of most cells to a byte each.
 */
export const gridOf = (precision: number): number => (precision <= FINEST_ADDED ? 2 ** 23 : 2 ** 26);

/** Stored cells know the time of their newest report to the minute, unless it may be shown alone. */
const NEWEST_STEP_MS = 60_000;

/** A time cut to what stored cells keep of it, where their newest report does not stand alone. */
export const cutToStep = (timeMs: number): number => Math.floor(timeMs / NEWEST_STEP_MS) * NEWEST_STEP_MS;

/** A time that all reports of a cell were created before, of the time of its newest, which may have been cut. */
export const afterNewest = (newestMs: number): number => cutToStep(newestMs) + NEWEST_STEP_MS;

/** Bytes that a micro cell occupies, for caches bounded in bytes. */
export const BYTES_PER_MICRO_CELL = 8 + BAND_COUNT * 8 + 16 + BYTES_PER_ROW;

const spread16 = (value: number): number => {
  let v = value;
  v = (v | (v << 8)) & 0x00ff00ff;
  v = (v | (v << 4)) & 0x0f0f0f0f;
  v = (v | (v << 2)) & 0x33333333;
  return (v | (v << 1)) & 0x55555555;
};

/** Geohash as a number: column and row interleaved, longitude first, so that numbers order as geohashes do. */
export function cellKey(column: number, row: number, precision: number): number {
  const lonLow = precision % 2 === 1;
  const low = lonLow ? column : row;
  const high = lonLow ? row : column;
  const lowBits = (spread16(low & 0xffff) | (spread16(high & 0xffff) << 1)) >>> 0;
  const highBits = (spread16(low >>> 16) | (spread16(high >>> 16) << 1)) >>> 0;
  return highBits * 2 ** 32 + lowBits;
}

const compact16 = (value: number): number => {
  let v = value & 0x55555555;
  v = (v | (v >>> 1)) & 0x33333333;
  v = (v | (v >>> 2)) & 0x0f0f0f0f;
  v = (v | (v >>> 4)) & 0x00ff00ff;
  return (v | (v >>> 8)) & 0xffff;
};

/** Column of a key's cell: `cellKey` undone. */
export const columnOfKey = (key: number, precision: number): number => everySecondBit(key, precision % 2 === 1 ? 0 : 1);

/** Row of a key's cell. */
export const rowOfKey = (key: number, precision: number): number => everySecondBit(key, precision % 2 === 1 ? 1 : 0);

function everySecondBit(key: number, first: 0 | 1): number {
  const high = Math.floor(key / 2 ** 32);
  return compact16((key - high * 2 ** 32) >>> first) + compact16(high >>> first) * 2 ** 16;
}

/** Geohash text of a key: its bits, five a character. */
export function geohashOfKey(key: number, precision: number): string {
  let geohash = "";
  for (let i = 0, left = key; i < precision; i++, left = Math.floor(left / 32)) {
    geohash = BASE32.charAt(left % 32) + geohash;
  }
  return geohash;
}

/** Key of a geohash's text: `geohashOfKey` undone. */
export function keyOfGeohash(geohash: string): number {
  let key = 0;
  for (const char of geohash) key = key * 32 + BASE32.indexOf(char);
  return key;
}

/** Key of the cell of a precision in which a report lies. */
export function keyOfRow({ lonE6, latE6 }: ReportColumns, row: number, precision: number): number {
  const column = columnAt((lonE6[row] as number) / 1e6, precision);
  return cellKey(column, rowAt((latE6[row] as number) / 1e6, precision), precision);
}

/** Sums reports into cells of a precision as they are at `nowMs`; expired ones are left out. */
export function microCellsOfReports(reports: ReportColumns, precision: number, nowMs: number): MicroCells {
  if (precision > MAX_PRECISION) throw new RangeError(`precision over ${MAX_PRECISION}: ${precision}`);
  const grid = gridOf(precision);
  const keys = new Float64Array(reports.length);
  for (let i = 0; i < reports.length; i++) keys[i] = keyOfRow(reports, i, precision);
  const order = sortedOrder(keys);
  const cells = allocateCells(precision, reports.length);
  let length = 0;
  let staleAtMs = Infinity;
  for (const i of order) {
    const createdAtMs = reports.createdAtMs[i] as number;
    const band = ageBand(nowMs - createdAtMs);
    if (band < 0) continue;
    staleAtMs = Math.min(staleAtMs, createdAtMs + (AGE_BANDS[band]?.untilMs ?? 0) + 1);
    if (length === 0 || cells.key[length - 1] !== keys[i]) cells.key[length++] = keys[i] as number;
    const cell = length - 1;
    bump(cells.bandCount, cell * BAND_COUNT + band, 1);
    bump(cells.bandSeverity, cell * BAND_COUNT + band, reports.severity[i] as number);
    bump(cells.sumX, cell, Math.floor(worldX((reports.lonE6[i] as number) / 1e6) * grid));
    bump(cells.sumY, cell, Math.floor(worldY((reports.latE6[i] as number) / 1e6) * grid));
    // Rows ascend by id and the sort is stable by row, so the last of a cell is its newest.
    copyRow(reports, i, cells.newest, cell);
  }
  return { ...shorten(cells, length), staleAtMs };
}

/**
 * Adds sets of cells up to cells of a coarser or the same precision. The order of the sets does not matter.
 * @throws RangeError when a set is coarser than asked for
 */
export function addMicroCells(sets: readonly MicroCells[], precision: number): MicroCells {
  return joinMicroCells(sets, precision) ?? mergeMicroCells(sets, precision);
}

/** The sets one after the other, if they are of the precision and ascend: what the slices of a domain do. */
function joinMicroCells(sets: readonly MicroCells[], precision: number): MicroCells | undefined {
  let total = 0;
  let staleAtMs = Infinity;
  let last = -1;
  for (const set of sets) {
    if (set.precision !== precision || (set.length > 0 && (set.key[0] as number) <= last)) return undefined;
    last = set.length === 0 ? last : (set.key[set.length - 1] as number);
    total += set.length;
    staleAtMs = Math.min(staleAtMs, set.staleAtMs);
  }
  const cells = allocateCells(precision, total);
  let at = 0;
  for (const { length, key, bandCount, bandSeverity, sumX, sumY, newest } of sets) {
    cells.key.set(key, at);
    cells.bandCount.set(bandCount, at * BAND_COUNT);
    cells.bandSeverity.set(bandSeverity, at * BAND_COUNT);
    cells.sumX.set(sumX, at);
    cells.sumY.set(sumY, at);
    cells.newest.createdAtMs.set(newest.createdAtMs, at);
    cells.newest.idRest.set(newest.idRest, at);
    cells.newest.lonE6.set(newest.lonE6, at);
    cells.newest.latE6.set(newest.latE6, at);
    cells.newest.severity.set(newest.severity, at);
    for (let i = 0; i < length; i++) cells.newest.category[at + i] = newest.category[i] as string;
    at += length;
  }
  return { ...cells, staleAtMs };
}

function mergeMicroCells(sets: readonly MicroCells[], precision: number): MicroCells {
  const total = sets.reduce((sum, set) => sum + set.length, 0);
  const setOf = new Uint32Array(total);
  const cellOf = new Uint32Array(total);
  const keys = new Float64Array(total);
  let staleAtMs = Infinity;
  let n = 0;
  sets.forEach((set, s) => {
    if (set.precision < precision)
      throw new RangeError(`cells of precision ${set.precision} do not add up to ${precision}`);
    staleAtMs = Math.min(staleAtMs, set.staleAtMs);
    const factor = 32 ** (set.precision - precision);
    for (let c = 0; c < set.length; c++, n++) {
      setOf[n] = s;
      cellOf[n] = c;
      keys[n] = Math.floor((set.key[c] as number) / factor);
    }
  });
  const order = sortedOrder(keys);
  const cells = allocateCells(precision, total);
  let length = 0;
  for (const i of order) {
    const fresh = length === 0 || cells.key[length - 1] !== keys[i];
    if (fresh) cells.key[length++] = keys[i] as number;
    addCell(cells, length - 1, sets[setOf[i] as number] as MicroCells, cellOf[i] as number, fresh);
  }
  return { ...shorten(cells, length), staleAtMs };
}

function addCell(
  target: Omit<MicroCells, "staleAtMs">,
  to: number,
  source: MicroCells,
  from: number,
  fresh: boolean,
): void {
  for (let band = 0; band < BAND_COUNT; band++) {
    bump(target.bandCount, to * BAND_COUNT + band, source.bandCount[from * BAND_COUNT + band] as number);
    bump(target.bandSeverity, to * BAND_COUNT + band, source.bandSeverity[from * BAND_COUNT + band] as number);
  }
  bump(target.sumX, to, source.sumX[from] as number);
  bump(target.sumY, to, source.sumY[from] as number);
  if (fresh || compareRows(source.newest, from, target.newest, to) > 0) copyRow(source.newest, from, target.newest, to);
}

function bump(array: Uint32Array | Float64Array, at: number, by: number): void {
  array[at] = (array[at] as number) + by;
}

export function allocateCells(precision: number, length: number): Omit<MicroCells, "staleAtMs"> {
  return {
    precision,
    length,
    key: new Float64Array(length),
    bandCount: new Uint32Array(length * BAND_COUNT),
    bandSeverity: new Uint32Array(length * BAND_COUNT),
    sumX: new Float64Array(length),
    sumY: new Float64Array(length),
    newest: allocateColumns(length),
  };
}

function shorten(cells: Omit<MicroCells, "staleAtMs">, length: number): Omit<MicroCells, "staleAtMs"> {
  if (length === cells.length) return cells;
  return {
    precision: cells.precision,
    length,
    key: cells.key.slice(0, length),
    bandCount: cells.bandCount.slice(0, length * BAND_COUNT),
    bandSeverity: cells.bandSeverity.slice(0, length * BAND_COUNT),
    sumX: cells.sumX.slice(0, length),
    sumY: cells.sumY.slice(0, length),
    newest: takeRows(cells.newest, 0, length),
  };
}
