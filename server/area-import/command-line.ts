import type { AreaCity } from "../areas/area-sets.ts";
import { OWN } from "../areas/own-area-id.ts";
import { OperatorError } from "../console/operator-error.ts";
import { parseOptions } from "../console/parse-options.ts";
import type { CityOptions } from "./import-areas.ts";

export const USAGE = `npm run areas -- import FILE --city SLUG --name PROPERTY [options]
npm run areas -- list
npm run areas -- remove --city SLUG [--kind KIND]

FILE has Polygons and MultiPolygons in longitude and latitude: a GeoJSON FeatureCollection, or a Feature on each line; .gz is
fine. Its areas are put in place of those of the same city and kind, without a gap.

  --city SLUG             small letters, digits and hyphens; a city that is not known is a new one
  --name PROPERTY         property with the areas' names
  --id PROPERTY           property that tells them apart, also in the next version of the file; the name without it
  --kind KIND             what the areas are, neighborhood by default
  --city-name NAME        of a new city; the slug's words by default
  --timezone NAME         of a new city, such as America/Chicago; by its longitude, without summer time, by default
  --bbox W,S,E,N          of a new city, degrees; that of the areas by default
  --skip-faulty           import the other areas when some cannot be
  --dry-run               check everything, store nothing
`;

const OPTIONS = {
  city: { type: "string" },
  name: { type: "string" },
  id: { type: "string" },
  kind: { type: "string" },
  "city-name": { type: "string" },
  timezone: { type: "string" },
  bbox: { type: "string" },
  "skip-faulty": { type: "boolean" },
  "dry-run": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export interface ImportCommand {
  readonly command: "import";
  readonly path: string;
  readonly city: CityOptions;
  readonly kind: string;
  readonly nameProperty: string;
  readonly idProperty: string | undefined;
  readonly skipFaulty: boolean;
  readonly dryRun: boolean;
}

export type AreasCommand =
  | ImportCommand
  | { readonly command: "list" | "help" }
  | { readonly command: "remove"; readonly city: string; readonly kind: string };

/** Reads the arguments behind the script's name. @throws OperatorError on a mistake in them */
export function parseAreasCommand(args: readonly string[]): AreasCommand {
  const { values, positionals } = parseOptions(args, OPTIONS);
  const [command, path, surplus] = positionals;
  if (values.help || command === undefined) return { command: "help" };
  if (surplus !== undefined) throw new OperatorError(`One file at a time: ${path} or ${surplus}?`);
  const kind = parseKind(values.kind ?? "neighborhood");
  if (command === "list") return { command };
  if (command === "remove") return { command, city: parseCity(values.city), kind };
  if (command !== "import")
    throw new OperatorError(`${command} is not one of import, list, remove. --help tells more.`);
  if (path === undefined) throw new OperatorError("Name the file: npm run areas -- import FILE. --help tells more.");
  if (values.name === undefined) throw new OperatorError("Say --name PROPERTY: the property with the areas' names.");
  return {
    command,
    path,
    city: {
      id: parseCity(values.city),
      name: values["city-name"],
      timezone: values.timezone && parseTimezone(values.timezone),
      bbox: values.bbox === undefined ? undefined : parseBox(values.bbox),
    },
    kind,
    nameProperty: values.name,
    idProperty: values.id,
    skipFaulty: values["skip-faulty"] ?? false,
    dryRun: values["dry-run"] ?? false,
  };
}

function parseCity(text: string | undefined): string {
  if (text === undefined) throw new OperatorError("Say --city SLUG: the city that the areas are of.");
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text) || text.length > 60)
    throw new OperatorError(`--city ${text}: small letters and digits, with hyphens between words, at most 60.`);
  if (text === OWN) throw new OperatorError(`--city ${text}: areas of accounts stand under that; choose another.`);
  return text;
}

function parseKind(text: string): string {
  if (!/^[a-z]+(?:-[a-z]+)*$/.test(text) || text.length > 30)
    throw new OperatorError(`--kind ${text}: small letters, with hyphens between words, at most 30.`);
  if (text === OWN) throw new OperatorError(`--kind ${text}: that is the kind of accounts' areas; choose another.`);
  return text;
}

function parseTimezone(text: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new OperatorError(`--timezone ${text} is not a time zone such as America/Chicago.`);
  }
}

function parseBox(text: string): AreaCity["bbox"] {
  const [west = Number.NaN, south = Number.NaN, east = Number.NaN, north = Number.NaN, ...more] = text
    .split(",")
    .map(Number);
  if (more.length > 0 || !(west >= -180 && west < east && east <= 180 && south >= -90 && south < north && north <= 90))
    throw new OperatorError(`--bbox ${text} is not west,south,east,north in degrees.`);
  return [west, south, east, north];
}
