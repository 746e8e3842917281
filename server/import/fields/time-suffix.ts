import { PROBLEMS, type TimeProblem } from "./time-format.ts";

const UTC = /^\(?(?:z|utc?|gmt)\)?$/i;
/**
 * `+05`, `-0500`, `+05:30`; behind UTC or GMT also `+5`. What follows in brackets or as a word says the same again, as
 * `GMT+0100 (Central European Standard Time)` or `-0500 EST`.
 */
const OFFSET = /^(utc|gmt)?\s?([+-])(\d{1,2}):?(\d\d)?(?:\s*(?:\([^)]*\)|[a-z]{1,5}|\[[^\]]*\]))?$/i;
/** RFC 9557: the zone's own name in brackets; databases write it without. */
const AREA = /^(z)?\[?([a-z_]+(?:\/[a-z0-9_+-]+)+|utc)\]?(?:\[[^\]]*=[^\]]*\])*$/i;
const ABBREVIATION = /^\(?([a-z]{2,5})\)?$/i;

/**
 * Reads what is written behind a time: nothing, an offset (milliseconds ahead of UTC), or the name or abbreviation, in
 * capitals, of a zone.
 */
export function readSuffix(text: string): number | string | undefined | TimeProblem {
  if (text === "") return undefined;
  if (UTC.test(text)) return 0;
  const offset = OFFSET.exec(text);
  if (offset) {
    const [, prefix, sign, hours = "", minutes = "0"] = offset;
    if ((prefix === undefined && hours.length === 1) || Number(hours) > 23 || Number(minutes) > 59) {
      return PROBLEMS.notATime;
    }
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  }
  const area = AREA.exec(text);
  if (area) return area[1] === undefined ? area[2] : 0;
  const abbreviation = ABBREVIATION.exec(text);
  return abbreviation?.[1]?.toUpperCase() ?? PROBLEMS.notATime;
}
