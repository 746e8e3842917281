import { OperatorError } from "../../console/operator-error.ts";
import type { Row } from "../files/row.ts";

/** What a report needs to be told by a row. */
export const FIELDS = ["lon", "lat", "time", "layer", "category", "severity", "text"] as const;
export type Field = (typeof FIELDS)[number];

/** Where a field's value comes from: a column of the file, or the same value for every row. */
export type FieldSource = { readonly column: string } | { readonly constant: string };

export interface Mapping {
  /** A field that is not named is read from the column of its own name, when there is one. */
  readonly sources: Readonly<Partial<Record<Field, FieldSource>>>;
  /** Where lon and lat are read from one value. */
  readonly point?: FieldSource | undefined;
  /** What a field's value becomes, by the value that was read; `*` stands for every value that is not listed. */
  readonly values: Readonly<Partial<Record<Field, ReadonlyMap<string, string>>>>;
}

export type FieldValues = Readonly<Record<Field, string>>;

export function isField(name: string): name is Field {
  return (FIELDS as readonly string[]).includes(name);
}

/** Reads a source as the command line has it: a column's name, or `=` and a constant. */
export function parseSource(text: string): FieldSource {
  return text.startsWith("=") ? { constant: text.slice(1) } : { column: text };
}

/**
 * Reads value mappings such as `severity:murder=5` or `category:*=other`; the value ends at the first `=`.
 * @throws OperatorError on one that is not of that form.
 */
export function parseValueMaps(texts: readonly string[]): Mapping["values"] {
  const values: Partial<Record<Field, Map<string, string>>> = {};
  for (const text of texts) {
    const match = /^([a-z]+):([^=]*)=(.*)$/s.exec(text);
    const [, field = "", from = "", to = ""] = match ?? [];
    if (!isField(field)) {
      throw new OperatorError(
        `--map ${text} is not understood: write field:value=new value, where field is one of ${FIELDS.join(", ")}.`,
      );
    }
    const map = values[field] ?? new Map<string, string>();
    values[field] = map.set(from.trim(), to);
  }
  return values;
}

/**
 * Checks a mapping against the columns that a file has.
 * @throws OperatorError, with the columns there are, on a column that is not there or a field without a source.
 */
export function checkMapping(mapping: Mapping, columns: readonly string[]): void {
  const there = `The columns are: ${columns.join(", ") || "none"}.`;
  for (const field of FIELDS) {
    const source = mapping.sources[field];
    if (source === undefined) {
      if (field === "text" || columns.includes(field)) continue;
      throw new OperatorError(
        `Say which column holds the ${field} with --${field} COLUMN, or give every row the same one with --${field} =VALUE. ${there}`,
      );
    }
    if ("column" in source && !columns.includes(source.column)) {
      throw new OperatorError(`There is no column ${JSON.stringify(source.column)} for --${field}. ${there}`);
    }
  }
}

/** Reads the fields of rows whose table has these columns; the list may grow between calls, as a JSON file's does. */
export function createFieldReader(mapping: Mapping, columns: readonly string[]): (row: Row) => FieldValues {
  let known = -1;
  let indexes: readonly number[] = [];

  function locate(): void {
    known = columns.length;
    indexes = FIELDS.map((field) => {
      const source = mapping.sources[field] ?? { column: field };
      return "column" in source ? columns.indexOf(source.column) : -1;
    });
  }

  return (row) => {
    if (known !== columns.length) locate();
    const read = FIELDS.map((field, i): [Field, string] => {
      const source = mapping.sources[field];
      const value = source && "constant" in source ? source.constant : (row.values[indexes[i] ?? -1] ?? "");
      return [field, mapValue(mapping.values[field], value.trim())];
    });
    return Object.fromEntries(read) as Record<Field, string>;
  };
}

function mapValue(map: ReadonlyMap<string, string> | undefined, value: string): string {
  return map === undefined ? value : (map.get(value) ?? map.get("*") ?? value);
}
