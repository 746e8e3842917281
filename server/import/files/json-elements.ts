import { createBrokenElement } from "./json-broken.ts";
import { moveTo, type Reading, type Step } from "./json-reading.ts";
import { isNotJson, NOT_JSON } from "./json-row.ts";
import {
  createElementScanner,
  ELEMENT_START_BYTES,
  findElementStart,
  isArrayEnd,
  isSeparator,
  trimSeparators,
} from "./json-scan.ts";
import { MAX_ROW_BYTES, type Row } from "./row.ts";

/** Enough for a few broken elements at the beginning of a file. */
const SCANNED_FREELY_BYTES = 1 << 24;
const SCANNED_A_BYTE = 8;

export function findElement(reading: Reading): Step {
  const { bytes, root } = reading;
  let at = reading.start;
  while (at < bytes.length && isBetween(reading, at)) at++;
  moveTo(reading, at);
  if (at === bytes.length) return "more";
  if (isArrayEnd(bytes[at] ?? 0)) {
    moveTo(reading, at + 1);
    root.leave();
    reading.holds = "behind";
    reading.openBehind = root.depth;
    reading.mode = "root";
  } else {
    if (reading.scannedBytes > SCANNED_FREELY_BYTES + SCANNED_A_BYTE * reading.doneBytes) return fail(reading, UNPAID);
    reading.scanner = createElementScanner();
    reading.mode = "element";
  }
  return "on";
}

/** In a sequence also brackets that are too many, and the byte order mark that it may begin with. */
export function isBetween({ bytes, start, doneBytes, isSequence }: Reading, at: number): boolean {
  const byte = bytes[at] ?? 0;
  return isSeparator(byte) || (isSequence && (isArrayEnd(byte) || (doneBytes + at - start < 3 && byte > 0x7f)));
}

export function readElement(reading: Reading): Step {
  const { bytes, start, scanner, table } = reading;
  const to = Math.min(bytes.length, start + MAX_ROW_BYTES);
  const scannedBefore = scanner.scannedBytes;
  const end = scanner.scan(bytes, start, to);
  reading.scannedBytes += scanner.scannedBytes - scannedBefore;
  if (end === "broken") return fail(reading, NOT_JSON);
  if (end === "open") return bytes.length > to ? fail(reading, TOO_LONG) : "more";
  const raw = bytes.subarray(start, end);
  const row = table.rowOf(trimSeparators(raw));
  const next = isNotJson(row.problem) ? findElementStart(raw, 1) : -1;
  reading.mode = "between";
  moveTo(reading, next < 0 ? end : start + next);
  return next < 0 ? row : { ...row, raw: trimSeparators(raw.subarray(0, next)) };
}

export function fail(reading: Reading, problem: string): Step {
  reading.broken = createBrokenElement(problem);
  reading.mode = "broken";
  passOver(reading, reading.start + 1);
  return "on";
}

export function passOver(reading: Reading, to: number): void {
  reading.broken.add(reading.bytes.subarray(reading.start, to));
  moveTo(reading, to);
}

export const rejectBroken = ({ table, broken }: Reading): Row =>
  table.reject(trimSeparators(broken.head()), broken.problem);

export function recover(reading: Reading): Step {
  const { bytes, start } = reading;
  const next = findElementStart(bytes, start);
  passOver(reading, next < 0 ? Math.max(start, bytes.length - ELEMENT_START_BYTES) : next);
  if (next < 0) return "more";
  reading.mode = "between";
  return rejectBroken(reading);
}

export const TOO_LONG = `longer than ${MAX_ROW_BYTES} bytes`;
const UNPAID = "not read, for too much before it is broken";
