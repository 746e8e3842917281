import type { MicroCells } from "../cells/micro-cells.ts";
import type { ReportColumns } from "../report-columns.ts";
import { createByteReader, createBytes } from "./bytes.ts";
import { readMicroCells, writeMicroCells } from "./micro-cell-codec.ts";
import { readReports, writeReports } from "./report-codec.ts";
import { readItem, StoredItemError, writeItem } from "./stored-item.ts";

/** The reports of one log cell by the areas that they lie in; those in no area are not in it. */
export interface AreaTally {
  /** Unix milliseconds, whole: it holds all reports created before, and no others. */
  readonly beforeMs: number;
  /** Until then every age can be told to the millisecond, Unix milliseconds; Infinity: always. */
  readonly untilMs: number;
  /** Neighbourhoods' micro cells by the number of the area, ascending: reports that stay in their age bands until then. */
  readonly cells: ReadonlyMap<number, MicroCells>;
  /** The others, one by one. */
  readonly rows: ReportColumns;
  /** Number of each row's area. */
  readonly areaOfRow: readonly number[];
}

/** The same as it was stored: most readers want few of the areas of a cell. */
export interface StoredAreaTally extends Omit<AreaTally, "cells"> {
  /** Numbers of the areas that have micro cells, ascending. */
  readonly numbers: readonly number[];
  /** Micro cells of an area; undefined when it has none. @throws StoredItemError when they cannot be read */
  cellsOf(number: number): MicroCells | undefined;
}

const VERSION = 1;

export function encodeAreaTally(tally: AreaTally, geohash5: string): Uint8Array<ArrayBuffer> {
  return writeItem("area-tally", VERSION, (out) => {
    out.varint(tally.beforeMs);
    out.double(tally.untilMs);
    out.varint(tally.cells.size);
    let before = 0;
    for (const [number, cells] of tally.cells) {
      out.varint(number - before);
      before = number;
      const block = createBytes(256);
      writeMicroCells(block, cells);
      out.block(block);
    }
    writeReports(out, tally.rows, geohash5);
    for (const number of tally.areaOfRow) out.varint(number);
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeAreaTally(body: Uint8Array, geohash5: string, name: string): StoredAreaTally {
  return readItem("area-tally", VERSION, name, body, (from) => {
    const beforeMs = from.varint();
    const untilMs = from.double();
    const blocks = new Map<number, Uint8Array>();
    let number = 0;
    for (let left = from.varint(); left > 0; left--) {
      number += from.varint();
      const length = from.varint();
      from.skip(length);
      blocks.set(number, body.subarray(from.position() - length, from.position()));
    }
    const rows = readReports(from, geohash5);
    const areaOfRow = Array.from({ length: rows.length }, () => from.varint());
    const numbers = [...blocks.keys()];
    const cellsOf = (of: number) => decodeBlock(blocks.get(of), name);
    return { beforeMs, untilMs, numbers, cellsOf, rows, areaOfRow };
  });
}

function decodeBlock(block: Uint8Array | undefined, name: string): MicroCells | undefined {
  try {
    return block && readMicroCells(createByteReader(block), block);
  } catch (error) {
    throw new StoredItemError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
