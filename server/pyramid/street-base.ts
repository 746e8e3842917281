import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { checksum, encodeUtf8 } from "../../tiles/codec/bytes.ts";
import {
  encodeStreetUnits,
  type StreetHead,
  type StreetPiece,
  type StreetUnitPlace,
  sumOfItem,
  unitName,
} from "../../tiles/codec/street-codec.ts";
import { AGE_BANDS, ageBand, DAY_MS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { type ReportColumns, rowsBetween, rowsWhere, splitRows } from "../../tiles/report-columns.ts";
import { timeOfId } from "../../tiles/report-id.ts";

/**
 * The street base of a dense log cell: what close zooms are made of in place of its rows. Of each cell of six characters either the
 * rows themselves, if they are few, or its micro cells, and then the same of each cell of seven below it; and micro cells of the whole.
 * So no tile reads more than some thousand rows' worth for any of the cluster cells that it meets.
 */
export interface StreetBase {
  readonly head: StreetHead;
  /** Items of units, in their order. */
  readonly bodies: readonly Uint8Array[];
}

/** What is worth what; tests ask for less. */
export interface StreetLimits {
  /** A log cell with as many rows is dense, and so is a cell below it. */
  readonly denseRows: number;
  /**
   * Rows that are stored whole because they move to another age band before a base is made anew, a share of the cell's between these,
   * and more where they do so within two hours.
   */
  readonly leastMoving: number;
  readonly mostMoving: number;
  /** Rows of a head; where there are more, the base is made anew. */
  readonly mostOfHead: number;
  /**
   * A base is made anew when more rows came since, a share of the cell's between these: to write it costs about one unit for each of them.
   */
  readonly leastNewer: number;
  readonly mostNewer: number;
}

export const STREET_LIMITS: StreetLimits = {
  denseRows: 1500,
  leastMoving: 100,
  mostMoving: 1000,
  mostOfHead: 3000,
  leastNewer: 1000,
  mostNewer: 4000,
};

/** Characters by which micro cells are finer than their cluster cell. */
const FINER = 3;

/** Units are packed into items of about this many bytes: smaller ones cost more to write, larger ones more to read in part. */
const ITEM_BYTES = 8192;

/** How long ages stay right. */
const LEAST_VALID_MS = 2 * 3_600_000;
const MOST_VALID_MS = 30 * DAY_MS;
/** Clocks of readers are behind the compactor's by less. */
const CLOCKS_DIFFER_MS = 60_000;

export interface BaseOptions {
  readonly geohash5: string;
  readonly beforeMs: number;
  /** About now. */
  readonly atMs: number;
  readonly side: 0 | 1;
  readonly editedIds: Iterable<string>;
  readonly limits: StreetLimits;
}

/** @param rows of the log cell, all but the edited ones, ascending by id */
export function makeStreetBase(rows: ReportColumns, options: BaseOptions): StreetBase {
  const { geohash5, beforeMs, atMs, side, editedIds, limits } = options;
  const fromMs = Math.max(0, atMs - CLOCKS_DIFFER_MS);
  const old = rowsWhere(rowsBetween(rows, 0, beforeMs), livesAt(rows, fromMs));
  const untilMs = validUntil(old, fromMs, limits);
  const moving = rowsWhere(old, (row) => !staysInBand(old, row, fromMs, untilMs));
  const { bodies, units } = packed(piecesOf(old, { geohash5, fromMs, untilMs, denseRows: limits.denseRows }), geohash5);
  const head: StreetHead = {
    beforeMs,
    fromMs,
    untilMs,
    side,
    editsSum: sumOfEdits(editedIds, { fromMs, beforeMs }),
    counted: countOf(old, { beforeMs, untilMs }),
    items: bodies.map(sumOfItem),
    units,
    rows: moving,
  };
  return { head, bodies };
}

/** Reports that a base must have, one way or the other, whatever the time it is read at. */
export function countOf(rows: ReportColumns, { beforeMs, untilMs }: Pick<StreetHead, "beforeMs" | "untilMs">): number {
  return rowsBetween(rows, untilMs - REPORT_LIFETIME_MS, beforeMs).length;
}

/** Names the edited reports that a base would have, were they not edited. */
export function sumOfEdits(
  ids: Iterable<string>,
  { fromMs, beforeMs }: Pick<StreetHead, "fromMs" | "beforeMs">,
): number {
  const isOf = (timeMs: number): boolean => timeMs + REPORT_LIFETIME_MS >= fromMs && timeMs < beforeMs;
  const left = [...ids].filter((id) => isOf(timeOfId(id))).sort();
  return checksum(encodeUtf8(left.join()));
}

/** The unit that a cluster cell is made of; undefined where there are no reports that a base has. */
export function unitOf({ units }: StreetHead, clusterCell: string): string | undefined {
  const name = unitName(clusterCell);
  if (units.has(name)) return name;
  const above = unitName(clusterCell.slice(0, -1));
  return clusterCell.length === 7 && units.get(above)?.isRows ? above : undefined;
}

const livesAt =
  ({ createdAtMs }: ReportColumns, atMs: number) =>
  (row: number): boolean =>
    (createdAtMs[row] as number) + REPORT_LIFETIME_MS >= atMs;

/** As long as few rows have moved to another age band, within limits. */
function validUntil(rows: ReportColumns, fromMs: number, limits: StreetLimits): number {
  const moves = new Float64Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    const time = rows.createdAtMs[row] as number;
    moves[row] = time + (AGE_BANDS[Math.max(0, ageBand(fromMs - time))]?.untilMs ?? 0);
  }
  moves.sort();
  const few = moves[shareOf(rows.length, limits.leastMoving, limits.mostMoving)] ?? Infinity;
  return Math.max(fromMs + LEAST_VALID_MS, Math.min(fromMs + MOST_VALID_MS, few));
}

/** A share of so many rows, within limits: what a base may lack of them, one way or the other. */
export const shareOf = (rows: number, least: number, most: number): number =>
  Math.round(Math.max(least, Math.min(most, rows / 32)));

function staysInBand({ createdAtMs }: ReportColumns, row: number, fromMs: number, untilMs: number): boolean {
  const time = createdAtMs[row] as number;
  return ageBand(fromMs - time) === ageBand(untilMs - time);
}

/** Pieces of all units, ascending by name. */
function* piecesOf(
  rows: ReportColumns,
  { geohash5, fromMs, untilMs, denseRows }: { geohash5: string; fromMs: number; untilMs: number; denseRows: number },
): Generator<StreetPiece | { readonly unit: string }> {
  /** A unit's micro cells, cell by cell below it; also when all of them are empty, for what there is of it says how to read on. */
  function* cellsOf(
    clusterCell: string,
    below: ReadonlyMap<string, ReportColumns>,
  ): Generator<StreetPiece | { unit: string }> {
    const unit = unitName(clusterCell);
    yield { unit };
    for (const of of below.values()) {
      const staying = rowsWhere(of, (row) => staysInBand(of, row, fromMs, untilMs));
      if (staying.length === 0) continue;
      yield { unit, content: { cells: microCellsOfReports(staying, clusterCell.length + FINER, fromMs) } };
    }
  }

  /** Of dense cells micro cells, of others the rows. */
  function* unitsOf(cells: ReadonlyMap<string, ReportColumns>): Generator<StreetPiece | { unit: string }> {
    for (const [clusterCell, of] of cells) {
      if (of.length < denseRows) yield { unit: unitName(clusterCell), content: { rows: of } };
      else yield* cellsOf(clusterCell, splitRows(of, clusterCell.length + 1));
    }
  }

  const cells = splitRows(rows, geohash5.length + 1);
  yield* cellsOf(geohash5, cells);
  yield* unitsOf(cells);
  for (const of of cells.values()) if (of.length >= denseRows) yield* unitsOf(splitRows(of, geohash5.length + 2));
}

/** Puts pieces into items one after the other. */
function packed(
  pieces: Iterable<StreetPiece | { readonly unit: string }>,
  geohash5: string,
): { bodies: Uint8Array[]; units: Map<string, StreetUnitPlace> } {
  const bodies: Uint8Array[] = [];
  const units = new Map<string, StreetUnitPlace>();
  let open: StreetPiece[] = [];
  let openBytes = 0;
  const close = (): void => {
    if (open.length > 0) bodies.push(encodeStreetUnits(open, geohash5));
    open = [];
    openBytes = 0;
  };
  for (const piece of pieces) {
    if (!("content" in piece)) {
      units.set(piece.unit, { isRows: false, first: bodies.length, count: 0 });
      continue;
    }
    const bytes = bytesOf(piece);
    if (openBytes + bytes > ITEM_BYTES) close();
    open.push(piece);
    openBytes += bytes;
    const isRows = "rows" in piece.content;
    const first = units.get(piece.unit)?.count ? (units.get(piece.unit)?.first as number) : bodies.length;
    units.set(piece.unit, { isRows, first, count: bodies.length + 1 - first });
  }
  close();
  return { bodies, units };
}

/** About how many bytes a piece takes. */
const bytesOf = ({ content }: StreetPiece): number => 14 * ("rows" in content ? content.rows : content.cells).length;
