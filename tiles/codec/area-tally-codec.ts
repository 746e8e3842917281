import { type AreaParts, codeOfPart, emptyParts, MOST_NUMBERS } from "../areas/area-parts.ts";
import { keyOfGeohash } from "../geo/cell-key.ts";
import { BAND_COUNT } from "../layers.ts";
import { FULL_QUARTERS } from "../report-columns.ts";
import type { ByteReader, Bytes } from "./bytes.ts";
import { readItem, writeItem } from "./stored-item.ts";

/** The reports of one log cell by the areas that they lie in; those in no area are not in it. */
export interface AreaTally {
  /** Unix milliseconds, whole: it holds all reports created before, and no others. */
  readonly beforeMs: number;
  /** When the ages of `parts` were taken, Unix milliseconds, whole. */
  readonly atMs: number;
  /** From `atMs` until then every age can be told to the millisecond, Unix milliseconds; Infinity: always. */
  readonly untilMs: number;
  /** Reports that stay in their age bands until then; parts that have none of these are there for `singles`. */
  readonly parts: AreaParts;
  /** The others, one by one. */
  readonly singles: SingleReports;
}

export interface SingleReports {
  readonly length: number;
  /** Place among the parts. */
  readonly part: Uint32Array;
  /** Ascending. */
  readonly createdAtMs: Float64Array;
  readonly severity: Uint8Array;
  readonly quarters: Uint8Array;
}

const VERSION = 2;

/** A neighbourhood within its log cell. */
const LOW_BITS = 32;
/** Beside the bits of the age bands. */
const LACKING = 1 << BAND_COUNT;
const MINUTE_MS = 60_000;

/** About seven bytes a part, and six a single report. */
export function encodeAreaTally(tally: AreaTally): Uint8Array<ArrayBuffer> {
  const { beforeMs, atMs, untilMs, parts, singles } = tally;
  return writeItem("area-tally", VERSION, (out) => {
    out.varint(beforeMs);
    out.varint(atMs);
    out.varint(untilMs === Infinity ? 0 : untilMs - atMs);
    out.varint(parts.length);
    let before = 0;
    for (let part = 0; part < parts.length; part++) {
      const number = parts.number[part] as number;
      out.varint((number - before) * LOW_BITS + ((parts.key[part] as number) % LOW_BITS));
      before = number;
      writeBands(out, parts, part);
    }
    writeSingles(out, singles);
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeAreaTally(body: Uint8Array, geohash5: string, name: string): AreaTally {
  const firstKey = keyOfGeohash(geohash5) * LOW_BITS;
  return readItem("area-tally", VERSION, name, body, (from) => {
    const beforeMs = from.varint();
    const atMs = from.varint();
    const forMs = from.varint();
    const parts = readParts(from, firstKey);
    const singles = readSingles(from, parts.length);
    return { beforeMs, atMs, untilMs: forMs === 0 ? Infinity : atMs + forMs, parts, singles };
  });
}

function readParts(from: ByteReader, firstKey: number): AreaParts {
  const length = from.varint();
  if (length > from.left()) throw new RangeError(`${length} parts in ${from.left()} bytes`);
  const codes = new Float64Array(length);
  const bands: Bands = { at: [], count: [], severity: [], lackOf: [], quarters: [], severityQuarters: [] };
  let number = 0;
  for (let part = 0; part < length; part++) {
    const step = from.varint();
    number += Math.floor(step / LOW_BITS);
    if (number >= MOST_NUMBERS) throw new RangeError(`area ${number}`);
    codes[part] = codeOfPart(number, firstKey + (step % LOW_BITS));
    readBands(from, part, bands);
  }
  const parts = emptyParts(codes, bands.lackOf.length > 0);
  bands.at.forEach((at, i) => {
    parts.bandCount[at] = bands.count[i] as number;
    parts.bandSeverity[at] = bands.severity[i] as number;
  });
  bands.lackOf.forEach((at, i) => {
    if (parts.lacking === undefined) return;
    parts.lacking.quarters[at] = bands.quarters[i] as number;
    parts.lacking.severityQuarters[at] = bands.severityQuarters[i] as number;
  });
  return parts;
}

/** What was read of bands that have reports: where they stand among all, and then of those that lack weight. */
interface Bands {
  readonly at: number[];
  readonly count: number[];
  readonly severity: number[];
  readonly lackOf: number[];
  readonly quarters: number[];
  readonly severityQuarters: number[];
}

/** A byte that says which bands have reports, and whether some weigh less than 1; then of each of these what it has. */
function writeBands(out: Bytes, { bandCount, bandSeverity, lacking }: AreaParts, part: number): void {
  const bands = Array.from({ length: BAND_COUNT }, (_, band) => part * BAND_COUNT + band);
  const filled = bands.filter((at) => bandCount[at] !== 0);
  const isLacking = lacking !== undefined && filled.some((at) => lacking.quarters[at] !== 0);
  const mask = filled.reduce((all, at) => all | (1 << (at % BAND_COUNT)), 0);
  out.byte(mask | (isLacking ? LACKING : 0));
  for (const at of filled) {
    out.varint(pairOf(bandCount[at] as number, bandSeverity[at] as number));
    if (!isLacking) continue;
    out.varint(lacking.quarters[at] as number);
    if (lacking.quarters[at] !== 0) out.varint(lacking.severityQuarters[at] as number);
  }
}

function readBands(from: ByteReader, part: number, bands: Bands): void {
  const mask = from.byte();
  if (mask >= 2 * LACKING) throw new RangeError(`bands ${mask.toString(2)} are not known`);
  const isLacking = (mask & LACKING) !== 0;
  for (let band = 0; band < BAND_COUNT; band++) {
    if ((mask & (1 << band)) === 0) continue;
    const at = part * BAND_COUNT + band;
    const pair = from.varint();
    const count = countOfPair(pair);
    bands.at.push(at);
    bands.count.push(count);
    bands.severity.push(count + pair - pairOf(count, count));
    if (!isLacking) continue;
    const quarters = from.varint();
    if (quarters === 0) continue;
    bands.lackOf.push(at);
    bands.quarters.push(quarters);
    bands.severityQuarters.push(from.varint());
  }
}

/**
 * A count, and the sum of so many severities of 1 to 5, as one number: the pairs of one report come first, then those of two, and so on.
 * Up to seven reports take one byte.
 */
const pairOf = (count: number, severity: number): number => (count - 1) * (2 * count + 1) + severity - count;

/** The largest count of which a pair is not below the first. */
const countOfPair = (pair: number): number => Math.floor((1 + Math.sqrt(8 * pair + 9)) / 4);

function writeSingles(out: Bytes, { length, part, createdAtMs, severity, quarters }: SingleReports): void {
  out.varint(length);
  if (length === 0) return;
  const stepMs = createdAtMs.every((time) => time % MINUTE_MS === 0) ? MINUTE_MS : 1;
  out.varint(stepMs);
  let before = 0;
  for (let i = 0; i < length; i++) {
    const time = (createdAtMs[i] as number) / stepMs;
    out.varint(time - before);
    before = time;
    out.varint(part[i] as number);
    out.byte((severity[i] as number) * (FULL_QUARTERS + 1) + (quarters[i] as number));
  }
}

function readSingles(from: ByteReader, parts: number): SingleReports {
  const length = from.varint();
  if (length > from.left()) throw new RangeError(`${length} reports in ${from.left()} bytes`);
  // In one piece of memory, as parts are.
  const memory = new ArrayBuffer((8 + 4 + 1 + 1) * length);
  const singles = {
    length,
    createdAtMs: new Float64Array(memory, 0, length),
    part: new Uint32Array(memory, 8 * length, length),
    severity: new Uint8Array(memory, 12 * length, length),
    quarters: new Uint8Array(memory, 13 * length, length),
  };
  if (length === 0) return singles;
  const stepMs = from.varint();
  let time = 0;
  for (let i = 0; i < length; i++) {
    time += from.varint();
    singles.createdAtMs[i] = time * stepMs;
    const part = from.varint();
    if (part >= parts) throw new RangeError(`part ${part} of ${parts}`);
    singles.part[i] = part;
    const said = from.byte();
    singles.severity[i] = Math.floor(said / (FULL_QUARTERS + 1));
    singles.quarters[i] = said % (FULL_QUARTERS + 1);
  }
  return singles;
}
