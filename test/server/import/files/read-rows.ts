import type { Row, RowReader } from "../../../../server/import/files/row.ts";

/** Feeds a reader with text or bytes in chunks of a size. */
export function readRows(reader: RowReader, content: string | Buffer, chunkBytes = 1 << 16): Row[] {
  const bytes = Buffer.from(content);
  const rows: Row[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    for (const row of reader.push(bytes.subarray(at, at + chunkBytes))) rows.push(row);
  }
  for (const row of reader.end()) rows.push(row);
  return rows;
}

/** A row as an object, without the columns in which it has nothing; or the sentence why there is none. */
export function objectOf(row: Row, columns: readonly string[]): Record<string, string> | string {
  if (row.problem !== undefined) return row.problem;
  const cells = columns.map((name, i): [string, string] => [name, row.values[i] ?? ""]);
  return Object.fromEntries(cells.filter(([, value]) => value !== ""));
}
