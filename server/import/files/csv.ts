import { OperatorError } from "../../console/operator-error.ts";
import { createCsvAdvice } from "./csv-advice.ts";
import { createRecordReader } from "./csv-records.ts";
import { createCsvRejects } from "./csv-rejects.ts";
import { createRowMaker } from "./csv-rows.ts";
import { createLineSplitter, type Line, withoutBom } from "./lines.ts";
import type { RowReader } from "./row.ts";

/**
 * Reads CSV (RFC 4180) with a header, lines ended by LF or CRLF, quoted fields over several lines.
 * A row that is broken (a quote that never closes or closes in the middle of a field, too many fields) costs
 * its first line only: reading goes on at the next one, so that a lost quote does not swallow the good rows behind it.
 * Packages (csv-parse, papaparse) read on to the next quote, however many rows that takes, and are no faster.
 * @param given between the fields; a first line `sep=;`, as Excel reads it, tells another
 * @param skippedLines before the first that is read, for advice that counts lines
 */
export function createCsvReader(given = ",", skippedLines = 0): RowReader {
  let delimiter = given;
  let separatorLine = Buffer.alloc(0);
  let lineCount = 0;
  const delimiterOf = () => delimiter;
  const lines = createLineSplitter();
  const rows = createRowMaker(delimiterOf);
  const records = createRecordReader(() => delimiter.charCodeAt(0), rows);
  const advice = createCsvAdvice(delimiterOf);

  function* read(line: Line) {
    lineCount++;
    const bytes = lineCount === 1 ? withoutBom(line.bytes) : line.bytes;
    const separator = lineCount === 1 ? SEPARATOR_LINE.exec(bytes.toString("latin1"))?.[1] : undefined;
    if (separator === undefined) {
      advice.note(bytes);
      yield* records.read({ ...line, bytes });
    } else {
      delimiter = separator;
      separatorLine = Buffer.from(`sep=${separator}\n`);
    }
  }

  return {
    columns: rows.columns,
    get blankLines() {
      return records.blankLines;
    },
    rejects: createCsvRejects({
      separatorLine: () => separatorLine,
      delimiter: delimiterOf,
      header: () => rows.header,
    }),
    adviseOn: (wanted) => advice.adviseOn(wanted, rows.columns, skippedLines + (separatorLine.length > 0 ? 1 : 0)),
    *push(chunk) {
      for (const line of lines.push(chunk)) yield* read(line);
    },
    *end() {
      for (const line of lines.end()) yield* read(line);
      yield* records.end();
      if (rows.columns.length === 0)
        throw new OperatorError("The file is empty: a CSV file starts with a line of column names.");
    },
  };
}

/** Not a header of one column that is called so: nothing else is on the line. */
const SEPARATOR_LINE = /^"?sep=([\t -~])"?\r?\n?$/i;
