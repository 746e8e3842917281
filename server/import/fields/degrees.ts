export type Axis = "lon" | "lat";

/** What is wrong with a value; completes a sentence that begins with the field's name, and is the same for all rows with the fault. */
export interface ValueProblem {
  readonly problem: string;
}

export interface DegreesOptions {
  /** A single comma is the decimal one, also where three digits follow, which may be thousands. */
  readonly decimalComma?: boolean | undefined;
}

const LIMIT: Readonly<Record<Axis, number>> = { lon: 180, lat: 90 };
const NAME: Readonly<Record<Axis, string>> = { lon: "longitude", lat: "latitude" };

/** No longitude is written with a larger number, not even by those who count to 360: it is a length, or a degree times a million. */
const LARGEST_OF_DEGREES = 400;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const DECIMAL_COMMA = /^[+-]?\d+,\d+$/;
const PERHAPS_THOUSANDS = /^[+-]?[1-9]\d{0,2},\d{3}$/;

/** A degree that is whole where minutes follow, minutes that are whole where seconds do; the mark of the last may be left out. */
const MARKED = /^([+-]?)(\d{1,3}(?:\.\d*)?)[°º](?:(\d{1,2}(?:\.\d*)?)(?:['′]|$)(?:(\d{1,2}(?:\.\d*)?)(?:["″]|'')?)?)?$/;
const HEMISPHERE = /^([NSEW])?(.*?)([NSEW])?$/i;

/** Longer ones are no number; and patterns that part text at spaces take their square. */
const LONGEST = 64;

const rangeOf = (axis: Axis): string => `must be a number from -${LIMIT[axis]} to ${LIMIT[axis]}`;

/**
 * Reads a longitude or latitude in degrees: a decimal number with a sign or N, S, E, W, `°`, degrees with minutes and seconds
 * (`73°57'00"W`), or a decimal comma where it cannot be one of thousands. What could be two things is a problem, never a guess.
 * Returns WGS 84 degrees within the range of the axis.
 */
export function readDegrees(
  axis: Axis,
  text: string,
  { decimalComma = false }: DegreesOptions = {},
): number | ValueProblem {
  if (NUMBER.test(text)) return within(axis, Number(text));
  return text.length > LONGEST ? { problem: rangeOf(axis) } : readWritten(axis, plain(text), decimalComma);
}

/** One sort of minus, quote and space, and spaces only where they part numbers. */
function plain(text: string): string {
  return text
    .trim()
    .replace(/^[−–﹣－]/u, "-")
    .replace(/[’‘´`]/gu, "'")
    .replace(/[”“]/gu, '"')
    .replace(/\s*([°º'"′″])\s*/gu, "$1")
    .replace(/^([NSEW])\s+|\s+([NSEW])$/giu, "$1$2");
}

function readWritten(axis: Axis, text: string, decimalComma: boolean): number | ValueProblem {
  const [, before, middle = "", after] = HEMISPHERE.exec(text) ?? [];
  const hemisphere = (before ?? after)?.toUpperCase();
  if (hemisphere === undefined) return readAmount(axis, middle, decimalComma);
  if (before !== undefined && after !== undefined) return { problem: rangeOf(axis) };
  const amount = readAmount(axis, middle, decimalComma);
  if (typeof amount !== "number") return amount;
  if ("NS".includes(hemisphere) !== (axis === "lat")) {
    return { problem: `must be a ${NAME[axis]}, and has an ${hemisphere}` };
  }
  if (/^[+-]/.test(middle)) return { problem: "has both a sign and a letter for the side, so it could be either" };
  return "SW".includes(hemisphere) ? -amount : amount;
}

function readAmount(axis: Axis, text: string, decimalComma: boolean): number | ValueProblem {
  if (NUMBER.test(text)) return within(axis, Number(text));
  if (DECIMAL_COMMA.test(text.replace(/[°º]$/, ""))) {
    if (!decimalComma && PERHAPS_THOUSANDS.test(text)) {
      return { problem: "has a comma that is decimal or one of thousands: say --decimal-comma if it is decimal" };
    }
    return within(axis, Number(text.replace(/[°º]$/, "").replace(",", ".")));
  }
  const [, sign, degrees = "", minutes, seconds] = MARKED.exec(text) ?? [];
  if (sign === undefined) return { problem: rangeOf(axis) };
  const hasFraction = degrees.includes(".") || (seconds !== undefined && minutes?.includes("."));
  if (minutes !== undefined && hasFraction) return { problem: rangeOf(axis) };
  if (Number(minutes ?? 0) >= 60 || Number(seconds ?? 0) >= 60) {
    return { problem: "has minutes or seconds of 60 and more" };
  }
  const amount = Number(degrees) + Number(minutes ?? 0) / 60 + Number(seconds ?? 0) / 3600;
  return within(axis, sign === "-" ? -amount : amount);
}

function within(axis: Axis, degrees: number): number | ValueProblem {
  if (Math.abs(degrees) <= LIMIT[axis]) return degrees;
  return { problem: looksProjected(degrees) ? `${rangeOf(axis)}; ${PROJECTED}` : rangeOf(axis) };
}

const PROJECTED = "this looks like metres or feet: export the file as WGS 84 degrees (EPSG:4326)";

/** Whether a coordinate is too large for degrees of any kind: metres or feet of a projection, or degrees times a power of ten. */
export const looksProjected = (value: number): boolean =>
  Number.isFinite(value) && Math.abs(value) > LARGEST_OF_DEGREES;
