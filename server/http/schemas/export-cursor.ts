import type { Dataset, RowKey } from "../../trends/export-rows.ts";
import type { Parsed } from "./filter-query.ts";

/** Where a page of an export ended: the key of its last row, so that whoever has the row has the cursor. */
export const formatExportCursor = (key: RowKey): string => key.join(",");

/** Reads a cursor. @returns the message when it is none of the datasets'. */
export function parseExportCursor(text: string, ...datasets: readonly Dataset[]): Parsed<RowKey> {
  const key = text.split(",");
  if (datasets.some((dataset) => dataset.isKey(key))) return { value: key };
  return `must be ${datasets.map((dataset) => dataset.key.join(",")).join(" or ")} of a row`;
}
