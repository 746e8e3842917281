import type { DigestedField } from "../ids/row-ids.ts";
import { FIELDS, type Mapping } from "./mapping.ts";
import { pointColumnNames } from "./point-columns.ts";

/**
 * The fields that make a row the one it is, with the columns that they are read from: all that are read from a column. Constants and
 * value maps are not in it, so that they can be mended without making new reports of rows that are there.
 */
export function digestedFields({ sources, point }: Mapping): DigestedField[] {
  const digested: DigestedField[] = [];
  for (const field of FIELDS) {
    const isPlace = field === "lon" || field === "lat";
    const source = sources[field] ?? (isPlace && point !== undefined ? undefined : { column: field });
    if (source !== undefined && "column" in source) digested.push([field, source.column]);
  }
  if (point !== undefined && "column" in point) {
    for (const column of pointColumnNames(point.column)) digested.push(["point", column]);
  }
  return digested;
}
