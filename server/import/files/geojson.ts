import { OperatorError } from "../../console/operator-error.ts";
import { fail, findElement, passOver, readElement, recover, rejectBroken } from "./json-elements.ts";
import { type JsonReaderOptions, newReading, type Reading, type Step } from "./json-reading.ts";
import { JSON_REJECTS } from "./json-rejects.ts";
import { readRoot } from "./json-root-steps.ts";
import { createPendingBytes } from "./pending-bytes.ts";
import type { Row, RowReader } from "./row.ts";

export interface JsonReader extends RowReader {
  /** Bytes that were scanned for the ends of elements, some of them more than once. */
  readonly scannedBytes: number;
}

/**
 * Reads the features of a GeoJSON FeatureCollection (RFC 7946), or the objects of another JSON array, one after the other; also one
 * object, or several that follow one another.
 * An element that is not JSON (a quote or brace lost, a line cut off) is one rejected row; reading goes on where the next
 * element seems to start.
 *
 * What was scanned in vain for the end of an element is scanned again from the next one on. Each byte that was passed pays
 * for eight, so that time is linear however a file is broken; what cannot be paid is rejected unread.
 */
export function createGeoJsonReader(options: JsonReaderOptions = {}): JsonReader {
  const reading = newReading(options);
  const pending = createPendingBytes();
  const readBytes = (bytes: Buffer) => {
    reading.bytes = bytes;
    reading.start = 0;
    return readRows(reading);
  };
  return {
    columns: reading.table.columns,
    blankLines: 0,
    rejects: JSON_REJECTS,
    get scannedBytes() {
      return reading.scannedBytes;
    },
    *push(chunk) {
      const bytes = pending.add(chunk, reading.bytes.subarray(reading.start));
      if (bytes !== undefined) yield* readBytes(bytes);
    },
    *end() {
      yield* readBytes(pending.take(reading.bytes.subarray(reading.start)));
      if (reading.mode === "root" && !reading.found)
        throw new OperatorError(reading.root.depth > 0 ? CUT_OFF : NO_ROWS);
      while (reading.mode === "element") {
        fail(reading, "the file ends inside it");
        yield* readRows(reading);
      }
      if (reading.mode === "broken") {
        passOver(reading, reading.bytes.length);
        yield rejectBroken(reading);
      } else if (reading.mode === "between" && !reading.isSequence)
        yield reading.table.reject(Buffer.alloc(0), "the file ends before its array of rows does");
    },
  };
}

function* readRows(reading: Reading): Generator<Row> {
  const next = () => STEPS[reading.mode](reading);
  for (let step = next(); step !== "more"; step = next()) if (step !== "on") yield step;
}

const STEPS: Readonly<Record<Reading["mode"], (reading: Reading) => Step>> = {
  root: readRoot,
  between: findElement,
  element: readElement,
  broken: recover,
};

const CUT_OFF =
  "There is no array of features in the file before it ends inside an object: it was cut off, or its rows are elsewhere (--rows-in MEMBER).";
const NO_ROWS =
  "There is no array of features in the file, and no object: it is no GeoJSON; --format names another format.";
