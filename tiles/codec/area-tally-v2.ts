import { type AreaParts, allocateParts, MOST_NUMBERS, NO_SINGLES, type SingleReports } from "../areas/area-parts.ts";
import type { Arena } from "../cells/arena.ts";
import { BAND_COUNT } from "../layers.ts";
import { FULL_QUARTERS } from "../report-columns.ts";
import type { ByteReader } from "./bytes.ts";

/** Tallies as version 2 has them: in whole bytes, single reports in the order of time, and those too old for scores as all others. */

/** A neighbourhood within its log cell. */
const LOW_BITS = 32;
/** Beside the bits of the age bands. */
const LACKING = 1 << BAND_COUNT;

/** What stands behind the times. @throws RangeError on what nobody has written */
export function readTallyV2(from: ByteReader, firstKey: number, arena: Arena) {
  const parts = readParts(from, firstKey, arena);
  return { parts, singles: readSingles(from, parts.length, arena) };
}

function readParts(from: ByteReader, firstKey: number, arena: Arena): AreaParts {
  const length = from.varint();
  if (length > from.left()) throw new RangeError(`${length} parts in ${from.left()} bytes`);
  // It does not say whether anything is lacking before it comes to it.
  const parts = allocateParts(length, true, arena);
  let number = 0;
  for (let part = 0; part < length; part++) {
    const step = from.varint();
    number += Math.floor(step / LOW_BITS);
    if (number >= MOST_NUMBERS) throw new RangeError(`area ${number}`);
    parts.number[part] = number;
    parts.key[part] = firstKey + (step % LOW_BITS);
    readBands(from, parts, part);
  }
  return parts;
}

/** A byte that says which bands have reports, and whether some weigh less than 1; then of each of these what it has. */
function readBands(from: ByteReader, { bandCount, bandSeverity, lacking }: AreaParts, part: number): void {
  const mask = from.byte();
  if (mask >= 2 * LACKING) throw new RangeError(`bands ${mask.toString(2)} are not known`);
  for (let band = 0; band < BAND_COUNT; band++) {
    if ((mask & (1 << band)) === 0) continue;
    const at = part * BAND_COUNT + band;
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
 */
export const pairOf = (count: number, severity: number): number => (count - 1) * (2 * count + 1) + severity - count;

/** The largest count of which a pair is not below the first. */
export const countOfPair = (pair: number): number => Math.floor((1 + Math.sqrt(8 * pair + 9)) / 4);

export function allocateSingles(length: number, arena: Arena): SingleReports {
  return {
    length,
    createdAtMs: arena.floats(length),
    part: arena.words(length),
    severity: arena.bytes(length),
    quarters: arena.bytes(length),
  };
}

function readSingles(from: ByteReader, parts: number, arena: Arena): SingleReports {
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
