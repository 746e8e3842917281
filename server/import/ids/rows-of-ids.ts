import { createLastOfId } from "./last-of-id.ts";
import type { RowIdentity } from "./row-identity.ts";
import { createRowDigest, type DigestedField } from "./row-ids.ts";
import { createIdReader, keyOfRow } from "./row-of-id.ts";

export interface RowsOfIdsOptions {
  /** What rows tell, by which other versions of the file are recognised. */
  readonly fields: readonly DigestedField[];
  readonly column: string;
  readonly source: string;
  /** So many rows of the file count. */
  readonly limit?: number | undefined;
}

/** As a row's id is, not what it tells. */
const ANY_TAIL = "00000000";

/** Rows that are known by their ids. */
export function identifyByIds({ fields, column, source, limit = Infinity }: RowsOfIdsOptions): RowIdentity {
  const lasts = createLastOfId();
  return {
    noting(columns, isFit) {
      const digestOf = createRowDigest(fields, columns);
      const idOf = createIdReader(column, columns);
      return (row) => {
        const id = idOf(row);
        if (id !== "" && row.number <= limit) lasts.note(id, row.number, () => isFit(row));
        return digestOf(row);
      };
    },
    naming(columns, rowKey) {
      const idOf = createIdReader(column, columns);
      return (row) => {
        const id = idOf(row);
        if (id === "") return { tail: ANY_TAIL, fault: "id is missing" };
        if (!lasts.isLast(id, row.number)) return { tail: ANY_TAIL, isRepeated: true };
        return { tail: ANY_TAIL, key: keyOfRow(rowKey, source, id) };
      };
    },
  };
}
