import { OperatorError } from "../../console/operator-error.ts";
import { createJsonTable, NOT_JSON } from "./json-row.ts";
import {
  createArrayFinder,
  createElementScanner,
  ELEMENT_START_BYTES,
  findElementStart,
  isArrayEnd,
  isSeparator,
  trimSeparators,
} from "./json-scan.ts";
import { KEPT_OF_OVERLONG_BYTES, MAX_ROW_BYTES, type Row, type RowReader } from "./row.ts";

/** What one step of reading came to: a row, progress without a row, or nothing until there are more bytes. */
type Step = Row | "on" | "more";

/**
 * Reads the features of a GeoJSON FeatureCollection (RFC 7946), or the objects of a JSON array, one after the other.
 * An element that is not JSON (a quote or brace lost, a line cut off) is one rejected row; reading goes on where the next
 * element seems to start.
 */
export function createGeoJsonReader(): RowReader {
  const reading = newReading();
  return {
    columns: reading.table.columns,
    blankLines: 0,
    *push(chunk) {
      const { bytes, start } = reading;
      reading.bytes = start < bytes.length ? Buffer.concat([bytes.subarray(start), chunk]) : chunk;
      reading.start = 0;
      yield* readRows(reading);
    },
    *end() {
      if (!reading.found) throw new OperatorError(NO_FEATURES);
      while (reading.mode === "element") {
        fail(reading, "the file ends inside it");
        yield* readRows(reading);
      }
      if (reading.mode === "broken") {
        passOver(reading, reading.bytes.length);
        yield rejectBroken(reading);
      } else if (reading.mode === "between")
        yield reading.table.reject(Buffer.alloc(0), "the file ends before its array of features does");
    },
  };
}

/** Where reading stands. */
interface Reading {
  mode: "before" | "between" | "element" | "broken";
  /** An array was found. */
  found: boolean;
  bytes: Buffer;
  /** What lies before is done with. */
  start: number;
  scanner: ReturnType<typeof createElementScanner>;
  broken: ReturnType<typeof createBrokenElement>;
  readonly finder: ReturnType<typeof createArrayFinder>;
  readonly table: ReturnType<typeof createJsonTable>;
}

const newReading = (): Reading => ({
  mode: "before",
  found: false,
  bytes: Buffer.alloc(0),
  start: 0,
  scanner: createElementScanner(),
  broken: createBrokenElement(""),
  finder: createArrayFinder(),
  table: createJsonTable(),
});

function* readRows(reading: Reading): Generator<Row> {
  const next = () => STEPS[reading.mode](reading);
  for (let step = next(); step !== "more"; step = next()) if (step !== "on") yield step;
}

const STEPS: Readonly<Record<Reading["mode"], (reading: Reading) => Step>> = {
  before: findArray,
  between: findElement,
  element: readElement,
  broken: recover,
};

function findArray(reading: Reading): Step {
  const inside = reading.finder.find(reading.bytes, reading.start);
  reading.start = inside ?? reading.bytes.length;
  if (inside === undefined) return "more";
  reading.found = true;
  reading.mode = "between";
  return "on";
}

function findElement(reading: Reading): Step {
  const { bytes, finder } = reading;
  while (reading.start < bytes.length && isSeparator(bytes[reading.start] ?? 0)) reading.start++;
  if (reading.start === bytes.length) return "more";
  if (isArrayEnd(bytes[reading.start] ?? 0)) {
    reading.start++;
    finder.leave();
    reading.mode = "before";
  } else {
    reading.scanner = createElementScanner();
    reading.mode = "element";
  }
  return "on";
}

function readElement(reading: Reading): Step {
  const { bytes, start, scanner, table } = reading;
  const end = scanner.scan(bytes, start);
  if (end === "broken") return fail(reading, NOT_JSON);
  if (end === "open") {
    return bytes.length - start > MAX_ROW_BYTES ? fail(reading, `longer than ${MAX_ROW_BYTES} bytes`) : "more";
  }
  const raw = bytes.subarray(start, end);
  const row = table.rowOf(trimSeparators(raw));
  const next = row.problem === NOT_JSON ? findElementStart(raw, 1) : -1;
  reading.mode = "between";
  reading.start = next < 0 ? end : start + next;
  return next < 0 ? row : { ...row, raw: trimSeparators(raw.subarray(0, next)) };
}

function fail(reading: Reading, problem: string): Step {
  reading.broken = createBrokenElement(problem);
  reading.mode = "broken";
  passOver(reading, reading.start + 1);
  return "on";
}

function passOver(reading: Reading, to: number): void {
  reading.broken.add(reading.bytes.subarray(reading.start, to));
  reading.start = to;
}

const rejectBroken = ({ table, broken }: Reading): Row => table.reject(trimSeparators(broken.head()), broken.problem);

function recover(reading: Reading): Step {
  const { bytes, start } = reading;
  const next = findElementStart(bytes, start);
  passOver(reading, next < 0 ? Math.max(start, bytes.length - ELEMENT_START_BYTES) : next);
  if (next < 0) return "more";
  reading.mode = "between";
  return rejectBroken(reading);
}

/** An element that is passed over: what is kept of it for the operator, and what is wrong with it. */
function createBrokenElement(problem: string) {
  let head: Buffer = Buffer.alloc(0);
  return {
    problem,
    head: () => head,
    add(bytes: Buffer): void {
      const room = Math.max(0, KEPT_OF_OVERLONG_BYTES - head.length);
      head = Buffer.concat([head, bytes.subarray(0, room)]);
    },
  };
}

const NO_FEATURES =
  "there is no array of features in the file: a GeoJSON FeatureCollection has one; for an object on each line say --format ndjson";
