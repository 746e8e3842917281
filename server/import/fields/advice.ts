import { looksProjected, readDegrees } from "./degrees.ts";
import { MAPPED_FIELDS, mapOption } from "./map-lines.ts";
import { readPoint } from "./point.ts";
import { adviseTimes } from "./time-advice.ts";

/**
 * What an operator can say so that rows whose `field` could not be read can be: one sentence, or nothing where nobody can tell.
 * @param field of a mapping, or `point`, or `place`
 * @param values that were rejected, trimmed; a sample of any length
 */
export function adviseOn(field: string, values: readonly string[]): string | undefined {
  const told = values.filter((value) => value !== "");
  if (field === "time") return adviseTimes(told);
  if (field === "lon" || field === "lat") return advisePlaces(field, told);
  if (field === "place") return adviseOutside(told);
  if (field === "point")
    return "--help lists the shapes of --point; pairs have the latitude first unless --lon-first is said.";
  const mapped = MAPPED_FIELDS.find((name) => name === field);
  if (mapped === undefined) return undefined;
  if (told.length === 0)
    return `Give every row the same with --${field} =VALUE, or name another column with --${field} COLUMN.`;
  if (mapped === "category") return "Say --clean, which makes every category fit.";
  const options = [...new Set(told)].slice(0, 3).flatMap((value) => mapOption(mapped, value) ?? []);
  const same =
    mapped === "layer"
      ? ", or --layer =safety for one of all rows"
      : ", or ranges as --map severity:1..3=2, or --map 'severity:*=round'";
  return `Replace the values, as in ${options.join(" ")}${same}.`;
}

function advisePlaces(field: "lon" | "lat", values: readonly string[]): string | undefined {
  const most = (test: (value: string) => boolean): boolean =>
    values.length > 0 && values.filter(test).length * 2 > values.length;
  if (most((value) => looksProjected(Number(value)))) {
    return "These look like metres or feet of a projection: export the file as WGS 84 degrees (EPSG:4326).";
  }
  if (most((value) => typeof readDegrees(field, value, { decimalComma: true }) === "number")) {
    return "The commas look decimal: say --decimal-comma.";
  }
  if (most((value) => !("problem" in readPoint(value)))) {
    return "These look like whole points: say --point COLUMN in place of --lon and --lat.";
  }
  if (field === "lat" && most((value) => Math.abs(Number(value)) > 90 && Math.abs(Number(value)) <= 180)) {
    return "Are --lon and --lat swapped?";
  }
  return undefined;
}

/** @param values as `lat, lon` */
function adviseOutside(values: readonly string[]): string {
  const zeros = values.filter((value) => value.split(", ").every((part) => Number(part) === 0)).length;
  return zeros * 2 > values.length
    ? "Name the columns that have the places; --allow-null-island takes 0,0 as one."
    : "Are --lon and --lat the right way round, and --bbox west,south,east,north?";
}
