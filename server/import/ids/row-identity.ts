import type { Row } from "../files/row.ts";
import { createRecurrence } from "./recurrence.ts";
import {
  createFormerDigest,
  createRowDigest,
  type DigestedField,
  formerTailsOfRow,
  type RowTails,
  tailOfRow,
} from "./row-ids.ts";

/** Which report each row of a file is, found in two passes over its rows in the same order. */
export interface RowIdentity {
  /**
   * First pass: takes note of a row, and returns the digest of what it tells.
   * @param columns of the pass's reader
   * @param isFit whether a row can be imported
   */
  noting(columns: readonly string[], isFit: (row: Row) => boolean): (row: Row) => Buffer;
  /** Second pass. @param columns of the pass's reader */
  naming(columns: readonly string[], rowKey: string): (row: Row) => RowTails;
}

export interface RowIdentityOptions {
  readonly fields: readonly DigestedField[];
  /** Whether rows may be there under ids of programs before; costs a second digest of every row, and 32 MiB. */
  readonly looksForFormer: boolean;
  /** Of the file, which makes what is held of a small one small. */
  readonly sizeBytes?: number | undefined;
}

export function createRowIdentity({ fields, looksForFormer, sizeBytes }: RowIdentityOptions): RowIdentity {
  const recurrence = createRecurrence(sizeBytes);
  const former = looksForFormer ? createRecurrence(sizeBytes) : undefined;
  return {
    noting(columns) {
      const digestOf = createRowDigest(fields, columns);
      const formerDigestOf = createFormerDigest(columns);
      return (row) => {
        const digest = digestOf(row);
        recurrence.note(digest);
        former?.note(formerDigestOf(row));
        return digest;
      };
    },
    naming(columns, rowKey) {
      const digestOf = createRowDigest(fields, columns);
      const formerDigestOf = createFormerDigest(columns);
      return (row) => {
        const digest = digestOf(row);
        const tail = tailOfRow(rowKey, digest, recurrence.occurrence(digest));
        if (former === undefined) return { tail };
        const ofAll = formerDigestOf(row);
        return { tail, former: formerTailsOfRow(rowKey, ofAll, former.occurrence(ofAll)) };
      };
    },
  };
}
