import type { MicroCells } from "../cells/micro-cells.ts";
import { BASE32, isGeohash } from "../geo/geohash.ts";
import type { ReportColumns } from "../report-columns.ts";
import { type ByteReader, type Bytes, checksum } from "./bytes.ts";
import { readMicroCells, writeMicroCells } from "./micro-cell-codec.ts";
import { readReports, writeReports } from "./report-codec.ts";
import { readItem, writeItem } from "./stored-item.ts";

/**
 * What is stored of a dense log cell for close zooms: units, which are all that is known of a cluster cell, packed into items, and a
 * head that says which units there are, where, and what they lack. Together they are the street base of the cell.
 */
export interface StreetHead {
  /** Units have reports created before, and none since; Unix milliseconds. */
  readonly beforeMs: number;
  /** Micro cells of units have the right ages at all times from here until there, Unix milliseconds, both inclusive. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Which of two groups of items the units lie in. */
  readonly side: 0 | 1;
  /** Names the edited reports that units leave out. */
  readonly editsSum: number;
  /** Reports created before `beforeMs` that live at `untilMs`, in units and in `rows`. */
  readonly counted: number;
  /** Checksum of each item of units, in their order. */
  readonly items: readonly number[];
  /** By name. */
  readonly units: ReadonlyMap<string, StreetUnitPlace>;
  /** Reports created before `beforeMs` that count beside the micro cells of units: those that move to another age band meanwhile. */
  readonly rows: ReportColumns;
}

export interface StreetUnitPlace {
  /** Whether it has the reports themselves, also those of `StreetHead.rows`, in place of micro cells. */
  readonly isRows: boolean;
  /** Items that it lies in. */
  readonly first: number;
  readonly count: number;
}

/** A part of a unit; parts of one unit that has micro cells ascend. */
export interface StreetPiece {
  /** Name of the unit. */
  readonly unit: string;
  readonly content: StreetContent;
}

export type StreetContent = { readonly rows: ReportColumns } | { readonly cells: MicroCells };

/** Name of the unit of a cluster cell of five to seven characters: its level, and how it goes on from the log cell. */
export const unitName = (clusterCell: string): string => `${clusterCell.length}${clusterCell.slice(LOG_PRECISION)}`;

const LOG_PRECISION = 5;
const HEAD_VERSION = 1;
const UNITS_VERSION = 1;

/** @param geohash5 the log cell */
export function encodeStreetHead(head: StreetHead, geohash5: string): Uint8Array<ArrayBuffer> {
  return writeItem("street-head", HEAD_VERSION, (out) => {
    out.varint(head.beforeMs);
    out.varint(head.fromMs);
    out.varint(head.untilMs - head.fromMs);
    out.byte(head.side);
    out.uint(head.editsSum, 4);
    out.varint(head.counted);
    out.varint(head.items.length);
    for (const sum of head.items) out.uint(sum, 4);
    out.varint(head.units.size);
    for (const [name, { isRows, first, count }] of head.units) {
      writeName(out, name);
      out.varint(first);
      out.varint(count * 2 + (isRows ? 1 : 0));
    }
    writeReports(out, head.rows, geohash5);
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeStreetHead(bytes: Uint8Array, geohash5: string, name: string): StreetHead {
  return readItem("street-head", HEAD_VERSION, name, bytes, (from) => {
    const beforeMs = from.varint();
    const fromMs = from.varint();
    const untilMs = fromMs + from.varint();
    const side = from.byte();
    if (side > 1) throw new RangeError(`side ${side}`);
    const editsSum = from.uint(4);
    const counted = from.varint();
    const items: number[] = [];
    for (let left = from.varint(); left > 0; left--) items.push(from.uint(4));
    const units = new Map<string, StreetUnitPlace>();
    for (let left = from.varint(); left > 0; left--) {
      const name = readName(from);
      const first = from.varint();
      const packed = from.varint();
      units.set(name, { isRows: packed % 2 === 1, first, count: Math.floor(packed / 2) });
    }
    const rows = readReports(from, geohash5);
    return { beforeMs, fromMs, untilMs, side: side === 0 ? 0 : 1, editsSum, counted, items, units, rows };
  });
}

export function encodeStreetUnits(pieces: readonly StreetPiece[], geohash5: string): Uint8Array<ArrayBuffer> {
  return writeItem("street-units", UNITS_VERSION, (out) => {
    out.varint(pieces.length);
    for (const { unit, content } of pieces) {
      writeName(out, unit);
      const isRows = "rows" in content;
      out.byte(isRows ? 1 : 0);
      if (isRows) writeReports(out, content.rows, geohash5);
      else writeMicroCells(out, content.cells);
    }
  });
}

/** @throws StoredItemError as above */
export function decodeStreetUnits(bytes: Uint8Array, geohash5: string, name: string): StreetPiece[] {
  return readItem("street-units", UNITS_VERSION, name, bytes, (from) => {
    const pieces: StreetPiece[] = [];
    for (let left = from.varint(); left > 0; left--) {
      const unit = readName(from);
      const isRows = from.byte() === 1;
      const content = isRows ? { rows: readReports(from, geohash5) } : { cells: readMicroCells(from, bytes) };
      pieces.push({ unit, content });
    }
    return pieces;
  });
}

/** Tells an item of units from any other, also from one of another time. */
export const sumOfItem = (body: Uint8Array): number => checksum(body);

/** The level, and up to two characters. */
function writeName(out: Bytes, name: string): void {
  out.byte(Number(name.charAt(0)));
  for (const char of name.slice(1)) out.byte(BASE32.indexOf(char));
}

function readName(from: ByteReader): string {
  const level = from.byte();
  if (level < LOG_PRECISION || level > LOG_PRECISION + 2) throw new RangeError(`unit of level ${level}`);
  let name = `${level}`;
  for (let i = LOG_PRECISION; i < level; i++) name += BASE32.charAt(from.byte());
  if (name.length !== level - LOG_PRECISION + 1 || !isGeohash(name)) throw new RangeError(`unit ${name}`);
  return name;
}
