import { OperatorError } from "../../console/operator-error.ts";
import { FIELDS, type Field, type FieldSource, type Mapping } from "../fields/mapping.ts";
import { createKinds } from "./kinds.ts";
import type { Profile } from "./profile.ts";
import { createRuleMap } from "./rule-map.ts";

/** What `--point` and `--id` add to a mapping. */
export interface ProfileMapping extends Mapping {
  readonly point?: FieldSource | undefined;
  readonly id?: { readonly column: string } | undefined;
}

type Sources = Partial<Record<Field, FieldSource>>;
type Find = (value: string) => string | undefined;

/**
 * The mapping of a file by a profile. What the operator gave wins, field by field; a field that was given has no rules of the profile.
 * @param columns of the file, those of its first rows where the format does not list them
 * @throws OperatorError, with the columns there are, when one that is needed is not there
 */
export function mapColumns(profile: Profile, given: ProfileMapping, columns: readonly string[]): ProfileMapping {
  const find = createColumnFinder(columns);
  const need = (field: keyof Profile["columns"], said: string): FieldSource => {
    const names = profile.columns[field] ?? [];
    const column = find(names);
    if (column === undefined) throw missing(profile, said, names, columns);
    return { column };
  };
  const place = placeOf(profile, given, find, columns);
  const category =
    isKindGiven(given) || profile.columns.category === undefined ? undefined : need("category", "category");
  const kinds = createKinds(profile);
  const [layer, ownCategory, severity] = profile.otherwise;
  const text = find(profile.columns.text ?? []);
  const severityColumn = find(profile.columns.severity ?? []);
  const sources: Sources = {
    ...place.sources,
    ...(given.sources.time === undefined && { time: need("time", "time") }),
    layer: category ?? { constant: layer },
    category: category ?? { constant: ownCategory ?? "" },
    severity: severityColumn === undefined ? (category ?? { constant: String(severity) }) : { column: severityColumn },
    ...(text !== undefined && { text: { column: text } }),
    ...given.sources,
  };
  const rules: Partial<Record<Field, Find>> = {
    ...(category && { layer: (value) => kinds(value)[0], category: (value) => categoryOf(kinds(value)[1], value) }),
    ...(severityColumn === undefined
      ? category && { severity: (value) => String(kinds(value)[2]) }
      : { severity: severityRule(profile) }),
  };
  const id = given.id?.column ?? find(profile.columns.id ?? []);
  return {
    ...given,
    sources,
    values: withRules(given, rules),
    ...(place.point && { point: place.point }),
    ...(id !== undefined && { id: { column: id } }),
  };
}

const isKindGiven = ({ sources }: Mapping): boolean =>
  sources.layer !== undefined && sources.category !== undefined && sources.severity !== undefined;

/** A value that stays needs no rule, but none at all would cost the row. */
const categoryOf = (category: string | null, value: string): string | undefined =>
  category ?? (value === "" ? "other" : undefined);

function severityRule({ severities = {}, otherwise }: Profile): Find {
  return (value) => String(severities[value] ?? severities["*"] ?? (value === "" ? otherwise[2] : value));
}

function withRules(given: Mapping, rules: Readonly<Partial<Record<Field, Find>>>): Mapping["values"] {
  const values: Partial<Record<Field, ReadonlyMap<string, string>>> = {};
  for (const field of FIELDS) {
    const own = given.values[field] ?? new Map<string, string>();
    const rule = given.sources[field] === undefined ? rules[field] : undefined;
    const all = rule === undefined ? given.values[field] : createRuleMap(own, rule);
    if (all !== undefined) values[field] = all;
  }
  return values;
}

/** Two columns before one of both, which is the same place with more to read. */
function placeOf(
  profile: Profile,
  given: ProfileMapping,
  find: (names: readonly string[]) => string | undefined,
  columns: readonly string[],
): { readonly sources: Sources; readonly point?: FieldSource } {
  if (given.point || (given.sources.lon && given.sources.lat)) return { sources: {} };
  const { lon = [], lat = [], point = [] } = profile.columns;
  const [lonColumn, latColumn, pointColumn] = [find(lon), find(lat), find(point)];
  if (lonColumn !== undefined && latColumn !== undefined) {
    return { sources: { lon: { column: lonColumn }, lat: { column: latColumn } } };
  }
  if (pointColumn !== undefined) return { sources: {}, point: { column: pointColumn } };
  // The geometry of a GeoJSON file, whoever made it.
  if (columns.includes("lon") && columns.includes("lat")) return { sources: {} };
  throw missing(profile, "place", [...lon, ...lat, ...point], columns);
}

/** Finds columns whatever the case and the blanks of their names: `Created Date` is `created_date` in a portal's API. */
function createColumnFinder(columns: readonly string[]): (names: readonly string[]) => string | undefined {
  const byName = new Map<string, string>();
  for (const column of columns) {
    const name = foldName(column);
    if (!byName.has(name)) byName.set(name, column);
    // An object of a JSON file became columns of its own: `location.latitude`.
    const outer = /^(.+)\.(?:coordinates|latitude|lat|y)$/i.exec(column)?.[1];
    if (outer !== undefined && !columns.includes(outer) && !byName.has(foldName(outer)))
      byName.set(foldName(outer), outer);
  }
  return (names) => {
    const exact = names.find((name) => columns.includes(name));
    if (exact !== undefined) return exact;
    return names.map((name) => byName.get(foldName(name))).find((column) => column !== undefined);
  };
}

const foldName = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, "");

function missing({ name }: Profile, what: string, names: readonly string[], columns: readonly string[]): OperatorError {
  const option = what === "place" ? "--lon and --lat, or --point COLUMN" : `--${what} COLUMN`;
  return new OperatorError(
    `The profile ${name} finds no column for the ${what} (${names.join(", ")}): say ${option}, or take another profile. The columns are: ${columns.join(", ") || "none"}.`,
  );
}
