import { type AreaParts, allocateParts, MOST_NUMBERS, OLDEST_BAND, type SingleReports } from "../areas/area-parts.ts";
import { type Arena, createArena } from "../cells/arena.ts";
import { keyOfGeohash } from "../geo/cell-key.ts";
import { BAND_COUNT } from "../layers.ts";
import { ORDER_BITS, readSingles, writeSingles } from "./area-tally-singles.ts";
import { countOfPair, pairOf, readTallyV2 } from "./area-tally-v2.ts";
import { type BitReader, bestOrder, createBitReader, createBitWriter } from "./bits.ts";
import type { ByteReader, Bytes } from "./bytes.ts";
import { readLacking, writeLacking } from "./lacking-weights.ts";
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

/** In bits, and of reports that are too old for scores their number by area alone. */
const VERSION = 3;
const VERSIONS = [2, VERSION];

/** Neighbourhoods of a log cell. */
const LOW_KEYS = 32;
/** Sets of age bands, as bits, those that most parts have first: a part has few reports that are young, and many that are old. */
const MASKS = [
  31, 15, 30, 14, 16, 24, 26, 28, 8, 18, 20, 2, 22, 6, 27, 4, 10, 29, 12, 25, 17, 1, 3, 19, 23, 21, 9, 11, 13, 0, 7, 5,
];
const RANK_OF_MASK = MASKS.map((_, mask) => MASKS.indexOf(mask));
type Orders = [steps: number, turns: number, ranks: number, pairs: number, olds: number];

/** About three bytes a part of few reports, and four a single report. */
export function encodeAreaTally(tally: AreaTally): Uint8Array<ArrayBuffer> {
  const { beforeMs, atMs, untilMs, parts, singles } = tally;
  return writeItem("area-tally", VERSION, (out) => {
    out.varint(beforeMs);
    out.varint(atMs);
    out.varint(untilMs === Infinity ? 0 : untilMs - atMs);
    writeParts(out, parts);
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
  const firstKey = keyOfGeohash(geohash5) * LOW_KEYS;
  return readItem("area-tally", VERSIONS, name, body, (from, version) => {
    const beforeMs = from.varint();
    const atMs = from.varint();
    const forMs = from.varint();
    const times = { beforeMs, atMs, untilMs: forMs === 0 ? Infinity : atMs + forMs };
    if (version === 2) return { ...times, ...readTallyV2(from, firstKey, arena) };
    const parts = readParts(from, body, firstKey, arena);
    return { ...times, parts, singles: readSingles(from, body, { parts: parts.length, atMs, arena }) };
  });
}

/** For tallies of so many bytes: about so large are they in memory. */
export const arenaOfTallies = (bytes: number): Arena => createArena(10 * bytes);

/** The step between two neighbourhoods of one log cell, or of two areas' that begin anew, as a number that is small where they are near. */
function turnOf(step: number): number {
  const turned = ((step % LOW_KEYS) + LOW_KEYS) % LOW_KEYS;
  return turned < LOW_KEYS / 2 ? 2 * turned : 2 * (LOW_KEYS - turned) - 1;
}

/** Column by column: of each part the steps from the area and the neighbourhood before, which bands have reports, and what these have. */
function writeParts(out: Bytes, { length, number, key, bandCount, bandSeverity, lacking }: AreaParts): void {
  out.varint(2 * length + (lacking === undefined ? 0 : 1));
  if (length === 0) return;
  const steps = Array.from(
    number.subarray(0, length),
    (each, part) => each - (part === 0 ? 0 : (number[part - 1] as number)),
  );
  const [masks, pairs, olds]: [number[], number[], number[]] = [[], [], []];
  for (let part = 0; part < length; part++) {
    let mask = 0;
    for (let band = 0; band < BAND_COUNT; band++) {
      const count = bandCount[part * BAND_COUNT + band] as number;
      if (count === 0) continue;
      mask |= 1 << band;
      if (band === OLDEST_BAND) olds.push(count - 1);
      else pairs.push(pairOf(count, bandSeverity[part * BAND_COUNT + band] as number));
    }
    masks.push(mask);
  }
  const turns = masks.map((_, part) => turnOf((key[part] as number) - (part === 0 ? 0 : (key[part - 1] as number))));
  const ranks = masks.map((mask) => RANK_OF_MASK[mask] as number);
  const columns = [steps, turns, ranks, pairs, olds];
  const bits = createBitWriter(out);
  const orders = columns.map(bestOrder);
  for (const order of orders) bits.bits(order, ORDER_BITS);
  columns.forEach((column, i) => {
    for (const value of column) bits.golomb(value, orders[i] as number);
  });
  bits.finish();
  if (lacking !== undefined) writeLacking(out, lacking);
}

function readParts(from: ByteReader, body: Uint8Array, firstKey: number, arena: Arena): AreaParts {
  const said = from.varint();
  const length = Math.floor(said / 2);
  if (length > from.left()) throw new RangeError(`${length} parts in ${from.left()} bytes`);
  const parts = allocateParts(length, false, arena);
  if (length === 0) return parts;
  const bits = createBitReader(body, from.position());
  const [steps, turns, ranks, pairs, olds] = Array.from({ length: 5 }, () => bits.bits(ORDER_BITS)) as Orders;
  let number = 0;
  for (let part = 0; part < length; part++) {
    number += bits.golomb(steps);
    if (number >= MOST_NUMBERS) throw new RangeError(`area ${number}`);
    parts.number[part] = number;
  }
  let key = 0;
  for (let part = 0; part < length; part++) {
    const turn = bits.golomb(turns);
    if (turn >= LOW_KEYS) throw new RangeError(`step ${turn} between neighbourhoods`);
    key = (key + (turn % 2 === 0 ? turn / 2 : LOW_KEYS - (turn + 1) / 2)) % LOW_KEYS;
    parts.key[part] = firstKey + key;
  }
  const masks = arena.bytes(length);
  for (let part = 0; part < length; part++) {
    const rank = bits.golomb(ranks);
    if (rank >= MASKS.length) throw new RangeError(`bands of rank ${rank} are not known`);
    masks[part] = MASKS[rank] as number;
  }
  readCounts(bits, parts, masks, { pairs, olds });
  from.skip(bits.position() - from.position());
  return said % 2 === 0 ? parts : { ...parts, lacking: readLacking(from, length) };
}

function readCounts(
  bits: BitReader,
  { length, bandCount, bandSeverity }: AreaParts,
  masks: Uint8Array,
  { pairs, olds }: { readonly pairs: number; readonly olds: number },
): void {
  for (let part = 0; part < length; part++) {
    for (let left = (masks[part] as number) & ((1 << OLDEST_BAND) - 1); left !== 0; left &= left - 1) {
      const at = part * BAND_COUNT + 31 - Math.clz32(left & -left);
      const pair = bits.golomb(pairs);
      const count = countOfPair(pair);
      bandCount[at] = count;
      bandSeverity[at] = count + pair - pairOf(count, count);
    }
  }
  for (let part = 0; part < length; part++) {
    if ((masks[part] as number) < 1 << OLDEST_BAND) continue;
    bandCount[part * BAND_COUNT + OLDEST_BAND] = bits.golomb(olds) + 1;
  }
}
