import {
  type AreaParts,
  allocateParts,
  MOST_NUMBERS,
  NO_SINGLES,
  OLDEST_BAND,
  type SingleReports,
} from "../areas/area-parts.ts";
import { type Arena, createArena } from "../cells/arena.ts";
import { keyOfGeohash } from "../geo/cell-key.ts";
import { AGE_BANDS, ageBand, BAND_COUNT } from "../layers.ts";
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
  /**
   * Reports that stay in their age bands until then; parts that have none of these are there for `singles`. Those in the oldest band, which
   * have no part in scores, are counted in some part of their area, without their severity.
   */
  readonly parts: AreaParts;
  /** The others, one by one. */
  readonly singles: SingleReports;
}

/** Of reports that are too old for scores, their number by area; and at the beginning whether any report weighs less than 1. */
const VERSION = 3;
const VERSIONS = [2, VERSION];

/** A neighbourhood within its log cell. */
const LOW_BITS = 32;
/** Beside the bits of the age bands. */
const LACKING = 1 << BAND_COUNT;
const MINUTE_MS = 60_000;
/** 0 to 5. */
const SEVERITIES = 6;

/** About seven bytes a part, and five a single report. */
export function encodeAreaTally(tally: AreaTally): Uint8Array<ArrayBuffer> {
  const { beforeMs, atMs, untilMs, parts, singles } = tally;
  return writeItem("area-tally", VERSION, (out) => {
    out.varint(beforeMs);
    out.varint(atMs);
    out.varint(untilMs === Infinity ? 0 : untilMs - atMs);
    out.varint(2 * parts.length + (parts.lacking === undefined ? 0 : 1));
    let before = 0;
    for (let part = 0; part < parts.length; part++) {
      const number = parts.number[part] as number;
      out.varint((number - before) * LOW_BITS + ((parts.key[part] as number) % LOW_BITS));
      before = number;
      writeBands(out, parts, part);
    }
    writeSingles(out, singles, atMs);
  });
}

/**
 * @param arena where what is read is kept
 * @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which
 */
export function decodeAreaTally(
  body: Uint8Array,
  geohash5: string,
  name: string,
  arena: Arena = arenaOfTallies(body.length),
): AreaTally {
  const firstKey = keyOfGeohash(geohash5) * LOW_BITS;
  return readItem("area-tally", VERSIONS, name, body, (from, version) => {
    const beforeMs = from.varint();
    const atMs = from.varint();
    const forMs = from.varint();
    const parts = readParts(from, { firstKey, version, arena });
    const singles =
      version === 2 ? readSinglesV2(from, parts.length, arena) : readSingles(from, parts.length, { atMs, arena });
    return { beforeMs, atMs, untilMs: forMs === 0 ? Infinity : atMs + forMs, parts, singles };
  });
}

/** For tallies of so many bytes: about so large are they in memory. */
export const arenaOfTallies = (bytes: number): Arena => createArena(6 * bytes);

function readParts(
  from: ByteReader,
  { firstKey, version, arena }: { firstKey: number; version: number; arena: Arena },
): AreaParts {
  const said = from.varint();
  // Version 2 does not say whether anything is lacking before it comes to it.
  const [length, isLacking] = version === 2 ? [said, true] : [Math.floor(said / 2), said % 2 === 1];
  if (length > from.left()) throw new RangeError(`${length} parts in ${from.left()} bytes`);
  const parts = allocateParts(length, isLacking, arena);
  let number = 0;
  for (let part = 0; part < length; part++) {
    const step = from.varint();
    number += Math.floor(step / LOW_BITS);
    if (number >= MOST_NUMBERS) throw new RangeError(`area ${number}`);
    parts.number[part] = number;
    parts.key[part] = firstKey + (step % LOW_BITS);
    readBands(from, parts, part, version);
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
    if (at % BAND_COUNT === OLDEST_BAND) {
      out.varint(bandCount[at] as number);
      continue;
    }
    out.varint(pairOf(bandCount[at] as number, bandSeverity[at] as number));
    if (!isLacking) continue;
    out.varint(lacking.quarters[at] as number);
    if (lacking.quarters[at] !== 0) out.varint(lacking.severityQuarters[at] as number);
  }
}

function readBands(from: ByteReader, { bandCount, bandSeverity, lacking }: AreaParts, part: number, version: number) {
  const mask = from.byte();
  if (mask >= 2 * LACKING || (mask >= LACKING && lacking === undefined))
    throw new RangeError(`bands ${mask.toString(2)} are not known`);
  for (let band = 0; band < BAND_COUNT; band++) {
    if ((mask & (1 << band)) === 0) continue;
    const at = part * BAND_COUNT + band;
    if (band === OLDEST_BAND && version !== 2) {
      bandCount[at] = from.varint();
      continue;
    }
    const pair = from.varint();
    const count = countOfPair(pair);
    bandCount[at] = count;
    bandSeverity[at] = count + pair - pairOf(count, count);
    if (mask < LACKING || lacking === undefined) continue;
    lacking.quarters[at] = from.varint();
    if (lacking.quarters[at] !== 0) lacking.severityQuarters[at] = from.varint();
  }
}

/**
 * A count, and the sum of so many severities of 1 to 5, as one number: the pairs of one report come first, then those of two, and so on.
 * Up to seven reports take one byte.
 */
const pairOf = (count: number, severity: number): number => (count - 1) * (2 * count + 1) + severity - count;

/** The largest count of which a pair is not below the first. */
const countOfPair = (pair: number): number => Math.floor((1 + Math.sqrt(8 * pair + 9)) / 4);

/** Of each the step from the part before, band, severity and quarters in a byte, and the time after the band's oldest. */
function writeSingles(
  out: Bytes,
  { length, part, createdAtMs, severity, quarters }: SingleReports,
  atMs: number,
): void {
  out.varint(length);
  if (length === 0) return;
  const stepMs = createdAtMs.every((time) => time % MINUTE_MS === 0) ? MINUTE_MS : 1;
  const oldest = oldestOfBands(atMs, stepMs);
  const bands = Array.from(createdAtMs, (time) => ageBand(atMs - time));
  const times = bands.map((band, i) => ((createdAtMs[i] as number) - (oldest[band] as number)) / stepMs);
  const timeBytes = Math.max(1, Math.ceil(Math.log2(times.reduce((most, time) => Math.max(most, time)) + 1) / 8));
  out.varint(stepMs);
  out.byte(timeBytes);
  let before = 0;
  for (let i = 0; i < length; i++) {
    out.varint((part[i] as number) - before);
    before = part[i] as number;
    out.byte(
      ((bands[i] as number) * SEVERITIES + (severity[i] as number)) * (FULL_QUARTERS + 1) + (quarters[i] as number),
    );
    out.uint(times[i] as number, timeBytes);
  }
}

/** When the oldest report of each band may have been created, in whole steps. */
const oldestOfBands = (atMs: number, stepMs: number): number[] =>
  AGE_BANDS.map(({ untilMs }) => Math.ceil((atMs - untilMs) / stepMs) * stepMs);

function allocateSingles(length: number, arena: Arena): SingleReports {
  return {
    length,
    createdAtMs: arena.floats(length),
    part: arena.words(length),
    severity: arena.bytes(length),
    quarters: arena.bytes(length),
  };
}

function readSingles(from: ByteReader, parts: number, { atMs, arena }: { atMs: number; arena: Arena }): SingleReports {
  const length = from.varint();
  if (length > from.left()) throw new RangeError(`${length} reports in ${from.left()} bytes`);
  if (length === 0) return NO_SINGLES;
  const singles = allocateSingles(length, arena);
  const stepMs = from.varint();
  const timeBytes = from.byte();
  if (timeBytes < 1 || timeBytes > 6) throw new RangeError(`times of ${timeBytes} bytes`);
  const oldest = oldestOfBands(atMs, stepMs);
  let part = 0;
  for (let i = 0; i < length; i++) {
    part += from.varint();
    if (part >= parts) throw new RangeError(`part ${part} of ${parts}`);
    const said = from.byte();
    const band = Math.floor(said / (SEVERITIES * (FULL_QUARTERS + 1)));
    if (band >= BAND_COUNT) throw new RangeError(`band ${band} of ${BAND_COUNT}`);
    singles.part[i] = part;
    singles.severity[i] = Math.floor(said / (FULL_QUARTERS + 1)) % SEVERITIES;
    singles.quarters[i] = said % (FULL_QUARTERS + 1);
    singles.createdAtMs[i] = (oldest[band] as number) + stepMs * from.uint(timeBytes);
  }
  return singles;
}

/** Of version 2, which has them in the order of time. */
function readSinglesV2(from: ByteReader, parts: number, arena: Arena): SingleReports {
  const length = from.varint();
  if (length > from.left()) throw new RangeError(`${length} reports in ${from.left()} bytes`);
  if (length === 0) return NO_SINGLES;
  const stepMs = from.varint();
  let time = 0;
  const read = Array.from({ length }, () => {
    time += from.varint();
    const part = from.varint();
    if (part >= parts) throw new RangeError(`part ${part} of ${parts}`);
    return { createdAtMs: time * stepMs, part, said: from.byte() };
  });
  read.sort((a, b) => a.part - b.part);
  const singles = allocateSingles(length, arena);
  read.forEach(({ createdAtMs, part, said }, i) => {
    singles.createdAtMs[i] = createdAtMs;
    singles.part[i] = part;
    singles.severity[i] = Math.floor(said / (FULL_QUARTERS + 1));
    singles.quarters[i] = said % (FULL_QUARTERS + 1);
  });
  return singles;
}
