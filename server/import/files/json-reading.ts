import { createBrokenElement } from "./json-broken.ts";
import { createRootScanner, type RootScanner } from "./json-root.ts";
import { createJsonTable } from "./json-row.ts";
import { createElementScanner } from "./json-scan.ts";
import type { Row } from "./row.ts";

export interface JsonReaderOptions {
  /** The member of the root object that holds the rows, or the path to it with dots. Default: `features`, or the root is an array. */
  readonly rowsIn?: string | undefined;
  /** Objects follow one another, in no array, as programs write that set them over lines. */
  readonly isSequence?: boolean | undefined;
}

/** What one step of reading came to: a row, progress without a row, or nothing until there are more bytes. */
export type Step = Row | "on" | "more";

/** Where reading stands. */
export interface Reading {
  mode: "root" | "between" | "element" | "broken";
  /** Rows were found, if perhaps none in their array. */
  found: boolean;
  isSequence: boolean;
  bytes: Buffer;
  /** What lies before is done with. */
  start: number;
  /** Bytes behind `start` that the root's scanner has passed. */
  passed: number;
  /** What is held from `start` on begins the root, or follows its rows; else nothing of it is. */
  holds: "root" | "behind" | "nothing";
  /** Objects that are open behind the rows. */
  openBehind: number;
  /** Bytes of the file that are done with. */
  doneBytes: number;
  /** Bytes that were scanned for the ends of elements. */
  scannedBytes: number;
  scanner: ReturnType<typeof createElementScanner>;
  broken: ReturnType<typeof createBrokenElement>;
  root: RootScanner;
  readonly rowsIn: string | undefined;
  readonly table: ReturnType<typeof createJsonTable>;
}

export const newReading = ({ rowsIn, isSequence = false }: JsonReaderOptions): Reading => ({
  mode: isSequence ? "between" : "root",
  found: isSequence,
  isSequence,
  bytes: Buffer.alloc(0),
  start: 0,
  passed: 0,
  holds: "root",
  openBehind: 0,
  doneBytes: 0,
  scannedBytes: 0,
  scanner: createElementScanner(),
  broken: createBrokenElement(""),
  root: createRootScanner(rowsIn ?? "features"),
  rowsIn,
  table: createJsonTable(),
});

/** Goes on behind what is done with. */
export function moveTo(reading: Reading, to: number): void {
  reading.doneBytes += to - reading.start;
  reading.start = to;
  reading.passed = 0;
}
