import { OperatorError } from "../console/operator-error.ts";
import { checkMapping, FIELDS, type Mapping } from "./fields/mapping.ts";
import type { Source } from "./files/source.ts";

/**
 * Checks a mapping against the columns that a file has.
 * @throws OperatorError, with what the file's beginning suggests to say, on a column that is not there or a field without a source.
 */
export function checkColumns(mapping: Mapping, columns: readonly string[], source: Pick<Source, "adviseOn">): void {
  try {
    checkMapping(mapping, columns);
  } catch (error) {
    const advice = error instanceof OperatorError ? source.adviseOn(wantedColumns(mapping)) : undefined;
    if (error instanceof OperatorError && advice !== undefined) throw new OperatorError(`${error.message} ${advice}`);
    throw error;
  }
}

function wantedColumns({ sources, point }: Mapping): string[] {
  const fields = FIELDS.filter((field) => point === undefined || (field !== "lon" && field !== "lat"));
  const columns = fields.flatMap((field) => {
    const source = sources[field] ?? (field === "text" ? undefined : { column: field });
    return source !== undefined && "column" in source ? source.column : [];
  });
  return point !== undefined && "column" in point ? [...columns, point.column] : columns;
}
