import { NO_SINGLES, type SingleReports } from "../areas/area-parts.ts";
import type { Arena } from "../cells/arena.ts";
import { AGE_BANDS, ageBand, BAND_COUNT } from "../layers.ts";
import { FULL_QUARTERS } from "../report-columns.ts";
import { allocateSingles } from "./area-tally-v2.ts";
import { bestOrder, bitLength, createBitReader, createBitWriter } from "./bits.ts";
import type { ByteReader, Bytes } from "./bytes.ts";

/** Single reports of a tally: about four bytes each. */

/** Of orders of golomb codes. */
export const ORDER_BITS = 4;
/** Of a band, and of a severity of 0 to 5. */
const SMALL_BITS = 3;
const MINUTE_MS = 60_000;

/** Of each the step from the part before, band, severity, the time after the band's oldest, and quarters where some lack any. */
export function writeSingles(
  out: Bytes,
  { length, part, createdAtMs, severity, quarters }: SingleReports,
  atMs: number,
): void {
  const isLacking = quarters.some((each) => each !== FULL_QUARTERS);
  out.varint(2 * length + (isLacking ? 1 : 0));
  if (length === 0) return;
  const stepMs = createdAtMs.every((time) => time % MINUTE_MS === 0) ? MINUTE_MS : 1;
  const oldest = oldestOfBands(atMs, stepMs);
  const bands = Array.from(createdAtMs, (time) => ageBand(atMs - time));
  const times = bands.map((band, i) => ((createdAtMs[i] as number) - (oldest[band] as number)) / stepMs);
  const steps = Array.from(part, (each, i) => each - (i === 0 ? 0 : (part[i - 1] as number)));
  const [order, timeBits] = [bestOrder(steps), bitLength(times.reduce((most, time) => Math.max(most, time)))];
  out.varint(stepMs);
  out.byte(order);
  out.byte(timeBits);
  const bits = createBitWriter(out);
  for (let i = 0; i < length; i++) {
    bits.golomb(steps[i] as number, order);
    bits.bits(bands[i] as number, SMALL_BITS);
    bits.bits(severity[i] as number, SMALL_BITS);
    if (isLacking) bits.bits(quarters[i] as number, SMALL_BITS);
    bits.bits(times[i] as number, timeBits);
  }
  bits.finish();
}

/** When the oldest report of each band may have been created, in whole steps. */
const oldestOfBands = (atMs: number, stepMs: number): number[] =>
  AGE_BANDS.map(({ untilMs }) => Math.ceil((atMs - untilMs) / stepMs) * stepMs);

export function readSingles(
  from: ByteReader,
  body: Uint8Array,
  { parts, atMs, arena }: { readonly parts: number; readonly atMs: number; readonly arena: Arena },
): SingleReports {
  const said = from.varint();
  const length = Math.floor(said / 2);
  // Seven bits each at the least.
  if (length > 2 * from.left()) throw new RangeError(`${length} reports in ${from.left()} bytes`);
  if (length === 0) return NO_SINGLES;
  const singles = allocateSingles(length, arena);
  const stepMs = from.varint();
  const [order, timeBits] = [from.byte(), from.byte()];
  if (order >= 1 << ORDER_BITS || timeBits > 52) throw new RangeError(`order ${order}, times of ${timeBits} bits`);
  const oldest = oldestOfBands(atMs, stepMs);
  const bits = createBitReader(body, from.position());
  let part = 0;
  for (let i = 0; i < length; i++) {
    part += bits.golomb(order);
    if (part >= parts) throw new RangeError(`part ${part} of ${parts}`);
    const band = bits.bits(SMALL_BITS);
    if (band >= BAND_COUNT) throw new RangeError(`band ${band} of ${BAND_COUNT}`);
    singles.part[i] = part;
    singles.severity[i] = bits.bits(SMALL_BITS);
    singles.quarters[i] = said % 2 === 0 ? FULL_QUARTERS : bits.bits(SMALL_BITS);
    singles.createdAtMs[i] = (oldest[band] as number) + stepMs * bits.bits(timeBits);
  }
  from.skip(bits.position() - from.position());
  return singles;
}
