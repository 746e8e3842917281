import { REJECT_REASON, REJECT_ROW, type RejectFormat, type Row } from "./row.ts";

/** The member that holds, as text, a row that is no JSON object. Mended in there, it is read from there. */
export const REJECT_RAW = "reject_raw";

/** What earlier rejects ended an object with. */
const ABOUT_AT_END = new RegExp(`(?:,\\s*)?"${REJECT_ROW}":\\d+,"${REJECT_REASON}":"(?:[^"\\\\]|\\\\.)*"\\}$`);

/** Rejected rows as newline-delimited JSON, whatever way the file was written: each as it was, with two members more. */
export const JSON_REJECTS: RejectFormat = {
  ending: "ndjson",
  head: () => Buffer.alloc(0),
  line(row, reason) {
    const about = `"${REJECT_ROW}":${row.number},"${REJECT_REASON}":${JSON.stringify(reason)}`;
    const text = row.raw.toString("utf8").trim();
    const own = isJsonObject(row, text) ? oneLine(text) : `{"${REJECT_RAW}":${JSON.stringify(text)}}`;
    const open = own.replace(ABOUT_AT_END, "}").slice(0, -1).trimEnd();
    return Buffer.from(`${open}${open.endsWith("{") ? "" : ","}${about}}\n`);
  },
};

function isJsonObject(row: Row, text: string): boolean {
  if (row.problem === undefined) return true;
  if (!text.startsWith("{")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Strings of JSON have no line ends, so those that are there mean nothing. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n]/g, " ");
