import type { TimeFormat, TimeProblem, WrittenTime } from "./time-format.ts";
import { scanIso } from "./time-iso.ts";
import { readNumber } from "./time-number.ts";
import { readDateTime } from "./time-text.ts";

/** Reads a trimmed text that is not empty, as it is written: what its zone makes of it is another's matter. */
export function readWritten(text: string, format: TimeFormat): WrittenTime | TimeProblem {
  return scanIso(text) ?? readNumber(text, format) ?? readDateTime(text, format);
}

/** The abbreviation of a zone that a time ends with, which alone says no offset. */
export function abbreviationOf({ zone }: WrittenTime): string | undefined {
  return typeof zone === "string" && !zone.includes("/") ? zone : undefined;
}
