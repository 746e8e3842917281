import { splitFields } from "./csv-fields.ts";

/** A header further down is a preamble that somebody wrote, which is not long. */
const MOST_LINES = 50;
const LONGEST_LINE = 1 << 14;
const DELIMITERS = [",", ";", "\t", "|"];
/** One column and what is told of it are no table. */
const FEWEST_FIELDS = 3;

export interface CsvBeginning {
  /** How the file begins, without the lines that were skipped. */
  readonly text: string;
  readonly delimiter: string;
  readonly skippedLines: number;
}

/** What to say instead, as a sentence, where columns are wanted that a CSV file does not seem to have. */
export function adviseOnColumns(beginning: CsvBeginning, wanted: readonly string[]): string | undefined {
  const { text, delimiter: given, skippedLines } = beginning;
  if (/^\s*[[{]/.test(text)) return "The file looks like JSON: say --format geojson.";
  const lines = text.split(/\r?\n|\r/, MOST_LINES).map((line) => line.slice(0, LONGEST_LINE));
  const header = Math.max(
    0,
    lines.findIndex((line) => line.trim() !== "" && !/^"?sep=/i.test(line)),
  );
  const hits = (fields: readonly string[]): number => wanted.filter((name) => fields.includes(name)).length;
  const headerFields = splitLine(lines[header] ?? "", given);
  const enough = Math.max(hits(headerFields) + 1, Math.ceil(wanted.length / 2));
  for (const [at, line] of lines.entries()) {
    for (const delimiter of at === header ? DELIMITERS : [given, ...DELIMITERS]) {
      const fields = splitLine(line, delimiter);
      if (at < header || hits(fields) < enough) continue;
      const options = [
        ...(at > header ? [`--skip-lines ${at + skippedLines}`] : []),
        ...(delimiter === given ? [] : [optionOf(delimiter)]),
      ];
      return `${at > header ? `Line ${at + skippedLines + 1}` : "The header"} has ${describe(fields, delimiter)}: say ${options.join(" ")}.`;
    }
  }
  return headerFields.length === 1 ? adviseOnOne(lines[header] ?? "") : undefined;
}

/** What splits a header that came out as one column, whatever its names are. */
function adviseOnOne(header: string): string | undefined {
  const split = DELIMITERS.map((delimiter) => ({ delimiter, fields: splitLine(header, delimiter) }));
  const { fields, delimiter } = split.reduce((most, one) => (one.fields.length > most.fields.length ? one : most));
  if (fields.length < FEWEST_FIELDS) return undefined;
  return `The header has ${describe(fields, delimiter)}: say ${optionOf(delimiter)}.`;
}

const describe = ({ length }: readonly string[], delimiter: string): string =>
  `${length} fields between ${delimiter === "\t" ? "tabs" : `"${delimiter}"`}`;

const optionOf = (delimiter: string): string => `--delimiter ${delimiter === "\t" ? "tab" : `"${delimiter}"`}`;

/** Names in a line, as far as one line can tell. */
function splitLine(line: string, delimiter: string): string[] {
  const isBalanced = line.split('"').length % 2 === 1;
  return splitFields(isBalanced ? line : line.replaceAll('"', ""), delimiter).map((name) => name.trim());
}
