import { tailOfRestored } from "../ids/row-of-id.ts";
import type { Moved } from "./journal-items.ts";

const TAIL_AT = 17;

/** An id of the same time, place and layer with another end. */
export const withTail = (id: string, tail: string): string => id.slice(0, TAIL_AT) + tail;

/** Whether two ids are of the same time, cell and layer. */
export const isSamePlace = (a: string, b: string): boolean => a.slice(0, TAIL_AT) === b.slice(0, TAIL_AT);

/** Of the report that an undo of a run puts in the place of the one which a move had removed: found again by the journal alone. */
export const restoredId = (rowKey: string, runId: string, { row, before }: Pick<Moved, "row" | "before">): string =>
  withTail(before.report.id, tailOfRestored(rowKey, row.key, runId));
