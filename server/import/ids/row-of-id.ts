import { createHmac, hash } from "node:crypto";
import { idTail } from "../../../tiles/report-id.ts";
import type { Row } from "../files/row.ts";

/** 64 bits by which a row is known again, as two numbers. */
export type RowKeyWords = readonly [number, number];

/** Reads the ids of rows, trimmed; "" where a row has none. @param columns may grow between calls */
export function createIdReader(column: string, columns: readonly string[]): (row: Row) => string {
  let index = -1;
  return ({ values }) => {
    if (index === -1) index = columns.indexOf(column);
    return (values[index] ?? "").trim();
  };
}

/** Which row of a source an id is; by the store's key, so that nobody can try ids on what is kept. */
export function keyOfRow(rowKey: string, source: string, rowId: string): RowKeyWords {
  const mac = createHmac("sha256", rowKey).update(`id#${source.length}#${source}#${rowId}`).digest();
  return [mac.readUInt32LE(0), mac.readUInt32LE(4)];
}

/**
 * The end of a row's report id. A report that was removed never comes back under its id, so a row that gets another report, as it moves
 * or is imported again after its run was undone, uses up a turn.
 */
export const tailOfTurn = (rowKey: string, [high, low]: RowKeyWords, turn: number): string =>
  idTail(createHmac("sha256", rowKey).update(`turn#${high}#${low}#${turn}`).digest());

/** The same of a report that an undo of a run puts back where its row had been. */
export const tailOfRestored = (rowKey: string, [high, low]: RowKeyWords, runId: string): string =>
  idTail(createHmac("sha256", rowKey).update(`restored#${high}#${low}#${runId}`).digest());

/** The same of rows without ids, whose ends of ids are of what they tell. */
export const tailAfter = (rowKey: string, id: string): string =>
  idTail(createHmac("sha256", rowKey).update(`after#${id}`).digest());

/** 64 bits of what a report says; keyed, for what is cut of a place could be tried out on it. */
export function digestOfReport(rowKey: string, told: DigestedReport): RowKeyWords {
  const { layer, category, severity, lonDeg, latDeg, text = "", createdAtMs } = told;
  const content = JSON.stringify([layer, category, severity, lonDeg, latDeg, text, createdAtMs]);
  const digest = hash("sha256", `${rowKey}${content}`, "buffer");
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

export interface DigestedReport {
  readonly layer: string;
  readonly category: string;
  readonly severity: number;
  readonly lonDeg: number;
  readonly latDeg: number;
  readonly text?: string;
  readonly createdAtMs: number;
}
