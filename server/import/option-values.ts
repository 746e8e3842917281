import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { OperatorError } from "../console/operator-error.ts";
import { parseSpan } from "../kit/time-span.ts";
import { FORMATS, type Format } from "./files/row.ts";
import { LEAST_INTERVAL_MS, LONGEST_INTERVAL_MS } from "./watch.ts";

/** Values of options, each checked, or refused with a sentence (OperatorError) that names the option. */

export function parseIntoLast(text: string): number {
  const span = parseSpan(text.trim());
  if (!span) throw new OperatorError(`--into-last ${text} is not a span of time such as 89d, 36h or 2w.`);
  if (span > REPORT_LIFETIME_MS) throw new OperatorError(`--into-last ${text} is too long: reports expire after 90d.`);
  return span;
}

export function parseEvery(text: string): number {
  const span = parseSpan(text.trim());
  if (!span) throw new OperatorError(`--every ${text} is not a span of time such as 10m, 1h or 1d.`);
  if (span < LEAST_INTERVAL_MS) throw new OperatorError(`--every ${text} is too often: 1m is the least.`);
  if (span > LONGEST_INTERVAL_MS) throw new OperatorError(`--every ${text} is too seldom: 2w is the longest.`);
  return span;
}

export function parseFormat(text: string): Format {
  const format = FORMATS.find((name) => name === text.toLowerCase());
  if (format === undefined) throw new OperatorError(`--format ${text} is not one of ${FORMATS.join(", ")}.`);
  return format;
}

export function parseDelimiter(text: string): string {
  const delimiter = text === "tab" || text === "\\t" ? "\t" : text;
  if (!/^[\t -~]$/.test(delimiter) || delimiter === '"') {
    throw new OperatorError(`--delimiter ${text} is not one ASCII character, or tab.`);
  }
  return delimiter;
}

export function parseCount(option: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new OperatorError(`--${option} ${text} is not a number of lines.`);
  return Number(text);
}

export function parseSourceName(text: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) return text;
  throw new OperatorError(`--source ${text} is no name: up to 64 letters, digits, dots, hyphens and underscores.`);
}

export function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new OperatorError(`--limit ${text} is not a number of rows.`);
  return Number(text);
}
