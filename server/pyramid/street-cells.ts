import {
  addMicroCells,
  BYTES_PER_MICRO_CELL,
  type MicroCells,
  microCellsOfReports,
} from "../../tiles/cells/micro-cells.ts";
import type { StreetHead } from "../../tiles/codec/street-codec.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import {
  BYTES_PER_ROW,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  rowsBetween,
  rowsInside,
  withoutIds,
} from "../../tiles/report-columns.ts";
import { createBuildCache } from "../kit/build-cache.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { LogCell } from "../ports/report-store.ts";
import type { CellCache } from "./cell-cache.ts";
import type { MissingRows } from "./cell-source.ts";
import type { StoredRows } from "./stored-rows.ts";
import { sumOfEdits, unitOf } from "./street-base.ts";
import { readUnits, type StreetUnit } from "./street-items.ts";

/**
 * Micro cells of close zooms. Those of a dense log cell are made of its street base and the rows that this lacks, in two round trips
 * whatever the number of its rows; those of others, and of cells of which the feed told without their rows, of the rows. Both ways
 * make the same.
 */
export interface StreetCells {
  /** Those of cluster cells of five to seven characters in one log cell, three characters finer, in their order. */
  microCells(cell: LogCell, clusterCells: readonly string[], atMs: number): Promise<MicroCells[]>;
  /** What is stored of a cell was written anew. */
  compacted(cell: LogCell): void;
}

export interface StreetCellsOptions {
  readonly derived: DerivedStore;
  readonly cells: CellCache;
  /** What of a cell its log segments may lack. */
  readonly missing: (cell: LogCell) => MissingRows;
  readonly maxBytes: number;
  readonly shareBuilds: boolean;
}

/** Of a dense cell what lies near, as it was read; undefined of one that has no base, or none that can be used. */
interface Near {
  readonly base: NearBase | undefined;
  readonly staleAtMs: number;
}

interface NearBase {
  readonly head: StreetHead;
  /** Rows that its units lack, all but those that are unmerged; some of them units may have as rows. */
  readonly rows: ReportColumns;
  readonly editedIds: readonly string[];
}

interface KeptUnit {
  readonly unit: StreetUnit;
  readonly staleAtMs: number;
}

/** An item of units is not the one that the head names. */
class BehindError extends Error {
  override readonly name = "BehindError";
}

/** What is kept holds until it is told that something was compacted; whether a base holds at a time, its head says. */
const ANY_TIME = 0;

/** Characters by which micro cells are finer than their cluster cell. */
const FINER = 3;

interface Street extends StreetCellsOptions {
  readonly nears: ReturnType<typeof createBuildCache<Near>>;
  readonly units: ReturnType<typeof createBuildCache<KeptUnit>>;
}

export function createStreetCells(options: StreetCellsOptions): StreetCells {
  const { maxBytes, shareBuilds } = options;
  const street: Street = {
    ...options,
    nears: createBuildCache<Near>({ maxBytes: maxBytes / 4, bytesOf: bytesOfNear, shareBuilds }),
    units: createBuildCache<KeptUnit>({ maxBytes: (maxBytes * 3) / 4, bytesOf: bytesOfUnit, shareBuilds }),
  };
  return {
    async microCells(cell, clusterCells, atMs) {
      const made = await makeOfBase(street, cell, clusterCells, atMs);
      if (made !== undefined) return made;
      const rows = await street.cells.read(cell);
      return clusterCells.map((clusterCell) => cellsOfRows(rows, clusterCell, atMs));
    },
    compacted(cell) {
      street.nears.touch(prefixOf(cell));
      street.units.touch(prefixOf(cell));
    },
  };
}

const prefixOf = ({ layer, geohash5 }: LogCell): string => `${layer}/${geohash5}`;

const cellsOfRows = (rows: ReportColumns, clusterCell: string, atMs: number): MicroCells =>
  microCellsOfReports(rowsInside(rows, clusterCell), clusterCell.length + FINER, atMs);

/** Undefined when the rows are held in memory, or must be read. */
async function makeOfBase(
  street: Street,
  cell: LogCell,
  clusterCells: readonly string[],
  atMs: number,
): Promise<MicroCells[] | undefined> {
  const { cells, missing } = street;
  if (cells.peek(cell) !== undefined) return undefined;
  // Asked for before what is stored: a compaction may take these off meanwhile.
  const missed = missing(cell);
  if (missed.from !== undefined) return undefined;
  const base = await nearOf(street, cell, atMs);
  if (base === undefined) return undefined;
  const units = await unitsOf(street, cell, base.head, clusterCells);
  if (units === undefined) return undefined;
  const unmerged = missed.rows === undefined ? [] : [rowsBetween(missed.rows, base.head.beforeMs, Infinity)];
  const young = unmerged.map((rows) => withoutIds(rows, base.editedIds, REPORT_LAYERS.indexOf(cell.layer)));
  const rows = mergeAllColumns([base.rows, ...young]);
  return clusterCells.map((clusterCell) => {
    const made = combine(units.get(unitOf(base.head, clusterCell) ?? ""), rows, clusterCell, atMs);
    return { ...made, staleAtMs: Math.min(made.staleAtMs, base.head.untilMs + 1) };
  });
}

function combine(unit: StreetUnit | undefined, rows: ReportColumns, clusterCell: string, atMs: number): MicroCells {
  if (unit === undefined) return cellsOfRows(rows, clusterCell, atMs);
  if ("rows" in unit) return cellsOfRows(mergeColumns(unit.rows, rows), clusterCell, atMs);
  const others = cellsOfRows(rows, clusterCell, atMs);
  return addMicroCells([unit.cells, others], clusterCell.length + FINER);
}

/** The base of a cell if it has one that can be used at a time. */
async function nearOf(street: Street, cell: LogCell, atMs: number): Promise<NearBase | undefined> {
  const { nears, cells } = street;
  const { base } = await nears.get(prefixOf(cell), prefixOf(cell), ANY_TIME, async () => {
    const stored = await cells.readNear(cell);
    const found = stored && baseOf(cell, stored);
    return { base: found, staleAtMs: found === undefined ? -Infinity : Infinity };
  });
  if (base === undefined || holdsAt(base.head, atMs)) return base;
  // The next one may have another.
  nears.touch(prefixOf(cell));
  return undefined;
}

const holdsAt = ({ fromMs, untilMs }: StreetHead, atMs: number): boolean => fromMs <= atMs && atMs <= untilMs;

function baseOf({ layer }: LogCell, stored: StoredRows): NearBase | undefined {
  const { head, edited, sealed, tail } = stored;
  const editedIds = [...edited.versions.keys()];
  // One that was edited since may be in its units.
  if (head === undefined || sumOfEdits(editedIds, head) !== head.editsSum) return undefined;
  const newer = rowsBetween(mergeColumns(sealed, tail), head.beforeMs, Infinity);
  const older = withoutIds(head.rows, editedIds, REPORT_LAYERS.indexOf(layer));
  return { head, rows: mergeAllColumns([older, newer, edited.rows]), editedIds };
}

/** The units that cluster cells are made of, by name; undefined when the base was made anew meanwhile. */
async function unitsOf(
  { units, nears, derived }: Street,
  cell: LogCell,
  head: StreetHead,
  clusterCells: readonly string[],
): Promise<Map<string, StreetUnit> | undefined> {
  const prefix = prefixOf(cell);
  const keyOf = (name: string): string => `${prefix} ${head.beforeMs}.${head.fromMs} ${name}`;
  const names = [...new Set(clusterCells.flatMap((clusterCell) => unitOf(head, clusterCell) ?? []))];
  const wanted = names.filter((name) => units.peek(keyOf(name), ANY_TIME) === undefined);
  // One read for all of them.
  const reading = wanted.length === 0 ? undefined : readUnits(derived, cell, head, wanted);
  // Others may be about to read the same, and then nobody else hears of a failure.
  reading?.catch(() => undefined);
  try {
    const found = await mapLimited(names, names.length, async (name) => {
      const { unit } = await units.get(keyOf(name), prefix, ANY_TIME, async () => {
        const unit = (await reading)?.get(name);
        if (unit === undefined) throw new BehindError(`unit ${name} of ${prefix}`);
        return { unit, staleAtMs: Infinity };
      });
      return [name, unit] as const;
    });
    return new Map(found);
  } catch (error) {
    if (!(error instanceof BehindError)) throw error;
    nears.touch(prefix);
    return undefined;
  }
}

function bytesOfNear({ base }: Near): number {
  if (base === undefined) return 0;
  const { head, rows } = base;
  return (rows.length + head.rows.length) * BYTES_PER_ROW + head.units.size * BYTES_PER_UNIT;
}

/** Its name and place in a head, in memory. */
const BYTES_PER_UNIT = 100;

const bytesOfUnit = ({ unit }: KeptUnit): number =>
  "rows" in unit ? unit.rows.length * BYTES_PER_ROW : unit.cells.length * BYTES_PER_MICRO_CELL;
