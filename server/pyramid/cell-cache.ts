import { LRUCache } from "lru-cache";
import {
  BYTES_PER_ROW,
  columnsOfReports,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  rowsMissing,
} from "../../tiles/report-columns.ts";
import { idTimePrefix, timeOfId } from "../../tiles/report-id.ts";
import { weighRows } from "../../tiles/weigh-rows.ts";
import type { Limiter } from "../kit/limiter.ts";
import type { Clock } from "../ports/clock.ts";
import type { EditedReport, LogCell, ReportStore } from "../ports/report-store.ts";
import { type CellSource, createCellSource, type MissingRows } from "./cell-source.ts";
import { createKnownEdits, type KnownEdits } from "./known-edits.ts";
import type { LogSegments } from "./log-segments.ts";
import type { StoredRows } from "./stored-rows.ts";

/**
 * The log's cells as columns, read once and then kept up by what is told to have changed. A cell is in one of these states:
 *
 *     unread        nothing is known of it; so is one that was dropped to make room
 *     first read    under way, once or several times; what changes meanwhile is noted, since the read may have missed it
 *     held          in memory with all its rows
 *     held behind   in memory, but rows from `missingFrom` on may be missing: who reads it reads the log from there first
 *
 * Changes are told without waiting, so a cell must go from one state to the next without waiting, too: between the end of a first
 * read and being held, a change would find nowhere to be noted.
 */
export interface CellCache {
  /** All live reports of a cell. */
  read(cell: LogCell): Promise<ReportColumns>;
  /**
   * Of a cell that has a street base what is stored near, which is not kept; undefined of any other, whose reports are held from
   * then on.
   */
  readNear(cell: LogCell): Promise<StoredRows | undefined>;
  /** All live reports of a cell, and some that may have expired, when they are held and nothing need be read. */
  peek(cell: LogCell): ReportColumns | undefined;
  /** Takes in rows that are known whole: no store is asked. */
  add(cell: LogCell, rows: ReportColumns): void;
  /** Takes in reports that were edited. */
  edit(cell: LogCell, edited: Iterable<EditedReport>): void;
  /**
   * Reads a cell again from an id on, and returns the rows that no reader had before, those that are not there any more, and
   * those that read otherwise now; undefined when that is not known, or the cell is not held.
   */
  refresh(cell: LogCell, from: string): Promise<ReportColumns | undefined>;
}

export interface CellCacheOptions {
  readonly store: ReportStore;
  readonly logSegments: LogSegments;
  readonly clock: Clock;
  /** What of a cell may be missing from its log segments. */
  readonly missing: (cell: LogCell) => MissingRows;
  readonly maxBytes: number;
  /** Lets so many cells be read at once: a wide tile of a world that nobody has compacted asks for thousands. */
  readonly limit: Limiter;
}

/** A cell of which rows may be missing that were written while it was read. */
interface Behind {
  /** Rows from this id on may be missing; undefined when none are. */
  missingFrom: string | undefined;
}

interface HeldCell extends Behind {
  readonly cell: LogCell;
  columns: ReportColumns;
  /**
   * Whether everybody who ever read the cell got these rows, or was told of them since. Only then is what a refresh adds all that
   * is new to readers.
   */
  readersHaveAll: boolean;
}

/** Reads of a cell that is not held yet. */
interface FirstRead extends Behind {
  readers: number;
}

/** Everything that the cache knows of cells, by the names of `keyOf`. */
interface CacheState {
  readonly held: LRUCache<string, HeldCell>;
  readonly firstReads: Map<string, FirstRead>;
  /** Cells that somebody has read, also those that are held no more. */
  readonly readBefore: LRUCache<string, true>;
  readonly edits: KnownEdits;
  readonly source: CellSource;
}

/** Keys of cells; one that is forgotten counts as never read. */
const MAX_READ_BEFORE = 100_000;

/** Fixed cost of a held cell beside its rows: key, objects, array headers. */
const HELD_CELL_BYTES = 800;

export function createCellCache(options: CellCacheOptions): CellCache {
  const edits = createKnownEdits();
  const cache: Cache = {
    held: new LRUCache({
      maxSize: options.maxBytes,
      sizeCalculation: ({ columns }) => columns.length * BYTES_PER_ROW + HELD_CELL_BYTES,
    }),
    firstReads: new Map(),
    readBefore: new LRUCache({ max: MAX_READ_BEFORE }),
    edits,
    source: createCellSource({ ...options, edits }),
    ...options,
  };
  return {
    async read(cell) {
      const entry = cache.held.get(keyOf(cell)) ?? (await readFirst(cache, cell));
      await catchUp(cache, entry);
      return entry.columns;
    },
    async readNear(cell) {
      if (cache.held.has(keyOf(cell))) return undefined;
      const found = await firstRead(cache, cell, () => cache.source.readNear(cell));
      return "near" in found ? found.near : undefined;
    },
    peek(cell) {
      const entry = cache.held.get(keyOf(cell));
      return entry?.missingFrom === undefined ? entry?.columns : undefined;
    },
    add(cell, rows) {
      const reading = cache.firstReads.get(keyOf(cell));
      if (reading !== undefined && rows.length > 0) noteMissing(reading, idTimePrefix(rows.createdAtMs[0] as number));
      const entry = cache.held.get(keyOf(cell));
      const merged = entry && mergeColumns(entry.columns, rows, cache.clock.now());
      if (merged !== undefined) hold(cache, entry as HeldCell, merged, rows.createdAtMs[0] ?? Infinity);
    },
    edit(cell, edited) {
      edits.note(cell, edited);
      const entry = cache.held.get(keyOf(cell));
      if (entry !== undefined) hold(cache, entry, entry.columns, 0);
    },
    async refresh(cell, from) {
      const reading = cache.firstReads.get(keyOf(cell));
      if (reading !== undefined) noteMissing(reading, from);
      const entry = cache.held.get(keyOf(cell));
      return entry && refreshHeld(cache, entry, from);
    },
  };
}

type Cache = CacheState & Pick<CellCacheOptions, "clock" | "missing" | "limit">;

const keyOf = ({ layer, geohash5 }: LogCell): string => `${layer}/${geohash5}`;

/** The time that an id, or its beginning, sorts by; 0 of what is none, such as one that sorts before all. */
const timeFrom = (id: string): number => (/^[0-9b-hjkmnp-z]{10}/.test(id) ? timeOfId(id) : 0);

function noteMissing(behind: Behind, from: string): void {
  if (behind.missingFrom === undefined || from < behind.missingFrom) behind.missingFrom = from;
}

/** Keeps a cell with other rows than before, none of which is older than `changedFromMs`. */
function hold({ held, edits }: CacheState, entry: HeldCell, columns: ReportColumns, changedFromMs: number): void {
  entry.columns = weighRows(edits.apply(entry.cell, columns), changedFromMs);
  held.set(keyOf(entry.cell), entry);
}

/** Reads a cell that is not held; when this resolves it is held, perhaps behind. */
async function readFirst(cache: Cache, cell: LogCell): Promise<HeldCell> {
  const found = await firstRead<never>(cache, cell, async () => ({ rows: await cache.source.readAll(cell) }));
  return found.held;
}

/** A cell that is not held is held when a read has brought its rows, perhaps behind. */
async function firstRead<N extends { readonly near: StoredRows }>(
  cache: Cache,
  cell: LogCell,
  read: () => Promise<{ readonly rows: ReportColumns } | N>,
): Promise<{ readonly held: HeldCell } | N> {
  const key = keyOf(cell);
  const reading = cache.firstReads.get(key) ?? { missingFrom: undefined, readers: 0 };
  cache.firstReads.set(key, reading);
  reading.readers++;
  let found: { readonly rows: ReportColumns } | N;
  try {
    found = await cache.limit(read);
  } finally {
    if (--reading.readers === 0) cache.firstReads.delete(key);
  }
  if ("near" in found) return found;
  // Nothing is waited for from here on until the cell is held.
  const columns = mergeKnown(cache, cell, found.rows);
  const entry = entryAfterFirstRead(cache, cell, reading, columns);
  cache.readBefore.set(key, true);
  hold(cache, entry, columns, 0);
  return { held: entry };
}

/**
 * A first read that is not strongly consistent may lack rows that were told meanwhile, and are not told again: those, and what
 * another first read of the same cell has brought.
 */
function mergeKnown({ held, missing }: Cache, cell: LogCell, columns: ReportColumns): ReportColumns {
  const told = missing(cell).rows;
  const other = held.peek(keyOf(cell))?.columns;
  return mergeAllColumns([columns, told, other].filter((part) => part !== undefined));
}

function entryAfterFirstRead(
  { held, readBefore }: CacheState,
  cell: LogCell,
  { missingFrom }: FirstRead,
  columns: ReportColumns,
): HeldCell {
  // Another first read was faster, and a refresh of what it holds may be under way.
  const other = held.get(keyOf(cell));
  if (other === undefined) return { cell, columns, missingFrom, readersHaveAll: !readBefore.has(keyOf(cell)) };
  if (missingFrom !== undefined) noteMissing(other, missingFrom);
  other.readersHaveAll = false;
  return other;
}

/** Reads what a held cell may lack. Returns the reports that are known to be edited since. */
async function catchUp(cache: Cache, entry: HeldCell): Promise<EditedReport[]> {
  const found: EditedReport[] = [];
  while (entry.missingFrom !== undefined) {
    const from = entry.missingFrom;
    const { rows, edited } = await cache.limit(() => cache.source.readFrom(entry.cell, from));
    found.push(...edited);
    // Else something changed meanwhile in what was to be read.
    if (entry.missingFrom === from) entry.missingFrom = undefined;
    // Whatever this brings, nobody who read the cell before is told of it, unless it is `refresh` that asked.
    entry.readersHaveAll = false;
    const changedFromMs = found.length > 0 ? 0 : timeFrom(from);
    hold(cache, entry, mergeColumns(entry.columns, rows, cache.clock.now()), changedFromMs);
  }
  return found;
}

async function refreshHeld(cache: Cache, entry: HeldCell, from: string): Promise<ReportColumns | undefined> {
  const before = entry.readersHaveAll ? entry.columns : undefined;
  noteMissing(entry, from);
  // Until this ends, which in a Worker it may never do: somebody else may read what it was to bring, and nobody is told of it.
  entry.readersHaveAll = false;
  const edited = await catchUp(cache, entry);
  entry.readersHaveAll = true;
  if (before === undefined) return undefined;
  const gone = rowsMissing(before, cache.edits.apply(entry.cell, before));
  const reworded = columnsOfReports(edited.flatMap(({ report }) => report ?? []));
  return mergeAllColumns([rowsMissing(entry.columns, before), gone, reworded]);
}
