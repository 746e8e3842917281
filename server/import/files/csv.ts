import { isUtf8 } from "node:buffer";
import { OperatorError } from "../../console/operator-error.ts";
import { nameColumns, QUOTE, type ScanState, scan, splitFields } from "./csv-fields.ts";
import { checkEncoding, createLineSplitter, isBlank, type Line, trimLineEnd } from "./lines.ts";
import { MAX_ROW_BYTES, type Row, type RowReader } from "./row.ts";

/**
 * Reads CSV (RFC 4180) with a header, lines ended by LF or CRLF, quoted fields over several lines.
 * A row that is broken (a quote that never closes or closes in the middle of a field, too few or too many fields) costs
 * its first line only: reading goes on at the next one, so that a lost quote does not swallow the good rows behind it.
 * Packages (csv-parse, papaparse) read on to the next quote, however many rows that takes, and are no faster.
 */
export function createCsvReader(delimiter = ","): RowReader {
  const lines = createLineSplitter();
  const rows = createRowMaker(delimiter);
  const records = createRecordReader(delimiter, rows);
  let lineCount = 0;
  return {
    columns: rows.columns,
    get blankLines() {
      return records.blankLines();
    },
    *push(chunk) {
      for (const line of lines.push(chunk)) {
        yield* records.read(lineCount++ === 0 ? { ...line, bytes: checkEncoding(line.bytes) } : line);
      }
    },
    *end() {
      for (const line of lines.end()) yield* records.read(line);
      yield* records.end();
      if (rows.columns.length === 0)
        throw new OperatorError("the file is empty: a CSV file starts with a line of column names");
    },
  };
}

/** Makes rows of whole records. The first is the header. */
function createRowMaker(delimiter: string) {
  const columns: string[] = [];
  let count = 0;

  /** @throws OperatorError when it is the header */
  function reject(bytes: Buffer, problem: string): Row {
    if (columns.length === 0) throw new OperatorError(`the header cannot be read: ${problem}`);
    return { number: ++count, values: [], raw: trimLineEnd(bytes), problem };
  }

  return {
    columns,
    reject,
    /** What is wrong with the number of a record's fields, if anything. */
    countProblem(record: Buffer): string | undefined {
      const found = splitFields(trimLineEnd(record).toString("latin1"), delimiter).length;
      return columns.length === 0 || found === columns.length ? undefined : wrongCount(found, columns.length);
    },
    /** A whole record, as a row; nothing for the header. */
    make(record: Buffer): Row | undefined {
      const raw = trimLineEnd(record);
      if (!isUtf8(raw)) return reject(raw, "not valid UTF-8");
      const values = splitFields(raw.toString("utf8"), delimiter);
      if (columns.length === 0) {
        columns.push(...nameColumns(values));
        return undefined;
      }
      if (values.length !== columns.length) return reject(raw, wrongCount(values.length, columns.length));
      return { number: ++count, values, raw };
    },
  };
}

/** Puts lines together to records. */
function createRecordReader(delimiter: string, rows: ReturnType<typeof createRowMaker>) {
  const delimiterByte = delimiter.charCodeAt(0);
  let blankLines = 0;
  /** Lines of a record whose quoted field is still open. */
  let open: Buffer[] = [];
  let openBytes = 0;
  let state: ScanState = "field-start";
  /** Lines to read before the next one of the file, last first. */
  const waiting: Line[] = [];

  /** Gives up the record that is open: its first line is a row that failed, the others are read anew. */
  function giveUp(problem: string): Row {
    const first = open[0] ?? Buffer.alloc(0);
    for (let i = open.length - 1; i > 0; i--) waiting.push({ bytes: open[i] ?? first, overlong: false });
    open = [];
    return rows.reject(first, problem);
  }

  function finishOpen(): Row | undefined {
    const record = Buffer.concat(open);
    const problem = open.length > 1 ? rows.countProblem(record) : undefined;
    if (problem !== undefined) return giveUp(problem);
    open = [];
    return rows.make(record);
  }

  function readLine(line: Line): Row | undefined {
    if (open.length === 0) {
      if (line.overlong) return rows.reject(line.bytes, `longer than ${MAX_ROW_BYTES} bytes`);
      if (isBlank(line.bytes)) {
        blankLines++;
        return undefined;
      }
      if (!line.bytes.includes(QUOTE)) return rows.make(line.bytes);
      openBytes = 0;
      state = "field-start";
    } else if (line.overlong || openBytes + line.bytes.length > MAX_ROW_BYTES) {
      waiting.push(line);
      return giveUp(UNCLOSED);
    }
    open.push(line.bytes);
    openBytes += line.bytes.length;
    state = scan(line.bytes, state, delimiterByte);
    if (state === "broken") return giveUp("a quote is closed in the middle of a field");
    return state === "quoted" ? undefined : finishOpen();
  }

  function* readWaiting(): Generator<Row> {
    for (let line = waiting.pop(); line; line = waiting.pop()) {
      const row = readLine(line);
      if (row) yield row;
    }
  }

  return {
    blankLines: () => blankLines,
    *read(line: Line): Generator<Row> {
      waiting.push(line);
      yield* readWaiting();
    },
    /** A record that is still open then is broken. */
    *end(): Generator<Row> {
      while (open.length > 0) {
        yield giveUp(UNCLOSED);
        yield* readWaiting();
      }
    },
  };
}

const UNCLOSED = "a quote is opened and never closed";

const wrongCount = (found: number, expected: number): string =>
  `${found} ${found === 1 ? "field" : "fields"} where the header has ${expected}`;
