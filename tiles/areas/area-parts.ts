import { allocateLacking, keyOfRow, type LackingWeights, type MicroCells } from "../cells/micro-cells.ts";
import { sortedOrder } from "../cells/sorted-order.ts";
import { ageBand, BAND_COUNT } from "../layers.ts";
import { FULL_QUARTERS, type ReportColumns } from "../report-columns.ts";

/**
 * Parts of areas: the reports of one area in one neighbourhood, by age band. Scores of areas are means over them. Parts ascend by area,
 * and then by neighbourhood.
 */
export interface AreaParts {
  readonly length: number;
  /** Number of each part's area. */
  readonly number: Uint32Array;
  /** Its neighbourhood: a geohash of `PART_PRECISION` as a number. */
  readonly key: Float64Array;
  /** As of micro cells. */
  readonly bandCount: Uint32Array;
  readonly bandSeverity: Uint32Array;
  readonly lacking: LackingWeights | undefined;
}

/** What scores are made of, of cells of a precision. */
export type BandCells = Pick<MicroCells, "precision" | "length" | "key" | "bandCount" | "bandSeverity" | "lacking">;

/** Neighbourhoods. */
export const PART_PRECISION = 6;

/** An area and a neighbourhood as one number, which ascends as parts do. */
export const codeOfPart = (number: number, key: number): number => number * 2 ** KEY_BITS + key;
const KEY_BITS = 5 * PART_PRECISION;
/** Numbers of areas are below. */
export const MOST_NUMBERS = 2 ** (53 - KEY_BITS);

const numberOfCode = (code: number): number => Math.floor(code / 2 ** KEY_BITS);
const keyOfCode = (code: number): number => code % 2 ** KEY_BITS;

/** Code of the part that each row belongs to; -1: to none. @param areaOfRow numbers of areas; below 0: none */
export function codesOfRows(rows: ReportColumns, areaOfRow: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: rows.length }, (_, row) => {
    const number = areaOfRow[row] as number;
    return number < 0 ? -1 : codeOfPart(number, keyOfRow(rows, row, PART_PRECISION));
  });
}

/**
 * Parts of zero reports, one for each code, in one piece of memory: a wide tile is made of a hundred such sets, and each piece costs more
 * than what is done with it. @param codes ascending, each once
 */
export function emptyParts(codes: ArrayLike<number>, isLacking: boolean): AreaParts {
  const { length } = codes;
  const bands = length * BAND_COUNT;
  const memory = new ArrayBuffer(8 * length + 4 * length + 4 * bands * (isLacking ? 4 : 2));
  let at = 8 * length;
  const take = (count: number): Uint32Array => {
    const taken = new Uint32Array(memory, at, count);
    at += 4 * count;
    return taken;
  };
  const key = new Float64Array(memory, 0, length);
  const number = take(length);
  for (let part = 0; part < length; part++) {
    number[part] = numberOfCode(codes[part] as number);
    key[part] = keyOfCode(codes[part] as number);
  }
  return {
    length,
    number,
    key,
    bandCount: take(bands),
    bandSeverity: take(bands),
    lacking: isLacking ? { quarters: take(bands), severityQuarters: take(bands) } : undefined,
  };
}

/** Adds a report to a part. It must weigh 1 if nothing can be lacking. */
export function addReport(
  parts: AreaParts,
  part: number,
  { band, severity, quarters }: { readonly band: number; readonly severity: number; readonly quarters: number },
): void {
  const at = part * BAND_COUNT + band;
  bump(parts.bandCount, at, 1);
  bump(parts.bandSeverity, at, severity);
  if (parts.lacking === undefined) return;
  bump(parts.lacking.quarters, at, FULL_QUARTERS - quarters);
  bump(parts.lacking.severityQuarters, at, (FULL_QUARTERS - quarters) * severity);
}

/** Parts of rows as they are at a time. */
export function partsOfRows(rows: ReportColumns, areaOfRow: ArrayLike<number>, atMs: number): AreaParts {
  const bands = rows.createdAtMs.map((createdAtMs) => ageBand(atMs - createdAtMs));
  const codes = codesOfRows(rows, areaOfRow).map((code, row) => ((bands[row] as number) < 0 ? -1 : code));
  const ascending = distinctCodes(codes);
  const parts = emptyParts(ascending, isAnyLacking(rows.quarters));
  const partOf = new Map(ascending.map((code, part) => [code, part]));
  for (let row = 0; row < rows.length; row++) {
    const part = partOf.get(codes[row] as number);
    if (part === undefined) continue;
    const [severity, quarters] = [rows.severity[row] as number, rows.quarters[row] as number];
    addReport(parts, part, { band: bands[row] as number, severity, quarters });
  }
  return parts;
}

/** Each once, ascending, without -1. */
export const distinctCodes = (codes: Float64Array): number[] =>
  [...new Set(codes)].filter((code) => code >= 0).sort((a, b) => a - b);

export const isAnyLacking = (quarters: Uint8Array): boolean => quarters.some((each) => each !== FULL_QUARTERS);

/** The same parts, to be changed. */
export function copyParts(parts: AreaParts, isLacking: boolean): AreaParts {
  const { length, lacking } = parts;
  const copied = lacking && {
    quarters: lacking.quarters.slice(),
    severityQuarters: lacking.severityQuarters.slice(),
  };
  return {
    ...parts,
    bandCount: parts.bandCount.slice(),
    bandSeverity: parts.bandSeverity.slice(),
    lacking: copied ?? (isLacking ? allocateLacking(length) : undefined),
  };
}

/** Sums of sets of parts by the number of the area, ascending, of the areas that are wanted. */
export function partsByArea(sets: readonly AreaParts[], isWanted: (number: number) => boolean): Map<number, BandCells> {
  const places = placesOf(sets, isWanted);
  const order = sortedOrder(places.code);
  const ascending: number[] = [];
  for (const i of order) if (places.code[i] !== ascending.at(-1)) ascending.push(places.code[i] as number);
  const sum = emptyParts(
    ascending,
    sets.some(({ lacking }) => lacking !== undefined),
  );
  let part = -1;
  let before = -1;
  for (const i of order) {
    if (places.code[i] !== before) part++;
    before = places.code[i] as number;
    addPart(sum, part, sets[places.set[i] as number] as AreaParts, places.part[i] as number);
  }
  return cutByArea(sum);
}

/** Where each wanted part stands. */
function placesOf(sets: readonly AreaParts[], isWanted: (number: number) => boolean) {
  const [code, set, part]: [number[], number[], number[]] = [[], [], []];
  sets.forEach((parts, s) => {
    for (let i = 0; i < parts.length; i++) {
      const number = parts.number[i] as number;
      if (!isWanted(number)) continue;
      code.push(codeOfPart(number, parts.key[i] as number));
      set.push(s);
      part.push(i);
    }
  });
  return { code: Float64Array.from(code), set, part };
}

function addPart(to: AreaParts, part: number, from: AreaParts, index: number): void {
  for (let band = 0; band < BAND_COUNT; band++) {
    const [target, source] = [part * BAND_COUNT + band, index * BAND_COUNT + band];
    bump(to.bandCount, target, from.bandCount[source] as number);
    bump(to.bandSeverity, target, from.bandSeverity[source] as number);
    if (to.lacking === undefined || from.lacking === undefined) continue;
    bump(to.lacking.quarters, target, from.lacking.quarters[source] as number);
    bump(to.lacking.severityQuarters, target, from.lacking.severityQuarters[source] as number);
  }
}

/** In the same memory. */
function cutByArea({ length, number, key, bandCount, bandSeverity, lacking }: AreaParts): Map<number, BandCells> {
  const areas = new Map<number, BandCells>();
  for (let from = 0, until = 0; from < length; from = until) {
    while (until < length && number[until] === number[from]) until++;
    const bands = (all: Uint32Array): Uint32Array => all.subarray(from * BAND_COUNT, until * BAND_COUNT);
    areas.set(number[from] as number, {
      precision: PART_PRECISION,
      length: until - from,
      key: key.subarray(from, until),
      bandCount: bands(bandCount),
      bandSeverity: bands(bandSeverity),
      lacking: lacking && {
        quarters: bands(lacking.quarters),
        severityQuarters: bands(lacking.severityQuarters),
      },
    });
  }
  return areas;
}

function bump(array: Uint32Array, at: number, by: number): void {
  array[at] = (array[at] as number) + by;
}
