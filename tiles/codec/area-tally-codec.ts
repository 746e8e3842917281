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
  const codes: number[] = [];
  const bands = new Uint32Array(length * BAND_COUNT * 2);
  const lacks = new Uint32Array(length * BAND_COUNT * 2);
  let number = 0;
  let isLacking = false;
  for (let part = 0; part < length; part++) {
    const step = from.varint();
    number += Math.floor(step / LOW_BITS);
    if (number >= MOST_NUMBERS) throw new RangeError(`area ${number}`);
    codes.push(codeOfPart(number, firstKey + (step % LOW_BITS)));
    isLacking = readBands(from, part, { bands, lacks }) || isLacking;
  }
  const parts = emptyParts(codes, isLacking);
  for (let at = 0; at < length * BAND_COUNT; at++) {
    parts.bandCount[at] = bands[2 * at] as number;
    parts.bandSeverity[at] = bands[2 * at + 1] as number;
    if (parts.lacking === undefined) continue;
    parts.lacking.quarters[at] = lacks[2 * at] as number;
    parts.lacking.severityQuarters[at] = lacks[2 * at + 1] as number;
  }
  return parts;
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

/** Whether some weigh less than 1. */
function readBands(from: ByteReader, part: number, { bands, lacks }: { bands: Uint32Array; lacks: Uint32Array }) {
  const mask = from.byte();
  if (mask >= 2 * LACKING) throw new RangeError(`bands ${mask.toString(2)} are not known`);
  const isLacking = (mask & LACKING) !== 0;
  for (let band = 0; band < BAND_COUNT; band++) {
    if ((mask & (1 << band)) === 0) continue;
    const at = 2 * (part * BAND_COUNT + band);
    const pair = from.varint();
    const count = countOfPair(pair);
    bands[at] = count;
    bands[at + 1] = count + pair - pairOf(count, count);
    if (!isLacking) continue;
    lacks[at] = from.varint();
    lacks[at + 1] = lacks[at] === 0 ? 0 : from.varint();
  }
  return isLacking;
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
  const singles = {
    length,
    part: new Uint32Array(length),
    createdAtMs: new Float64Array(length),
    severity: new Uint8Array(length),
    quarters: new Uint8Array(length),
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
