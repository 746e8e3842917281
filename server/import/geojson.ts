import { OperatorError } from "../console/operator-error.ts";
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
  const elements = createElementReader();
  return {
    columns: elements.columns,
    blankLines: 0,
    *push(chunk) {
      elements.add(chunk);
      yield* elements.read();
    },
    *end() {
      if (!elements.hasFound()) throw new OperatorError(NO_FEATURES);
      while (elements.isInside()) {
        elements.fail("the file ends inside it");
        yield* elements.read();
      }
      yield* elements.end();
    },
  };
}

/** The elements of arrays, read step by step over the bytes that are there. */
function createElementReader() {
  const table = createJsonTable();
  const finder = createArrayFinder();
  let mode: "before" | "between" | "element" | "broken" = "before";
  let found = false;
  let bytes: Buffer = Buffer.alloc(0);
  /** What lies before is done with. */
  let start = 0;
  let scanner = createElementScanner();
  let brokenHead: Buffer = Buffer.alloc(0);
  let brokenProblem = "";

  function findArray(): Step {
    const inside = finder.find(bytes, start);
    start = inside ?? bytes.length;
    if (inside === undefined) return "more";
    found = true;
    mode = "between";
    return "on";
  }

  function findElement(): Step {
    while (start < bytes.length && isSeparator(bytes[start] ?? 0)) start++;
    if (start === bytes.length) return "more";
    if (isArrayEnd(bytes[start] ?? 0)) {
      start++;
      finder.leave();
      mode = "before";
    } else {
      scanner = createElementScanner();
      mode = "element";
    }
    return "on";
  }

  function readElement(): Step {
    const end = scanner.scan(bytes, start);
    if (end === "broken") return fail(NOT_JSON);
    if (end === "open")
      return bytes.length - start > MAX_ROW_BYTES ? fail(`longer than ${MAX_ROW_BYTES} bytes`) : "more";
    const raw = bytes.subarray(start, end);
    const row = table.rowOf(trimSeparators(raw));
    const next = row.problem === NOT_JSON ? findElementStart(raw, 1) : -1;
    mode = "between";
    start = next < 0 ? end : start + next;
    return next < 0 ? row : { ...row, raw: trimSeparators(raw.subarray(0, next)) };
  }

  function fail(problem: string): Step {
    brokenHead = Buffer.alloc(0);
    brokenProblem = problem;
    mode = "broken";
    passOver(start + 1);
    return "on";
  }

  function passOver(to: number): void {
    const room = Math.max(0, KEPT_OF_OVERLONG_BYTES - brokenHead.length);
    brokenHead = Buffer.concat([brokenHead, bytes.subarray(start, Math.min(to, start + room))]);
    start = to;
  }

  const rejectBroken = (): Row => table.reject(trimSeparators(brokenHead), brokenProblem);

  function recover(): Step {
    const next = findElementStart(bytes, start);
    passOver(next < 0 ? Math.max(start, bytes.length - ELEMENT_START_BYTES) : next);
    if (next < 0) return "more";
    mode = "between";
    return rejectBroken();
  }

  const steps = { before: findArray, between: findElement, element: readElement, broken: recover };

  function* read(): Generator<Row> {
    for (let step = steps[mode](); step !== "more"; step = steps[mode]()) if (step !== "on") yield step;
  }

  return {
    columns: table.columns,
    read,
    fail,
    hasFound: () => found,
    isInside: () => mode === "element",
    add(chunk: Buffer): void {
      bytes = start < bytes.length ? Buffer.concat([bytes.subarray(start), chunk]) : chunk;
      start = 0;
    },
    *end(): Generator<Row> {
      if (mode === "broken") {
        passOver(bytes.length);
        yield rejectBroken();
      } else if (mode === "between")
        yield table.reject(Buffer.alloc(0), "the file ends before its array of features does");
    },
  };
}

const NO_FEATURES =
  "there is no array of features in the file: a GeoJSON FeatureCollection has one; for an object on each line say --format ndjson";
