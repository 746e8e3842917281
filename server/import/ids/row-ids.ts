import { createHmac, hash } from "node:crypto";
import { idTail } from "../../../tiles/report-id.ts";
import type { Row } from "../files/row.ts";

/**
 * SHA-256 of what a row says, in whatever format: names and values of its columns, in the order of the names, empty ones
 * left out. It stays in memory: what is cut of a place and a time could be tried out on it.
 */
export function createRowDigest(columns: readonly string[]): (row: Row) => Buffer {
  let order: { name: string; index: number }[] = [];
  return ({ values }) => {
    if (order.length !== columns.length) {
      order = columns.map((name, index) => ({ name, index })).sort((a, b) => (a.name < b.name ? -1 : 1));
    }
    let content = "";
    for (const { name, index } of order) {
      const value = values[index] ?? "";
      // The lengths keep apart what would read the same run together.
      if (value !== "") content += `${name.length}:${name}${value.length}:${value}`;
    }
    return hash("sha256", content, "buffer");
  };
}

/** The ends of a row's ids. */
export interface RowTails {
  readonly tail: string;
  /** That programs gave it that had no key. */
  readonly formerTail: string;
}

/** Of the row's content, and of its number among rows with the same content; by the store's key, so that nobody can try contents on an id. */
export function tailsOfRow(rowKey: string, digest: Buffer, occurrence: number): RowTails {
  const content = `${digest.toString("hex")}#${occurrence}`;
  return {
    tail: idTail(createHmac("sha256", rowKey).update(content).digest()),
    formerTail: idTail(occurrence === 0 ? digest : hash("sha256", content, "buffer")),
  };
}
