import { QUOTE, type ScannedLine, scan } from "./csv-fields.ts";
import { isBlank, type Line } from "./lines.ts";
import { MAX_ROW_BYTES, type Row } from "./row.ts";

/** What records are made into. */
export interface RecordMaker {
  /** A whole record, with the end of its line, as a row; nothing for the header. */
  make(record: Buffer): Row | undefined;
  reject(firstLine: Buffer, problem: string): Row;
  /** What is wrong with a record over several lines that has so many fields, the last `trailing` of them empty. */
  countProblem(fields: number, trailing: number): string | undefined;
}

export interface RecordReader {
  readonly blankLines: number;
  /** Bytes that were scanned for quotes so far: at most twice as many as there were. */
  readonly scannedBytes: number;
  read(line: Line): Generator<Row>;
  /** A record that is still open then is broken. */
  end(): Generator<Row>;
}

/** A line that is not done with. */
interface Held {
  readonly line: Line;
  /** Bytes of the file's lines before it. */
  readonly startByte: number;
  /** Scanned as one that begins a record. */
  begun?: ScannedLine;
  /** Scanned as one that goes on with a quoted field of the line before. */
  going?: ScannedLine;
  /** Delimiters of all lines that were scanned so, up to and with this one. */
  goingDelimiters: number;
}

/** Lines that are done with are forgotten together when there are so many, and as many as are not. */
const FORGOTTEN_TOGETHER = 1024;

/**
 * Puts lines together to records. A record that is broken costs its first line only, and reading goes on at the second.
 *
 * Time is linear however often that happens. A record that is open at the end of a line is open inside of quotes, wherever it
 * began; so what a line comes to for a record that is open before it is always the same, and is found once. And all
 * records that begin before a line that leaves them open end at the same later line: `goesOn` is how far is known.
 */
export function createRecordReader(delimiterByte: () => number, rows: RecordMaker): RecordReader {
  let blankLines = 0;
  let scannedBytes = 0;
  let bytesRead = 0;
  const held: Held[] = [];
  let first = 0;
  /** Lines before this one, but for the first, leave open what is open before them. */
  let goesOn = 0;
  let goingDelimiters = 0;
  let ended = false;

  function scanLine({ bytes }: Line, from: "field-start" | "quoted"): ScannedLine {
    scannedBytes += bytes.length;
    return scan(bytes, from, delimiterByte());
  }

  function rejectFirst(line: Line, problem: string): Row {
    first++;
    return rows.reject(line.bytes, problem);
  }

  /** The row that begins with the first line; "more" when it takes more lines to tell. */
  function next(): Row | undefined | "more" {
    const begin = held[first];
    if (begin === undefined) return "more";
    const { line } = begin;
    if (begin.begun !== undefined) return nextOfSeveral(begin, begin.begun);
    if (line.overlong) return rejectFirst(line, `longer than ${MAX_ROW_BYTES} bytes`);
    if (isBlank(line.bytes)) {
      first++;
      blankLines++;
      return undefined;
    }
    if (!line.bytes.includes(QUOTE)) return make(first);
    const begun = scanLine(line, "field-start");
    if (begun.state === "broken") return rejectFirst(line, MIDDLE);
    if (begun.state !== "quoted") return make(first);
    begin.begun = begun;
    return nextOfSeveral(begin, begun);
  }

  function nextOfSeveral({ line, startByte }: Held, begun: ScannedLine): Row | undefined | "more" {
    goesOn = Math.max(goesOn, first + 1);
    for (; goesOn < held.length; goesOn++) {
      const later = held[goesOn];
      if (later === undefined || later.line.overlong || isTooFar(later, startByte)) return rejectFirst(line, UNCLOSED);
      if (later.going === undefined) {
        later.going = scanLine(later.line, "quoted");
        later.goingDelimiters = goingDelimiters += later.going.delimiters;
      }
      if (later.going.state !== "quoted") break;
    }
    const last = held[goesOn];
    if (last === undefined) return ended ? rejectFirst(line, UNCLOSED) : "more";
    if (last.going === undefined || last.going.state === "broken") return rejectFirst(line, MIDDLE);
    const before = held[first + 1];
    const later = last.goingDelimiters - (before?.goingDelimiters ?? 0) + (before?.going?.delimiters ?? 0);
    const problem = rows.countProblem(begun.delimiters + later + 1, last.going.trailing);
    return problem === undefined ? make(goesOn) : rejectFirst(line, problem);
  }

  const isTooFar = ({ line, startByte }: Held, fromByte: number): boolean =>
    startByte + line.bytes.length - fromByte > MAX_ROW_BYTES;

  function make(last: number): Row | undefined {
    const parts = held.slice(first, last + 1).map(({ line }) => line.bytes);
    first = last + 1;
    const [only] = parts;
    return rows.make(parts.length === 1 && only !== undefined ? only : Buffer.concat(parts));
  }

  function* readOn(): Generator<Row> {
    for (let row = next(); row !== "more"; row = next()) {
      if (row !== undefined) yield row;
      if (first < FORGOTTEN_TOGETHER || first * 2 < held.length) continue;
      held.splice(0, first);
      goesOn = Math.max(0, goesOn - first);
      first = 0;
    }
  }

  return {
    get blankLines() {
      return blankLines;
    },
    get scannedBytes() {
      return scannedBytes;
    },
    *read(line) {
      held.push({ line, startByte: bytesRead, goingDelimiters: 0 });
      bytesRead += line.bytes.length;
      yield* readOn();
    },
    *end() {
      ended = true;
      yield* readOn();
    },
  };
}

export const UNCLOSED = "a quote is opened and never closed";
export const MIDDLE = "a quote is closed in the middle of a field";
