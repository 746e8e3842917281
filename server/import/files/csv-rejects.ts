import { quoteAlways, quoteField } from "./csv-fields.ts";
import { REJECT_REASON, REJECT_ROW, type RejectFormat, type Row } from "./row.ts";

export interface CsvRejectsOptions {
  /** The line `sep=` that the file begins with, where it does. */
  separatorLine(): Buffer;
  delimiter(): string;
  header(): readonly string[];
}

/**
 * Rejected rows under the file's own columns, with two more. One that could not be read stands in the first column as a whole, byte
 * for byte, so that every program reads the file, and none takes a guess for data.
 */
export function createCsvRejects({ separatorLine, delimiter, header }: CsvRejectsOptions): RejectFormat {
  const joined = (fields: readonly string[]): string =>
    fields.map((field) => quoteField(field, delimiter())).join(delimiter());

  return {
    get ending() {
      return delimiter() === "\t" ? "tsv" : "csv";
    },
    head: () => Buffer.concat([separatorLine(), Buffer.from(`${joined([...header(), REJECT_ROW, REJECT_REASON])}\n`)]),
    line(row, reason) {
      const width = header().length;
      const about = `${joined([String(row.number), reason])}\n`;
      if (row.problem === undefined) {
        const values = Array.from({ length: width }, (_, i) => row.values[i] ?? "");
        return Buffer.from(`${joined(values)}${delimiter()}${about}`);
      }
      return Buffer.concat([wholeRow(row), Buffer.from(delimiter().repeat(width) + about)]);
    },
  };
}

/** Latin 1 maps bytes to characters and back one to one, so the row survives whatever its encoding was. */
const wholeRow = ({ raw }: Row): Buffer => Buffer.from(quoteAlways(raw.toString("latin1")), "latin1");
