import { createHmac, hash } from "node:crypto";
import { idTail } from "../../../tiles/report-id.ts";
import type { Row } from "../files/row.ts";
import type { RowKeyWords } from "./row-of-id.ts";

/** What a row tells of a report, by the name of the field, and the column that has it. */
export type DigestedField = readonly [field: string, column: string];

export type RowDigest = (row: Row) => Buffer;

/**
 * SHA-256 of what a row tells of its report, in whatever format: fields and their values as they stand in the file, trimmed, in the order
 * of the fields' names, empty ones left out. Columns that tell nothing of it may come, go and change. It stays in memory: what is cut of
 * a place and a time could be tried out on it.
 * @param columns may grow between calls, as a JSON file's do
 */
export function createRowDigest(fields: readonly DigestedField[], columns: readonly string[]): RowDigest {
  const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  let known = -1;
  let order: readonly Placed[] = [];
  return ({ values }) => {
    if (known !== columns.length) {
      known = columns.length;
      order = sorted.map(([name, column]) => ({ name, index: columns.indexOf(column) }));
    }
    let content = "";
    for (const { name, index } of order) content += part(name, (values[index] ?? "").trim());
    return hash("sha256", content, "buffer");
  };
}

/** That of programs before: of all columns by their own names, with blanks around values. */
export function createFormerDigest(columns: readonly string[]): RowDigest {
  let order: readonly Placed[] = [];
  return ({ values }) => {
    if (order.length !== columns.length) {
      order = columns.map((name, index) => ({ name, index })).sort((a, b) => (a.name < b.name ? -1 : 1));
    }
    let content = "";
    for (const { name, index } of order) content += part(name, values[index] ?? "");
    return hash("sha256", content, "buffer");
  };
}

interface Placed {
  readonly name: string;
  readonly index: number;
}

/** The lengths keep apart what would read the same run together. */
const part = (name: string, value: string): string =>
  value === "" ? "" : `${name.length}:${name}${value.length}:${value}`;

/** The ends of a row's ids. */
export interface RowTails {
  readonly tail: string;
  /** Those that programs before gave it; left out where nothing of them can be left. */
  readonly former?: FormerTails | undefined;
  /** Which row it is, where rows have ids. */
  readonly key?: RowKeyWords | undefined;
  /** Why there is no telling which. */
  readonly fault?: string | undefined;
  /** A later row of the file that can be imported has the same id, and counts instead. */
  readonly isRepeated?: boolean | undefined;
}

export interface FormerTails {
  /** By the store's key, of all columns. */
  readonly keyed?: string | undefined;
  /** Of programs that had no key. */
  readonly bare: string;
}

/** Of what a row tells, and of its number among rows that tell the same; by the store's key, so that nobody can try contents on an id. */
export const tailOfRow = (rowKey: string, digest: Buffer, occurrence: number): string =>
  idTail(createHmac("sha256", rowKey).update(contentOf(digest, occurrence)).digest());

/** @param digest of all columns, and `occurrence` among rows with the same */
export function formerTailsOfRow(rowKey: string, digest: Buffer, occurrence: number): FormerTails {
  const bare = occurrence === 0 ? digest : hash("sha256", contentOf(digest, occurrence), "buffer");
  return { keyed: tailOfRow(rowKey, digest, occurrence), bare: idTail(bare) };
}

const contentOf = (digest: Buffer, occurrence: number): string => `${digest.toString("hex")}#${occurrence}`;
