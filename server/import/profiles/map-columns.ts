import { OperatorError } from "../../console/operator-error.ts";
import { FIELDS, type Field, type FieldSource, type Mapping } from "../fields/mapping.ts";
import { createKinds } from "./kinds.ts";
import type { Profile } from "./profile.ts";
import { createRuleMap, type ProfileRules } from "./rule-map.ts";

/** What `--id` adds to a mapping. */
export interface ProfileMapping extends Mapping {
  readonly id?: { readonly column: string } | undefined;
}

type Sources = Partial<Record<Field, FieldSource>>;

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
  const rules: Partial<Record<Field, ProfileRules>> = {
    ...(category && rulesOfKinds(profile)),
    ...(severityColumn !== undefined && { severity: severityRules(profile) }),
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

function rulesOfKinds(profile: Profile): Partial<Record<Field, ProfileRules>> {
  const kinds = createKinds(profile);
  const [layer, category, severity] = profile.otherwise;
  return {
    layer: { find: (value) => kinds(value)?.[0], otherwise: layer },
    category: {
      // One that stays as it is needs no rule, but none at all would cost the row.
      find: (value) => kinds(value)?.[1] ?? (value === "" ? (category ?? "other") : undefined),
      otherwise: category ?? undefined,
    },
    severity: { find: (value) => kinds(value)?.[2].toString(), otherwise: String(severity) },
  };
}

function severityRules({ severities = {}, otherwise }: Profile): ProfileRules {
  const known = new Map(Object.entries(severities).map(([value, severity]) => [value, String(severity)]));
  return {
    find: (value) => known.get(value) ?? (value === "" ? String(otherwise[2]) : undefined),
    otherwise: known.get("*"),
  };
}

function withRules(given: Mapping, rules: Readonly<Partial<Record<Field, ProfileRules>>>): Mapping["values"] {
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
