import { OperatorError } from "../../console/operator-error.ts";
import type { Row } from "../files/row.ts";
import { FIELDS, type Field } from "./field.ts";
import { createPointColumns } from "./point-columns.ts";
import { createValueMap, type ValueMap, type ValueMaps } from "./value-map.ts";

export { FIELDS, type Field, isField } from "./field.ts";
export { parseValueMaps } from "./value-map.ts";

/** Where a field's value comes from: a column of the file, or the same value for every row. */
export type FieldSource = { readonly column: string } | { readonly constant: string };

export interface Mapping {
  /** A field that is not named is read from the column of its own name, when there is one. */
  readonly sources: Readonly<Partial<Record<Field, FieldSource>>>;
  readonly values: ValueMaps;
  /** Longitude and latitude in one; `lon` and `lat` are not read then. */
  readonly point?: FieldSource | undefined;
  /** Which row it is, by its publisher. */
  readonly id?: { readonly column: string } | undefined;
}

/** Trimmed, and as the value maps have it; `point` only where it is mapped. */
export type FieldValues = Readonly<Record<Field, string>> & {
  readonly point?: string;
  /** Which of them lost bytes that are not of the file's encoding. */
  readonly damaged?: readonly (Field | "point")[];
};

/** Reads a source as the command line has it: a column's name, or `=` and a constant. */
export function parseSource(text: string): FieldSource {
  return text.startsWith("=") ? { constant: text.slice(1) } : { column: text };
}

/**
 * Checks a mapping against the columns that a file has.
 * @throws OperatorError, with the columns there are, on a column that is not there or a field without a source.
 */
export function checkMapping(mapping: Mapping, columns: readonly string[]): void {
  const there = `The columns are: ${columns.join(", ") || "none"}.`;
  const { point, id } = mapping;
  if (id && !columns.includes(id.column)) {
    throw new OperatorError(`There is no column ${JSON.stringify(id.column)} for --id. ${there}`);
  }
  if (point && "column" in point && createPointColumns(point.column, columns).isMissing()) {
    throw new OperatorError(`There is no column ${JSON.stringify(point.column)} for --point. ${there}`);
  }
  for (const field of FIELDS) {
    if (point && isPlace(field)) continue;
    const source = mapping.sources[field];
    const sameForAll = `give every row the same one with --${field} =VALUE${field === "time" ? ", or the moment of the file's first import with --time =now" : ""}`;
    if (source === undefined) {
      if (field === "text" || columns.includes(field)) continue;
      const orPoint = isPlace(field) ? " If one column holds both, say --point COLUMN." : "";
      throw new OperatorError(
        `Say which column holds the ${field} with --${field} COLUMN, or ${sameForAll}.${orPoint} ${there}`,
      );
    }
    if ("column" in source && !columns.includes(source.column)) {
      const missing = `There is no column ${JSON.stringify(source.column)} for --${field}`;
      throw new OperatorError(`${missing}: name another, or ${sameForAll}. ${there}`);
    }
  }
}

const isPlace = (field: Field): boolean => field === "lon" || field === "lat";

export interface FieldReader {
  (row: Row): FieldValues;
  /** Rules of value maps that nothing read so far has met, as `field:from`. */
  unmetRules(): string[];
}

/** Reads the fields of rows whose table has these columns; the list may grow between calls, as a JSON file's does. */
export function createFieldReader(mapping: Mapping, columns: readonly string[]): FieldReader {
  let known = -1;
  let indexes: readonly number[] = [];
  const maps = FIELDS.map((field): ValueMap => createValueMap(field, mapping.values[field]));
  const pointOf = createPointReader(mapping, columns);

  function locate(): void {
    known = columns.length;
    indexes = FIELDS.map((field) => {
      const source = mapping.sources[field] ?? { column: field };
      return "column" in source ? columns.indexOf(source.column) : -1;
    });
  }

  function read(row: Row): FieldValues {
    if (known !== columns.length) locate();
    const values = FIELDS.map((field, i): [Field, string] => {
      const source = mapping.sources[field];
      const value = source && "constant" in source ? source.constant : (row.values[indexes[i] ?? -1] ?? "");
      return [field, maps[i]?.apply(value.trim()) ?? ""];
    });
    const point = pointOf?.(row);
    const fields: FieldValues = {
      ...(Object.fromEntries(values) as Record<Field, string>),
      ...(point !== undefined && { point }),
    };
    return row.hasBadBytes ? { ...fields, damaged: damagedOf(fields) } : fields;
  }

  const unmetRules = () => FIELDS.flatMap((field, i) => (maps[i]?.unmet() ?? []).map((rule) => `${field}:${rule}`));
  return Object.assign(read, { unmetRules });
}

const damagedOf = (values: FieldValues): (Field | "point")[] =>
  ([...FIELDS, "point"] as const).filter((field) => values[field]?.includes("\ufffd"));

/** Reads the text of a row's point, "" where it has none; nothing where no point is mapped. */
export function createPointReader(mapping: Mapping, columns: readonly string[]): ((row: Row) => string) | undefined {
  const { point } = mapping;
  if (point === undefined) return undefined;
  return "constant" in point ? () => point.constant.trim() : createPointColumns(point.column, columns).read;
}
