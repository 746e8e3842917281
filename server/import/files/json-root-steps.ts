import { TOO_LONG } from "./json-elements.ts";
import { moveTo, type Reading, type Step } from "./json-reading.ts";
import { createRootScanner } from "./json-root.ts";
import { checkBeforeRows, checkBehindRows, checkLoneObject, checkSocrata } from "./json-root-checks.ts";
import { MAX_ROW_BYTES } from "./row.ts";

/** Looks for the rows, or for what is behind them. */
export function readRoot(reading: Reading): Step {
  const { bytes, root } = reading;
  if (root.depth === 0 && reading.passed === 0) {
    let from = reading.start;
    while (from < bytes.length && !isOpening(bytes[from] ?? 0)) from++;
    moveTo(reading, from);
    reading.holds = "root";
  }
  const found = root.find(bytes, reading.start + reading.passed);
  checkSocrata(root);
  if (found === undefined) {
    reading.passed = bytes.length - reading.start;
    if (reading.passed > MAX_ROW_BYTES) {
      reading.holds = "nothing";
      moveTo(reading, bytes.length);
    }
    return "more";
  }
  const held = bytes.subarray(reading.start, found.at);
  if (held.length > MAX_ROW_BYTES) reading.holds = "nothing";
  if (found.what === "end") return endRoot(reading, held);
  if (reading.holds === "root") checkBeforeRows(held, root.depth);
  return beginRows(reading, found.at);
}

function beginRows(reading: Reading, at: number): Step {
  moveTo(reading, at);
  reading.found = true;
  reading.mode = "between";
  return "on";
}

const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b;

/** The root object has ended: behind its rows, or it is a row itself, as all others behind it are then. */
function endRoot(reading: Reading, held: Buffer): Step {
  const { root, table, rowsIn } = reading;
  moveTo(reading, reading.start + held.length);
  reading.root = createRootScanner(rowsIn ?? "features");
  if (reading.holds === "behind") {
    checkBehindRows(held, reading.openBehind);
    return "on";
  }
  if (reading.holds === "nothing" && reading.found) return "on";
  const isHeld = reading.holds === "root";
  checkLoneObject(isHeld ? held : Buffer.alloc(0), root.arrays, rowsIn);
  reading.isSequence = true;
  beginRows(reading, reading.start);
  return isHeld ? table.rowOf(held) : table.reject(Buffer.alloc(0), TOO_LONG);
}
