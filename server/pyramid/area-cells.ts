import type { BoxE6 } from "../../tiles/areas/area.ts";
import {
  type AreaParts,
  eachArea,
  flatParts,
  NO_SINGLES,
  type PartRange,
  partsOfRows,
  sumParts,
  type ToldParts,
} from "../../tiles/areas/area-parts.ts";
import type { AreaTally } from "../../tiles/codec/area-tally-codec.ts";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { rowsBetween } from "../../tiles/report-columns.ts";
import { logCellsOfBox } from "../areas/area-pieces.ts";
import { type AreaSetVersion, keyOfVersion } from "../areas/area-sets.ts";
import type { AreaShapes } from "../areas/area-shapes.ts";
import type { Log } from "../console/log.ts";
import { createBuildCache } from "../kit/build-cache.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { LogCell } from "../ports/report-store.ts";
import { type CellRange, readTallies, tallyName } from "./area-tallies.ts";
import { areasOfRows } from "./area-tally.ts";
import type { CellCache } from "./cell-cache.ts";
import type { PendingChanges } from "./pending-changes.ts";
import type { UnmergedRows } from "./unmerged-rows.ts";

/** An area as far as its reports go. */
export interface AreaPlace {
  /** Of the area in its set. */
  readonly number: number;
  readonly box: BoxE6;
}

/**
 * An area's reports by neighbourhood and age band, by layer: each neighbourhood at most once. A layer without reports is left out. Where
 * reports lie that are too old for scores is not told, nor their severity.
 */
export type AreaReports = Readonly<Partial<Record<ReportLayer, readonly PartRange[]>>>;

/**
 * The reports in areas: stored tallies, to which the rows are added that the feed has brought since. Of cells of which the feed told
 * without the rows, and where a tally is damaged or too old, the rows are counted.
 */
export interface AreaCells {
  /** By the areas' numbers, exactly as they are at a time not before now. */
  read(of: AreaSetVersion, areas: readonly AreaPlace[], atMs: number): Promise<Map<number, AreaReports>>;
  /** Another text whenever areas in these places may have other reports than before, but for ages. */
  stamp(geohash4s: Iterable<string>): string;
  /** A cell's reports are others than before. */
  changed(cell: LogCell): void;
  /** What is stored of a cell was written anew. */
  compacted(cell: LogCell): void;
}

export interface AreaCellsOptions {
  readonly derived: DerivedStore;
  readonly shapes: AreaShapes;
  readonly cells: CellCache;
  readonly pending: PendingChanges;
  readonly unmerged: UnmergedRows;
  readonly log: Log;
  readonly maxBytes: number;
  readonly shareBuilds: boolean;
}

/** Tallies around a place, by name. */
interface TalliesAround {
  readonly tallies: ReadonlyMap<string, AreaTally | undefined>;
  readonly bytes: number;
  readonly staleAtMs: number;
}

/** Tallies are not read again sooner, even if they are too old. */
const READ_AGAIN_AFTER_MS = 60_000;
/** Beyond, areas are read by geohashes of four characters, and beyond that of three. */
const MOST_READS = 8;
/** Between the log cells of a request, in the order of geohashes; if there were too many requests, the next one. */
const WIDEST_GAPS = [2, 4];
const PARALLEL = 16;
const BYTES_PER_TALLY = 600;
const BYTES_PER_PART = 60;
const BYTES_PER_SINGLE = 14;

export function createAreaCells(options: AreaCellsOptions): AreaCells {
  const { shapes, cells, pending, unmerged, maxBytes, shareBuilds } = options;
  const around = createBuildCache<TalliesAround>({ maxBytes, bytesOf: ({ bytes }) => bytes, shareBuilds });
  /** How often something changed below a geohash of four characters. */
  const changes = new Map<string, number>();

  function readAround(of: AreaSetVersion, { from, to, under }: Read, atMs: number): Promise<TalliesAround> {
    return around.get(`${keyOfVersion(of)}/${from}-${to}`, under, atMs, async () => {
      const tallies = await readTallies(options, of, { from, to });
      let untilMs = Infinity;
      let bytes = 0;
      for (const tally of tallies.values()) {
        untilMs = Math.min(untilMs, tally?.untilMs ?? Infinity);
        bytes += bytesOfTally(tally);
      }
      return { tallies, bytes, staleAtMs: Math.max(untilMs, atMs + READ_AGAIN_AFTER_MS) };
    });
  }

  /** What this process knows of a cell that a tally may lack: asked for before that, as in aggregates.ts. */
  const knownOf = (cell: LogCell) => ({
    cell,
    isPending: pending.fromOf(cell) !== undefined,
    rows: unmerged.of(cell),
  });

  async function countRows(of: AreaSetVersion, cell: LogCell, atMs: number): Promise<AreaParts> {
    const [rows, near] = await Promise.all([cells.read(cell), shapes.near(of, cell.geohash5)]);
    return partsOfRows(rows, areasOfRows(rows, near), atMs);
  }

  async function partsOf(
    of: AreaSetVersion,
    { cell, isPending, rows }: ReturnType<typeof knownOf>,
    { tallies, atMs }: { tallies: TalliesAround["tallies"]; atMs: number },
  ): Promise<ToldParts | undefined> {
    const whole = (parts: AreaParts): ToldParts => ({ parts, singles: NO_SINGLES, atMs });
    const tally = tallies.get(tallyName(cell));
    const isLost = tally === undefined ? tallies.has(tallyName(cell)) : tally.untilMs <= atMs;
    if (isPending || isLost) return whole(await countRows(of, cell, atMs));
    const stored = tally && { parts: tally.parts, singles: tally.singles, atMs };
    const young = rows && rowsBetween(rows, tally?.beforeMs ?? 0, Infinity);
    if (young === undefined || young.length === 0) return stored;
    const near = await shapes.near(of, cell.geohash5);
    const parts = partsOfRows(young, areasOfRows(young, near), atMs);
    return whole(stored === undefined ? parts : sumParts([flatParts(stored), parts]));
  }

  function touched({ geohash5 }: LogCell): void {
    const geohash4 = geohash5.slice(0, 4);
    changes.set(geohash4, (changes.get(geohash4) ?? 0) + 1);
  }

  return {
    async read(of, areas, atMs) {
      const wanted = new Set(areas.map(({ number }) => number));
      const geohashes = [...new Set(areas.flatMap(({ box }) => logCellsOfBox(box)))].sort();
      const known = geohashes.flatMap((geohash5) => REPORT_LAYERS.map((layer) => knownOf({ layer, geohash5 })));
      const reads = readsOf(geohashes);
      const found = await mapLimited(reads, PARALLEL, (read) => readAround(of, read, atMs));
      const tallies = new Map(found.flatMap((part) => [...part.tallies]));
      const told = await mapLimited(known, PARALLEL, (one) => partsOf(of, one, { tallies, atMs }));
      return gather(
        known.map(({ cell }, i) => ({ layer: cell.layer, told: told[i] })),
        wanted,
      );
    },
    stamp: (geohash4s) => Array.from(geohash4s, (geohash4) => changes.get(geohash4) ?? 0).join("."),
    changed: touched,
    compacted(cell) {
      for (const length of [3, 4]) around.touch(cell.geohash5.slice(0, length));
      touched(cell);
    },
  };
}

const bytesOfTally = (tally: AreaTally | undefined): number =>
  BYTES_PER_TALLY + BYTES_PER_PART * (tally?.parts.length ?? 0) + BYTES_PER_SINGLE * (tally?.singles.length ?? 0);

/** A request: cells of one geohash of three characters, or of four, which is the one that all of them lie under. */
interface Read extends CellRange {
  readonly under: string;
}

/** Requests that read the tallies of some log cells, ascending, and few others. */
export function readsOf(geohashes: readonly string[]): Read[] {
  const under = (length: number) => [...Map.groupBy(geohashes, (geohash) => geohash.slice(0, length))];
  const fours = under(4);
  for (const gap of WIDEST_GAPS) {
    const runs = fours.flatMap(([geohash4, cells]) => runsOf(cells, gap).map((run) => readOf(geohash4, run)));
    if (runs.length <= MOST_READS) return runs;
  }
  return (fours.length <= MOST_READS ? fours : under(3)).map(([geohash, cells]) => readOf(geohash, cells));
}

const readOf = (under: string, cells: readonly string[]): Read => ({
  under,
  from: cells[0] as string,
  to: cells.at(-1) as string,
});

/** Log cells of one geohash of four characters, divided where so many lie between two that another request is cheaper than reading them. */
function runsOf(cells: readonly string[], widestGap: number): string[][] {
  const runs: string[][] = [];
  let before = -Infinity;
  for (const cell of cells) {
    const at = BASE32.indexOf(cell.charAt(4));
    if (at - before > widestGap) runs.push([]);
    before = at;
    runs.at(-1)?.push(cell);
  }
  return runs;
}

function gather(
  found: readonly { readonly layer: ReportLayer; readonly told: ToldParts | undefined }[],
  wanted: ReadonlySet<number>,
): Map<number, AreaReports> {
  const reports = new Map<number, Partial<Record<ReportLayer, PartRange[]>>>();
  for (const { layer, told } of found) {
    if (told === undefined) continue;
    eachArea(told, (number, range) => {
      if (!wanted.has(number)) return;
      const ofArea = reports.get(number) ?? {};
      reports.set(number, ofArea);
      const ranges = ofArea[layer];
      if (ranges === undefined) ofArea[layer] = [range];
      else ranges.push(range);
    });
  }
  return reports;
}
