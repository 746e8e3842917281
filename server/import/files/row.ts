/** One row of a file, whatever its format: a value per column, as text. */
export interface Row {
  /** Counts the rows of the file from 1; a header is not a row. */
  readonly number: number;
  /** By column index; "" where the row has nothing. May be shorter than the columns. */
  readonly values: readonly string[];
  /** The row as it stands in the file, without the end of its last line. */
  readonly raw: Buffer;
  /** Some of its bytes are not of the file's encoding: each such place is U+FFFD in the values. */
  readonly hasBadBytes?: boolean;
  /** Why the row could not be read at all. `values` is empty then. */
  readonly problem?: string;
}

/** Cuts bytes into rows; fed with chunks of any size, so that a file of any length passes in bounded memory. */
export interface RowReader {
  /** Names of the columns seen so far. Only ever grows; a CSV file's are complete before its first row. */
  readonly columns: readonly string[];
  /** Lines without content, which are not rows. */
  readonly blankLines: number;
  /** How rows that were not imported are written, so that they can be mended and imported. */
  readonly rejects: RejectFormat;
  /** Rows that end within the chunk. @throws OperatorError when the file is not of this format at all. */
  push(chunk: Buffer): Iterable<Row>;
  /** What is left at the end of the file. @throws OperatorError when the file is not of this format at all. */
  end(): Iterable<Row>;
  /** What to say instead, as a sentence, where columns are wanted that the file does not seem to have. */
  adviseOn?(wanted: readonly string[]): string | undefined;
}

/** Writes rows that were not imported, as a file that the same options import. */
export interface RejectFormat {
  /** The ending of a file's name that tells the format. */
  readonly ending: "csv" | "tsv" | "ndjson";
  /** What the file begins with. Known once there is a row. */
  head(): Buffer;
  /** One row with its line end. */
  line(row: Row, reason: string): Buffer;
}

/** The columns, or members, that a rejected row has beside its own. They are not data when it is imported again. */
export const REJECT_ROW = "reject_row";
export const REJECT_REASON = "reject_reason";

/** Of rows that have bytes which are no UTF-8. */
export const NOT_UTF8 = "not valid UTF-8: --encoding names another encoding";
export const HAS_NUL = "has a NUL character";

/** A longer row is rejected instead of held: a lost quote must not swallow a file into memory. */
export const MAX_ROW_BYTES = 1 << 20;
/** As much of an overlong row goes into the rejects. */
export const KEPT_OF_OVERLONG_BYTES = 1 << 12;

export const FORMATS = ["csv", "ndjson", "geojson"] as const;
export type Format = (typeof FORMATS)[number];
