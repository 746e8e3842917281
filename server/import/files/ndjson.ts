import { createJsonTable } from "./json-row.ts";
import { checkEncoding, createLineSplitter, isBlank, type Line, trimLineEnd } from "./lines.ts";
import { MAX_ROW_BYTES, type Row, type RowReader } from "./row.ts";

/** Reads newline-delimited JSON: an object, or a GeoJSON Feature, on each line. */
export function createNdjsonReader(): RowReader {
  const lines = createLineSplitter();
  const table = createJsonTable();
  let blankLines = 0;
  let lineCount = 0;

  function* read(line: Line): Generator<Row> {
    const bytes = trimLineEnd(lineCount++ === 0 ? checkEncoding(line.bytes) : line.bytes);
    if (line.overlong) yield table.reject(bytes, `longer than ${MAX_ROW_BYTES} bytes`);
    else if (isBlank(bytes)) blankLines++;
    else yield table.rowOf(bytes);
  }

  return {
    columns: table.columns,
    get blankLines() {
      return blankLines;
    },
    *push(chunk) {
      for (const line of lines.push(chunk)) yield* read(line);
    },
    *end() {
      for (const line of lines.end()) yield* read(line);
    },
  };
}
