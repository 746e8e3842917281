import { splitFields } from "./csv-fields.ts";
import { isBlank, trimLineEnd } from "./lines.ts";

/** A header further down is a preamble that somebody wrote, which is not long. */
const MOST_LINES = 50;
const MOST_LINE_BYTES = 1 << 16;
const DELIMITERS = [",", ";", "\t", "|"];

/** Remembers how a CSV file begins, to say which options read it where the columns that are wanted are not there. */
export function createCsvAdvice(delimiterOf: () => string) {
  const lines: string[] = [];

  return {
    note(bytes: Buffer): void {
      if (lines.length < MOST_LINES) lines.push(trimLineEnd(bytes.subarray(0, MOST_LINE_BYTES)).toString("utf8"));
    },
    /** @param columns that were found; @param skipped lines before the first that was noted */
    adviseOn(wanted: readonly string[], columns: readonly string[], skipped: number): string | undefined {
      const hits = (fields: readonly string[]): number => wanted.filter((name) => fields.includes(name)).length;
      const enough = Math.max(hits(columns) + 1, Math.ceil(wanted.length / 2));
      const header = lines.findIndex((line) => !isBlank(Buffer.from(line)));
      for (const [at, line] of lines.entries()) {
        for (const delimiter of [delimiterOf(), ...DELIMITERS]) {
          const fields = splitLine(line, delimiter);
          if (hits(fields) < enough) continue;
          const options = [
            ...(at > header ? [`--skip-lines ${at + skipped}`] : []),
            ...(delimiter === delimiterOf() ? [] : [optionOf(delimiter)]),
          ];
          if (options.length > 0)
            return `${whereOf(at > header ? at + 1 + skipped : 0, fields, delimiter)}: say ${options.join(" ")}.`;
        }
      }
      return columns.length === 1 ? adviseOnOne(lines[header] ?? "") : undefined;
    },
  };
}

/** What splits a header that came out as one column, whatever its names are. */
function adviseOnOne(header: string): string | undefined {
  const split = DELIMITERS.map((delimiter) => ({ delimiter, fields: splitLine(header, delimiter) }));
  const best = split.reduce((most, one) => (one.fields.length > most.fields.length ? one : most));
  return best.fields.length > 2
    ? `${whereOf(0, best.fields, best.delimiter)}: say ${optionOf(best.delimiter)}.`
    : undefined;
}

const whereOf = (line: number, { length }: readonly string[], delimiter: string): string =>
  `${line === 0 ? "The header" : `Line ${line}`} has ${length} fields between ${delimiter === "\t" ? "tabs" : `"${delimiter}"`}`;

const optionOf = (delimiter: string): string => `--delimiter ${delimiter === "\t" ? "tab" : `"${delimiter}"`}`;

/** Names in a line, as far as one line can tell. */
const splitLine = (line: string, delimiter: string): string[] =>
  splitFields(line.split('"').length % 2 === 1 ? line : line.replaceAll('"', ""), delimiter).map((name) => name.trim());
