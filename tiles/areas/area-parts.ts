import { type Arena, createArena } from "../cells/arena.ts";
import { allocateLacking, keyOfRow, type LackingWeights, type MicroCells } from "../cells/micro-cells.ts";
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

/** With lacking weights. */
const PART_BYTES = 8 + 4 + 4 * 4 * BAND_COUNT;

/** Reports in it are too old for scores. */
export const OLDEST_BAND = BAND_COUNT - 1;

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

/** Parts of zero reports, one for each code. @param codes ascending, each once */
export function emptyParts(codes: ArrayLike<number>, isLacking: boolean): AreaParts {
  const parts = allocateParts(codes.length, isLacking, createArena(PART_BYTES * codes.length));
  for (let part = 0; part < codes.length; part++) {
    parts.number[part] = numberOfCode(codes[part] as number);
    parts.key[part] = keyOfCode(codes[part] as number);
  }
  return parts;
}

/** So many parts, to be filled. */
export function allocateParts(length: number, isLacking: boolean, arena: Arena): AreaParts {
  const bands = length * BAND_COUNT;
  return {
    length,
    key: arena.floats(length),
    number: arena.words(length),
    bandCount: arena.words(bands),
    bandSeverity: arena.words(bands),
    lacking: isLacking ? { quarters: arena.words(bands), severityQuarters: arena.words(bands) } : undefined,
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
function copyParts(parts: AreaParts, isLacking: boolean): AreaParts {
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

/** Sets of parts of one log cell as one. */
export function sumParts(sets: readonly AreaParts[]): AreaParts {
  const codes = sets.map(({ length, number, key }) =>
    Float64Array.from({ length }, (_, part) => codeOfPart(number[part] as number, key[part] as number)),
  );
  const ascending = [...new Set(codes.flatMap((each) => [...each]))].sort((a, b) => a - b);
  const sum = emptyParts(
    ascending,
    sets.some(({ lacking }) => lacking !== undefined),
  );
  const partOf = new Map(ascending.map((code, part) => [code, part]));
  sets.forEach((parts, set) => {
    codes[set]?.forEach((code, index) => {
      addPart(sum, partOf.get(code) as number, parts, index);
    });
  });
  return sum;
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

/** Reports that are told one by one. */
export interface SingleReports {
  readonly length: number;
  /** Place among the parts, ascending. */
  readonly part: Uint32Array;
  /** Ascending within a part. */
  readonly createdAtMs: Float64Array;
  readonly severity: Uint8Array;
  readonly quarters: Uint8Array;
}

/** Parts, and reports to be added to them in the age bands of a time. */
export interface ToldParts {
  readonly parts: AreaParts;
  readonly singles: SingleReports;
  readonly atMs: number;
}

/** One area's among those of a log cell. */
export interface PartRange {
  readonly told: ToldParts;
  readonly from: number;
  /** Not in it. */
  readonly until: number;
  /** The first of its single reports, if it has any. */
  readonly single: number;
}

/** Calls with the parts of each area, ascending by number. */
export function eachArea(told: ToldParts, take: (number: number, range: PartRange) => void): void {
  const { length, number } = told.parts;
  const { part } = told.singles;
  let single = 0;
  for (let from = 0, until = 0; from < length; from = until) {
    while (until < length && number[until] === number[from]) until++;
    take(number[from] as number, { told, from, until, single });
    while ((part[single] ?? until) < until) single++;
  }
}

/** The parts with the single reports added. */
export function flatParts({ parts, singles, atMs }: ToldParts): AreaParts {
  if (singles.length === 0) return parts;
  const flat = copyParts(parts, isAnyLacking(singles.quarters));
  for (let i = 0; i < singles.length; i++) {
    const band = ageBand(atMs - (singles.createdAtMs[i] as number));
    if (band < 0) continue;
    const [severity, quarters] = [singles.severity[i] as number, singles.quarters[i] as number];
    addReport(flat, singles.part[i] as number, { band, severity, quarters });
  }
  return flat;
}

export const NO_SINGLES: SingleReports = {
  length: 0,
  part: new Uint32Array(),
  createdAtMs: new Float64Array(),
  severity: new Uint8Array(),
  quarters: new Uint8Array(),
};

function bump(array: Uint32Array, at: number, by: number): void {
  array[at] = (array[at] as number) + by;
}
