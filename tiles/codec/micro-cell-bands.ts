import type { MicroCells } from "../cells/micro-cells.ts";
import { BAND_COUNT, MAX_SEVERITY, MIN_SEVERITY } from "../layers.ts";
import { type BitReader, type BitWriter, bestOrder, bitLength } from "./bits.ts";
import { BAND_SETS, bandsOf, countOrder, type Format, USUAL_STEPS } from "./micro-cell-format.ts";
import type { CellScratch } from "./micro-cell-scratch.ts";

/**
 * The columns of stored micro cells that tell of age bands: in which ones each cell has reports, and for each band, the oldest
 * first, how many these are and how severe. Loops over what is there, because a branch for what is not costs more than the code.
 */
type Cells = Omit<MicroCells, "staleAtMs" | "lacking">;

const ORDER_BITS = 3;

/** Leaves in the scratch, which must be clear, the bands and the total of each cell. */
export function writeBands(bits: BitWriter, cells: Cells, format: Format, scratch: CellScratch): void {
  const { bands, older } = scratch;
  for (let cell = 0; cell < cells.length; cell++) bands[cell] = bandsOf(cells, cell);
  writeSets(bits, bands.subarray(0, cells.length));
  for (let band = BAND_COUNT - 1; band >= 0; band--) {
    const having = cellsHaving(scratch, cells.length, band);
    const offset = format.countOrders[band] as number;
    for (const cell of having) {
      const count = cells.bandCount[cell * BAND_COUNT + band] as number;
      bits.golomb(count - 1, countOrder(older[cell] as number, offset));
      noteCount(scratch, cell, count);
    }
    writeSeverities(bits, cells, having, band, format.usual);
  }
}

/** The same of what is read. @throws RangeError when a cell is empty */
export function readBands(bits: BitReader, cells: Cells, format: Format, scratch: CellScratch): void {
  readSets(bits, scratch.bands, cells.length);
  for (let band = BAND_COUNT - 1; band >= 0; band--) {
    const having = cellsHaving(scratch, cells.length, band);
    readCounts(bits, cells, having, band, format.countOrders[band] as number, scratch);
    readSeverities(bits, cells, having, band, format.usual);
  }
}

function readCounts(
  bits: BitReader,
  { bandCount }: Cells,
  having: Uint32Array,
  band: number,
  offset: number,
  scratch: CellScratch,
): void {
  const { older } = scratch;
  for (let i = 0; i < having.length; i++) {
    const cell = having[i] as number;
    const count = bits.golomb(countOrder(older[cell] as number, offset)) + 1;
    bandCount[cell * BAND_COUNT + band] = count;
    noteCount(scratch, cell, count);
  }
}

function noteCount({ older, total }: CellScratch, cell: number, count: number): void {
  older[cell] = count;
  total[cell] = (total[cell] as number) + count;
}

/** Cells that have reports in a band; used up before the next band's are asked for. */
function cellsHaving({ bands, chosen }: CellScratch, length: number, band: number): Uint32Array {
  let n = 0;
  for (let cell = 0; cell < length; cell++) {
    chosen[n] = cell;
    n += ((bands[cell] as number) >> band) & 1;
  }
  return chosen.subarray(0, n);
}

/** Which sets there are, the most frequent first, and each cell's place among them. */
function writeSets(bits: BitWriter, sets: Uint8Array): void {
  const times = new Uint32Array(BAND_SETS);
  for (const set of sets) times[set] = (times[set] as number) + 1;
  const ranked = Array.from(times.keys()).filter((set) => times[set] !== 0);
  ranked.sort((a, b) => (times[b] as number) - (times[a] as number) || a - b);
  const rankOf = new Uint8Array(BAND_SETS);
  ranked.forEach((set, rank) => {
    rankOf[set] = rank;
  });
  const ranks = Array.from(sets, (set) => rankOf[set] as number);
  const order = bestOrder(ranks);
  bits.bits(ranked.length - 1, BAND_COUNT);
  for (const set of ranked) bits.bits(set, BAND_COUNT);
  bits.bits(order, ORDER_BITS);
  for (const rank of ranks) bits.golomb(rank, order);
}

function readSets(bits: BitReader, sets: Uint8Array, length: number): void {
  const ranked = Uint8Array.from({ length: bits.bits(BAND_COUNT) + 1 }, () => bits.bits(BAND_COUNT));
  const order = bits.bits(ORDER_BITS);
  for (let cell = 0; cell < length; cell++) sets[cell] = ranked[bits.golomb(order)] ?? 0;
  if (sets.subarray(0, length).includes(0)) throw new RangeError("a cell is empty");
}

/** Counts up to this have all sums of severities about as likely; those of more, which come last, crowd around what is usual. */
const MAX_UNIFORM_COUNT = 4;

function writeSeverities(
  bits: BitWriter,
  { bandCount, bandSeverity }: Cells,
  having: Uint32Array,
  band: number,
  usual: number,
): void {
  const many: number[] = [];
  for (const cell of having) {
    const at = cell * BAND_COUNT + band;
    const count = bandCount[at] as number;
    const severity = bandSeverity[at] as number;
    if (severity < count * MIN_SEVERITY || severity > count * MAX_SEVERITY) {
      throw new RangeError(`severities of ${count} reports cannot sum to ${severity}`);
    }
    if (count > MAX_UNIFORM_COUNT) many.push(at);
    else bits.truncated(severity - count * MIN_SEVERITY, severitySums(count));
  }
  for (const at of many) {
    const count = bandCount[at] as number;
    const off = (bandSeverity[at] as number) - usualSeverity(count, usual);
    bits.golomb(off < 0 ? -2 * off - 1 : 2 * off, severityOrder(count));
  }
}

function readSeverities(
  bits: BitReader,
  { bandCount, bandSeverity }: Cells,
  having: Uint32Array,
  band: number,
  usual: number,
): void {
  // Those of many take the places of what was read already.
  let many = 0;
  for (let i = 0; i < having.length; i++) {
    const at = (having[i] as number) * BAND_COUNT + band;
    const count = bandCount[at] as number;
    if (count > MAX_UNIFORM_COUNT) having[many++] = at;
    else bandSeverity[at] = bits.truncated(severitySums(count)) + count * MIN_SEVERITY;
  }
  for (let i = 0; i < many; i++) {
    const at = having[i] as number;
    const count = bandCount[at] as number;
    const code = bits.golomb(severityOrder(count));
    const half = Math.floor(code / 2);
    bandSeverity[at] = usualSeverity(count, usual) + (code === 2 * half ? half : -half - 1);
  }
}

const severitySums = (count: number): number => count * (MAX_SEVERITY - MIN_SEVERITY) + 1;
const usualSeverity = (count: number, usual: number): number => Math.round((count * usual) / USUAL_STEPS);
/** Sums of independent severities lie within about the root of their number from the usual. */
const severityOrder = (count: number): number => (bitLength(count) + 1) >> 1;
