import type { Dataset, RowKey } from "../../trends/export-rows.ts";
import type { Parsed } from "./filter-query.ts";

/** Where a page of an export ended: the key of its last row, so that whoever has the row has the cursor. */
export const formatExportCursor = (key: RowKey): string => key.join(",");

/** Reads a cursor. @returns the message when it is none of the dataset's. */
export function parseExportCursor(text: string, dataset: Dataset): Parsed<RowKey> {
  const key = text.split(",");
  return dataset.isKey(key) ? { value: key } : `must be ${dataset.key.join(",")} of a row`;
}
