import { JSON_REJECTS } from "./json-rejects.ts";
import { createJsonTable } from "./json-row.ts";
import { createLineSplitter, isBlank, type Line, trimLineEnd, withoutBom } from "./lines.ts";
import { MAX_ROW_BYTES, type Row, type RowReader } from "./row.ts";

/** Begins each text of a sequence (RFC 8142), which may go over lines. */
export const RECORD_SEPARATOR = 0x1e;

/** Reads newline-delimited JSON: an object, or a GeoJSON Feature, on each line. */
export const createNdjsonReader = (): RowReader => createTextReader(createLineSplitter());

/** Reads a sequence of JSON texts, each behind a record separator. */
export const createSequenceReader = (): RowReader => createTextReader(createLineSplitter(RECORD_SEPARATOR));

function createTextReader(texts: ReturnType<typeof createLineSplitter>): RowReader {
  const table = createJsonTable();
  let blankLines = 0;
  let count = 0;

  function* read(text: Line): Generator<Row> {
    const bytes = withoutSeparators(count++ === 0 ? withoutBom(text.bytes) : text.bytes);
    if (text.overlong) yield table.reject(bytes, `longer than ${MAX_ROW_BYTES} bytes`);
    else if (!isBlank(bytes)) yield table.rowOf(bytes);
    // What is before the first separator is no line.
    else if (text.bytes.at(-1) !== RECORD_SEPARATOR) blankLines++;
  }

  return {
    columns: table.columns,
    get blankLines() {
      return blankLines;
    },
    rejects: JSON_REJECTS,
    *push(chunk) {
      for (const text of texts.push(chunk)) yield* read(text);
    },
    *end() {
      for (const text of texts.end()) yield* read(text);
    },
  };
}

function withoutSeparators(text: Buffer): Buffer {
  const from = text[0] === RECORD_SEPARATOR ? 1 : 0;
  const to = text.length > from && text.at(-1) === RECORD_SEPARATOR ? text.length - 1 : text.length;
  return trimLineEnd(text.subarray(from, to));
}
