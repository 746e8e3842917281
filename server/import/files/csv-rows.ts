import { isUtf8 } from "node:buffer";
import { OperatorError } from "../../console/operator-error.ts";
import { nameColumns, scanText, splitFields } from "./csv-fields.ts";
import { MIDDLE, type RecordMaker, UNCLOSED } from "./csv-records.ts";
import { trimLineEnd } from "./lines.ts";
import { HAS_NUL, REJECT_REASON, REJECT_ROW, type Row } from "./row.ts";

export interface RowMaker extends RecordMaker {
  /** Names of the columns, but for those of rejected rows. */
  readonly columns: readonly string[];
  /** The names as the file has them. */
  readonly header: readonly string[];
}

/**
 * Makes rows of whole records. The first is the header.
 * Fields that a row does not have are empty, as some programs leave away the last ones; too many are let through where they are
 * empty. In a file of rejected rows what was written about them is no data, and a row that could not be read stands in the
 * first column as a whole: it is read from there.
 */
export function createRowMaker(delimiterOf: () => string): RowMaker {
  const columns: string[] = [];
  let header: readonly string[] = [];
  let isRejects = false;
  let hasShort = false;
  let count = 0;

  function reject(bytes: Buffer, problem: string): Row {
    if (columns.length === 0) {
      throw new OperatorError(
        `The header cannot be read: ${problem}. If it is not the file's first line, say --skip-lines N.`,
      );
    }
    return { number: ++count, values: [], raw: trimLineEnd(bytes), problem };
  }

  function readHeader(values: readonly string[]): void {
    isRejects = values.at(-2)?.trim() === REJECT_ROW && values.at(-1)?.trim() === REJECT_REASON && values.length > 2;
    header = isRejects ? values.slice(0, -2) : values;
    // Not as arguments, of which there may be only so many.
    for (const name of nameColumns(header)) columns.push(name);
  }

  /** Values of a record by column, or what is wrong with it. */
  function valuesOf(record: Buffer, width: number, mayBeShort: boolean): string[] | string {
    const raw = trimLineEnd(record);
    if (raw.includes(0)) return HAS_NUL;
    const values = splitFields(raw.toString("utf8"), delimiterOf());
    if (values.length > width && values.slice(width).some((value) => value.trim() !== "")) {
      return wrongCount(values.length, width);
    }
    if (values.length >= width) return values.slice(0, width);
    // A file that was cut off ends with such a row, and perhaps in the middle of a number.
    const isCut = record.length === raw.length && !hasShort;
    if (!mayBeShort || isCut) return wrongCount(values.length, width);
    hasShort = true;
    return values;
  }

  function make(record: Buffer): Row | undefined {
    const raw = trimLineEnd(record);
    if (columns.length === 0) {
      if (!isUtf8(raw)) return reject(raw, "it is not valid UTF-8; --encoding names another encoding");
      if (raw.includes(0)) return reject(raw, HAS_NUL);
      readHeader(splitFields(raw.toString("utf8"), delimiterOf()));
      return undefined;
    }
    const values = valuesOf(record, isRejects ? columns.length + 2 : columns.length, true);
    if (typeof values === "string") return reject(raw, values);
    const bad = isUtf8(raw) ? {} : { hasBadBytes: true };
    if (!isRejects) return { number: ++count, values, raw, ...bad };
    const own = values.slice(0, columns.length);
    const [first = "", ...others] = own;
    const isWhole = /["\r\n]/.test(first) || first.includes(delimiterOf());
    if (isWhole && columns.length > 1 && others.every((value) => value === "")) return { ...makeWhole(first), ...bad };
    return { number: ++count, values: own, raw, ...bad };
  }

  /** The row that a rejected one was, or was made into by whoever mended it. */
  function makeWhole(text: string): Row {
    const raw = Buffer.from(text);
    const state = scanText(raw, delimiterOf().charCodeAt(0));
    if (state === "quoted") return reject(raw, UNCLOSED);
    if (state === "broken") return reject(raw, MIDDLE);
    const values = valuesOf(raw, columns.length, false);
    return typeof values === "string" ? reject(raw, values) : { number: ++count, values, raw };
  }

  return {
    columns,
    get header() {
      return header;
    },
    make,
    reject,
    countProblem(fields, trailing) {
      const width = columns.length;
      const most = isRejects ? width + 2 : width;
      const isRight = width === 0 || (fields >= width && fields - trailing <= most);
      return isRight ? undefined : wrongCount(fields, width);
    },
  };
}

const wrongCount = (found: number, expected: number): string =>
  `${found} ${found === 1 ? "field" : "fields"} where the header has ${expected}`;
