import { cellKey } from "../geo/cell-key.ts";
import { columnAt, MAX_PRECISION, rowAt } from "../geo/geohash.ts";
import { worldX, worldY } from "../geo/tile-address.ts";
import { AGE_BANDS, ageBand, BAND_COUNT } from "../layers.ts";
import { compareRows, copyDetails, FULL_QUARTERS, type ReportColumns, type ReportDetails } from "../report-columns.ts";
import { sortedOrder } from "./sorted-order.ts";

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
  readonly newest: ReportDetails;
  /** What the reports weigh less than 1 each; undefined when all of them weigh 1, as nearly everywhere they do. */
  readonly lacking: LackingWeights | undefined;
  /** From this time on, some report is in another band: Unix milliseconds, Infinity when there is none. */
  readonly staleAtMs: number;
}

/** Quarters that reports lack of a whole weight, by cell and age band as `bandCount`; and the same times their severity. */
export interface LackingWeights {
  readonly quarters: Uint32Array;
  readonly severityQuarters: Uint32Array;
}

/**
 * Steps across the world of the grid that places are summed on: half a pixel, or less, of the closest zoom that the cells are
 * drawn at, up to z18; beyond, 15 cm. Coarse steps keep the stored sums of most cells to a byte each, and sums below 2^53.
 */
export const gridOf = (precision: number): number => 2 ** (GRID_BITS[precision] ?? 28);

const GRID_BITS = [23, 23, 23, 23, 23, 23, 23, 23, 26, 28];

/** Stored cells know the time of their newest report to the minute, unless it may be shown alone. */
export const NEWEST_STEP_MS = 60_000;

/** A time cut to what stored cells keep of it, where their newest report does not stand alone. */
export const cutToStep = (timeMs: number): number => Math.floor(timeMs / NEWEST_STEP_MS) * NEWEST_STEP_MS;

/** A time that all reports of a cell were created before, of the time of its newest, which may have been cut. */
export const afterNewest = (newestMs: number): number => cutToStep(newestMs) + NEWEST_STEP_MS;

/** Bytes that a micro cell occupies, for caches bounded in bytes. */
export const BYTES_PER_MICRO_CELL = 8 + BAND_COUNT * 8 + 16 + 33;

/** Key of the cell of a precision in which a report lies. */
export function keyOfRow({ lonE6, latE6 }: ReportDetails, row: number, precision: number): number {
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
  const lacking = reports.quarters.every((quarters) => quarters === FULL_QUARTERS)
    ? undefined
    : allocateLacking(reports.length);
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
    if (lacking !== undefined) {
      const lack = FULL_QUARTERS - (reports.quarters[i] as number);
      bump(lacking.quarters, cell * BAND_COUNT + band, lack);
      bump(lacking.severityQuarters, cell * BAND_COUNT + band, lack * (reports.severity[i] as number));
    }
    // Rows ascend by id and the sort is stable by row, so the last of a cell is its newest.
    copyDetails(reports, i, cells.newest, cell);
  }
  return { ...shorten(cells, length), lacking: lacking && shortenLacking(lacking, length), staleAtMs };
}

/**
 * Adds sets of cells up to cells of a coarser or the same precision. The order of the sets does not matter.
 * @throws RangeError when a set is coarser than asked for
 */
export function addMicroCells(sets: readonly MicroCells[], precision: number): MicroCells {
  return joinMicroCells(sets, precision) ?? mergeMicroCells(sets, precision);
}

/** The sets one after the other, if they are of the precision and ascend: what the cell aggregates of a cluster cell do. */
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
  const filled = sets.filter(({ length }) => length > 0);
  const [first] = filled;
  if (first === undefined) return { ...allocateCells(precision, 0), lacking: undefined, staleAtMs };
  if (filled.length === 1) return { ...first, staleAtMs };
  const cells = lieTogether(filled)
    ? viewCells(first.key.buffer, precision, first.key.byteOffset / 8, total)
    : copyTogether(filled, precision, total);
  const categories = filled.map(({ newest }) => newest.category);
  return { ...withCategories(cells, categories), lacking: joinLacking(filled, total), staleAtMs };
}

function joinLacking(sets: readonly MicroCells[], total: number): LackingWeights | undefined {
  if (sets.every(({ lacking }) => lacking === undefined)) return undefined;
  const joined = allocateLacking(total);
  let at = 0;
  for (const { length, lacking } of sets) {
    if (lacking !== undefined) {
      joined.quarters.set(lacking.quarters, at);
      joined.severityQuarters.set(lacking.severityQuarters, at);
    }
    at += length * BAND_COUNT;
  }
  return joined;
}

/** Whether each begins in memory where the one before ends: what is decoded together does. */
function lieTogether(sets: readonly MicroCells[]): boolean {
  return sets.every(({ key }, i) => {
    const before = sets[i - 1]?.key;
    return (
      before === undefined || (key.buffer === before.buffer && key.byteOffset === before.byteOffset + before.byteLength)
    );
  });
}

function copyTogether(sets: readonly Cells[], precision: number, total: number): Cells {
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
    at += length;
  }
  return cells;
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
  const lacking = sets.every((set) => set.lacking === undefined) ? undefined : allocateLacking(total);
  let length = 0;
  for (const i of order) {
    const fresh = length === 0 || cells.key[length - 1] !== keys[i];
    if (fresh) cells.key[length++] = keys[i] as number;
    const set = sets[setOf[i] as number] as MicroCells;
    addCell(cells, length - 1, set, cellOf[i] as number, fresh);
    if (lacking !== undefined) addLacking(lacking, length - 1, set, cellOf[i] as number);
  }
  return { ...shorten(cells, length), lacking: lacking && shortenLacking(lacking, length), staleAtMs };
}

function addCell(target: Cells, to: number, source: MicroCells, from: number, fresh: boolean): void {
  for (let band = 0; band < BAND_COUNT; band++) {
    bump(target.bandCount, to * BAND_COUNT + band, source.bandCount[from * BAND_COUNT + band] as number);
    bump(target.bandSeverity, to * BAND_COUNT + band, source.bandSeverity[from * BAND_COUNT + band] as number);
  }
  bump(target.sumX, to, source.sumX[from] as number);
  bump(target.sumY, to, source.sumY[from] as number);
  if (fresh || compareRows(source.newest, from, target.newest, to) > 0)
    copyDetails(source.newest, from, target.newest, to);
}

function addLacking(target: LackingWeights, to: number, { lacking }: MicroCells, from: number): void {
  if (lacking === undefined) return;
  for (let band = 0; band < BAND_COUNT; band++) {
    bump(target.quarters, to * BAND_COUNT + band, lacking.quarters[from * BAND_COUNT + band] as number);
    bump(target.severityQuarters, to * BAND_COUNT + band, lacking.severityQuarters[from * BAND_COUNT + band] as number);
  }
}

/** Of cells of which every report weighs 1. */
export const allocateLacking = (length: number): LackingWeights => ({
  quarters: new Uint32Array(length * BAND_COUNT),
  severityQuarters: new Uint32Array(length * BAND_COUNT),
});

/** Of the first cells; undefined when nothing is lacking. */
function shortenLacking({ quarters, severityQuarters }: LackingWeights, length: number): LackingWeights | undefined {
  const first = quarters.slice(0, length * BAND_COUNT);
  if (first.every((lack) => lack === 0)) return undefined;
  return { quarters: first, severityQuarters: severityQuarters.slice(0, length * BAND_COUNT) };
}

function bump(array: Uint32Array | Float64Array, at: number, by: number): void {
  array[at] = (array[at] as number) + by;
}

type Cells = Omit<MicroCells, "staleAtMs" | "lacking">;

/** Cells of zeros. All columns lie in one buffer, because a buffer costs as much as some hundred cells. */
export function allocateCells(precision: number, length: number): Cells {
  return viewCells(allocateBuffer(length), precision, 0, length);
}

/** Room for so many cells, of which `viewCells` makes sets. */
export const allocateBuffer = (length: number): ArrayBuffer => new ArrayBuffer(length * NUMBER_BYTES);

/** Some of the cells that a buffer was allocated for, in the same memory, but for the categories: those are new, and empty. */
export function viewCells(buffer: ArrayBufferLike, precision: number, from: number, length: number): Cells {
  const capacity = buffer.byteLength / NUMBER_BYTES;
  const doubles = (i: number): Float64Array => new Float64Array(buffer, 8 * (i * capacity + from), length);
  const words = 8 * DOUBLES * capacity;
  const bands = (i: number): Uint32Array =>
    new Uint32Array(buffer, words + 4 * BAND_COUNT * (i * capacity + from), BAND_COUNT * length);
  const ints = (i: number): Int32Array =>
    new Int32Array(buffer, words + 4 * ((2 * BAND_COUNT + i) * capacity + from), length);
  return {
    precision,
    length,
    key: doubles(0),
    bandCount: bands(0),
    bandSeverity: bands(1),
    sumX: doubles(1),
    sumY: doubles(2),
    newest: {
      length,
      createdAtMs: doubles(3),
      idRest: doubles(4),
      lonE6: ints(0),
      latE6: ints(1),
      severity: new Uint8Array(buffer, (NUMBER_BYTES - 1) * capacity + from, length),
      category: new Array<string>(length).fill(""),
    },
  };
}

/** The widest columns come first, so that all are aligned. */
const DOUBLES = 5;
const NUMBER_BYTES = 8 * DOUBLES + 4 * (2 * BAND_COUNT + 2) + 1;

/** The first of some newly allocated cells, in a buffer of their own. */
function shorten(cells: Cells, length: number): Cells {
  if (length === cells.length) return cells;
  const first = viewCells(cells.key.buffer, cells.precision, 0, length);
  return withCategories(copyTogether([first], cells.precision, length), [cells.newest.category.slice(0, length)]);
}

function withCategories(cells: Cells, parts: readonly (readonly string[])[]): Cells {
  return { ...cells, newest: { ...cells.newest, category: ([] as string[]).concat(...parts) } };
}
