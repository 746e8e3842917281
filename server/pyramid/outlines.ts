import { afterNewest, type MicroCells } from "../../tiles/cells/micro-cells.ts";
import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { bandsOf, newestBand, standsAlone } from "../../tiles/codec/micro-cell-format.ts";
import { keyOfGeohash } from "../../tiles/geo/cell-key.ts";
import { AGE_BANDS, BAND_COUNT, type ReportLayer } from "../../tiles/layers.ts";
import {
  allocateColumns,
  compareRows,
  copyDetails,
  mergeColumns,
  type ReportColumns,
} from "../../tiles/report-columns.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { LogCell } from "../ports/report-store.ts";
import { type Aggregates, PARALLEL_READS } from "./aggregates.ts";
import type { CellCache } from "./cell-cache.ts";
import { COARSE_CLOCK_MS } from "./coarse-time.ts";
import type { PendingChanges } from "./pending-changes.ts";
import { type UnmergedRows, unmergedNames } from "./unmerged-rows.ts";

/**
 * What cell aggregates and memory tell of log cells before one of them is read: where there are reports at all, and how new the newest
 * can be. A cell aggregate of all of a city's cells is one request.
 */
export interface Outlines {
  /**
   * Those of some log cells in which there may be reports. They lie below `cluster cell`, a geohash of two to four characters,
   * whose cell aggregates are asked unless all of the cells are in memory.
   */
  of(layer: ReportLayer, clusterCell: string, geohashes: readonly string[], atMs: number): Promise<CellOutline[]>;
  /** Those of many cluster cells, ascending, below which there may be reports: the walk goes down only where there are. */
  holding(layer: ReportLayer, clusterCells: readonly string[], atMs: number): Promise<readonly string[]>;
}

/** A log cell as far as it is known without reading it. */
export interface CellOutline {
  readonly cell: LogCell;
  /** Reports that are known, ascending by id, by what tiles show of them; some may have expired. */
  readonly rows: ReportColumns;
  /** Its other reports were created before, Unix milliseconds; -Infinity: there are none, Infinity: it is not known. */
  readonly othersBeforeMs: number;
  /** About how many others there are. */
  readonly others: number;
}

export interface OutlinesOptions {
  readonly aggregates: Aggregates;
  readonly cells: CellCache;
  readonly pending: PendingChanges;
  readonly unmerged: UnmergedRows;
}

const NO_ROWS = allocateColumns(0);

/** Ages in cell aggregates are taken as of a time that another machine's clock told. */
const AGES_SPARE_MS = COARSE_CLOCK_MS;

export function createOutlines({ aggregates, cells, pending, unmerged }: OutlinesOptions): Outlines {
  /** A cell that is held, or what its cell aggregates will lack: asked for before these, as in aggregates.ts. */
  function fromMemory(
    cell: LogCell,
  ): { held: CellOutline } | { cell: LogCell; unmerged: ReportColumns; isPending: boolean } {
    const rows = cells.peek(cell);
    if (rows !== undefined) return { held: { cell, rows, othersBeforeMs: -Infinity, others: 0 } };
    return { cell, unmerged: unmerged.of(cell) ?? NO_ROWS, isPending: pending.has(cell.layer, cell.geohash5) };
  }

  /** A cluster cell's cell aggregates by geohash; those that are damaged are made from below. */
  async function wholeCellAggregates(
    layer: ReportLayer,
    clusterCell: string,
    atMs: number,
  ): Promise<Map<string, MicroCells>> {
    const stored = [...(await aggregates.cellAggregates(layer, clusterCell, atMs))];
    return new Map(
      await mapLimited(stored, PARALLEL_READS, async ([name, cells]) => {
        return [name, cells ?? (await aggregates.aggregate(layer, name, atMs))] as const;
      }),
    );
  }

  async function namesBelow(layer: ReportLayer, geohash: string, atMs: number): Promise<string[]> {
    // Asked for before the cell aggregates, as in aggregates.ts.
    const changed = [
      ...pending.changedBelow(layer, geohash),
      ...unmergedNames(unmerged.under(layer, geohash), geohash),
    ];
    const stored = [...(await aggregates.cellAggregates(layer, geohash, atMs))];
    const filled = stored.filter(([, cells]) => cells === undefined || cells.length > 0);
    return [...new Set([...changed, ...filled.map(([name]) => name)])];
  }

  return {
    async of(layer, clusterCell, geohashes, atMs) {
      const inMemory = geohashes.map((geohash5) => fromMemory({ layer, geohash5 }));
      const isAll = inMemory.every((known) => "held" in known);
      const cellAggregates = isAll
        ? new Map<string, MicroCells>()
        : await wholeCellAggregates(layer, clusterCell, atMs);
      const outlines = inMemory.map((known): CellOutline => {
        if ("held" in known) return known.held;
        const { geohash5 } = known.cell;
        const { rows, othersBeforeMs, others } = newestIn(
          cellAggregates.get(geohash5.slice(0, clusterCell.length + 1)),
          geohash5,
          atMs,
        );
        if (known.isPending) return { cell: known.cell, rows: known.unmerged, othersBeforeMs: Infinity, others };
        return { cell: known.cell, rows: mergeColumns(rows, known.unmerged), othersBeforeMs, others };
      });
      return outlines.filter(({ rows, othersBeforeMs }) => rows.length > 0 || othersBeforeMs > -Infinity);
    },

    async holding(layer, clusterCells, atMs) {
      const length = Math.min(CELL_PRECISION, clusterCells[0]?.length ?? 0);
      let prefixes = [commonPrefix(clusterCells[0] ?? "", clusterCells.at(-1) ?? "").slice(0, length)];
      for (let depth = prefixes[0]?.length ?? 0; depth < length; depth++) {
        const wanted = new Set(clusterCells.map((clusterCell) => clusterCell.slice(0, depth + 1)));
        const below = await mapLimited(prefixes, PARALLEL_READS, (prefix) => namesBelow(layer, prefix, atMs));
        prefixes = below.flat().filter((name) => wanted.has(name));
      }
      const known = new Set(prefixes);
      return clusterCells.filter((clusterCell) => known.has(clusterCell.slice(0, length)));
    },
  };
}

/**
 * What a set's cells tell of the reports in a geohash. Where a cell's newest stands alone in its age band, it is known by all that
 * its id is made of, and the others are older than the band; else it is only known in which minute the newest was created.
 */
function newestIn(cells: MicroCells | undefined, geohash: string, atMs: number): Omit<CellOutline, "cell"> {
  if (cells === undefined) return { rows: NO_ROWS, othersBeforeMs: -Infinity, others: 0 };
  const alone: number[] = [];
  let othersBeforeMs = -Infinity;
  let others = 0;
  const [from, until] = rangeOf(cells, geohash);
  for (let cell = from; cell < until; cell++) {
    const count = countOf(cells, cell);
    const band = newestBand(bandsOf(cells, cell));
    const isAlone = standsAlone(cells, cell, band);
    if (isAlone) alone.push(cell);
    others += isAlone ? count - 1 : count;
    if (isAlone && count === 1) continue;
    const beforeMs = isAlone
      ? atMs + AGES_SPARE_MS - untilOf(band)
      : afterNewest(cells.newest.createdAtMs[cell] as number);
    othersBeforeMs = Math.max(othersBeforeMs, beforeMs);
  }
  return { rows: rowsOf(cells, alone), othersBeforeMs, others };
}

const untilOf = (band: number): number => AGE_BANDS[band]?.untilMs ?? 0;

function countOf({ bandCount }: MicroCells, cell: number): number {
  let count = 0;
  for (let band = 0; band < BAND_COUNT; band++) count += bandCount[cell * BAND_COUNT + band] as number;
  return count;
}

/** The newest reports of some cells, ascending by id. */
function rowsOf({ newest }: MicroCells, cells: number[]): ReportColumns {
  if (cells.length === 0) return NO_ROWS;
  const rows = allocateColumns(cells.length);
  cells.sort((a, b) => compareRows(newest, a, newest, b));
  for (const [row, cell] of cells.entries()) copyDetails(newest, cell, rows, row);
  return rows;
}

/** The cells of a set that lie in a geohash: from one up to another. */
function rangeOf(cells: MicroCells, geohash: string): [from: number, until: number] {
  const width = 32 ** (cells.precision - geohash.length);
  const first = keyOfGeohash(geohash) * width;
  return [lowerBound(cells, first), lowerBound(cells, first + width)];
}

/** The first cell whose key is not below one. */
function lowerBound({ key, length }: MicroCells, least: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((key[middle] as number) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}
