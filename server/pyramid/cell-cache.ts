import { LRUCache } from "lru-cache";
import type { ReportLayer } from "../../tiles/layers.ts";
import {
  allocateColumns,
  BYTES_PER_ROW,
  columnsOfReports,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  rowsMissing,
} from "../../tiles/report-columns.ts";
import { idTimePrefix } from "../../tiles/report-id.ts";
import type { Limiter } from "../kit/limiter.ts";
import type { Clock } from "../ports/clock.ts";
import type { EditedReport, LogCell, ReportStore } from "../ports/report-store.ts";
import { createKnownEdits } from "./known-edits.ts";
import type { LogSegments } from "./log-segments.ts";

/** The log's cells as columns, read once and then kept up by what is told to have changed. */
export interface CellCache {
  /** All live reports of a cell. */
  read(cell: LogCell): Promise<ReportColumns>;
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

interface Held {
  columns: ReportColumns;
  /** Rows from here on may be missing, because they were written while an earlier read was under way. */
  missingFrom: string | undefined;
  /** Whether all that was ever read of the cell had these rows. Else what was made of earlier reads may lack some. */
  isEven: boolean;
}

const keyOf = (layer: ReportLayer, geohash5: string): string => `${layer}/${geohash5}`;

/** Sorts before every id. */
const FIRST_ID = "";

/** Keys of cells; one that is forgotten counts as never read. */
const MAX_SEEN = 100_000;

/** Fixed cost of an entry beside its rows: key, objects, array headers. */
const ENTRY_BYTES = 800;

export interface MissingRows {
  /** Smallest id that the log must be read again from; undefined when it need not be. */
  readonly from: string | undefined;
  /** Rows that need not be read. */
  readonly rows: ReportColumns | undefined;
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

export function createCellCache(options: CellCacheOptions): CellCache {
  const { store, logSegments, clock, missing: missingOf, maxBytes, limit } = options;
  const held = new LRUCache<string, Held>({
    maxSize: maxBytes,
    sizeCalculation: ({ columns }) => columns.length * BYTES_PER_ROW + ENTRY_BYTES,
  });
  // Cells that were read before, also those that are held no more.
  const seen = new LRUCache<string, true>({ max: MAX_SEEN });
  const edits = createKnownEdits();
  // Cells being read for the first time; what is written meanwhile is noted here, since the read may have missed it.
  const firstReads = new Map<string, { missingFrom: string | undefined; readers: number }>();

  /** Segments, and the log from the first change on that they may lack. */
  async function readStored(cell: LogCell): Promise<ReportColumns> {
    // Asked for first: what a compaction takes in meanwhile may be in neither later.
    const missed = missingOf(cell);
    const { columns, complete, edited } = await logSegments.read(cell);
    edits.noteStored(cell, edited);
    const from = complete ? missed.from : FIRST_ID;
    const known = mergeColumns(columns, missed.rows ?? allocateColumns(0), clock.now());
    return from === undefined ? known : mergeColumns(known, await readLog(cell, from), clock.now());
  }

  async function readLog(cell: LogCell, from: string): Promise<ReportColumns> {
    return (await readLogAndEdits(cell, from)).rows;
  }

  /** Rows, and which reports are known to be edited since. */
  async function readLogAndEdits(cell: LogCell, from: string): Promise<{ rows: ReportColumns; news: EditedReport[] }> {
    const { reports, edited } = await store.readCell(cell, { from });
    return { news: edits.note(cell, edited.values()), rows: columnsOfReports(reports) };
  }

  /** Returns which reports are known to be edited since. */
  async function readMissing(cell: LogCell, entry: Held): Promise<EditedReport[]> {
    const edited: EditedReport[] = [];
    while (entry.missingFrom !== undefined) {
      const from = entry.missingFrom;
      const { rows, news } = await limit(() => readLogAndEdits(cell, from));
      edited.push(...news);
      if (entry.missingFrom === from) entry.missingFrom = undefined;
      // Whatever this brings, nobody who read the cell before is told of it, unless it is `refresh` that asked.
      entry.isEven = false;
      hold(cell, entry, mergeColumns(entry.columns, rows, clock.now()));
    }
    return edited;
  }

  function hold(cell: LogCell, entry: Held, columns: ReportColumns): void {
    entry.columns = edits.apply(cell, columns);
    held.set(keyOf(cell.layer, cell.geohash5), entry);
  }

  /**
   * A first read that is not strongly consistent may lack rows that were told meanwhile, and are not told again: those, and what
   * another first read of the same cell has brought.
   */
  function mergeKnown(cell: LogCell, columns: ReportColumns): ReportColumns {
    const told = missingOf(cell).rows;
    const other = held.peek(keyOf(cell.layer, cell.geohash5))?.columns;
    return mergeAllColumns([columns, told, other].filter((part) => part !== undefined));
  }

  function missing(entry: { missingFrom: string | undefined }, from: string): void {
    if (entry.missingFrom === undefined || from < entry.missingFrom) entry.missingFrom = from;
  }

  return {
    async read(cell) {
      const key = keyOf(cell.layer, cell.geohash5);
      const known = held.get(key);
      if (known !== undefined) {
        await readMissing(cell, known);
        return known.columns;
      }
      const reading = firstReads.get(key) ?? { missingFrom: undefined, readers: 0 };
      firstReads.set(key, reading);
      reading.readers++;
      let entry: Held;
      try {
        const columns = await limit(() => readStored(cell));
        entry = { columns, missingFrom: reading.missingFrom, isEven: !seen.has(key) };
      } finally {
        if (--reading.readers === 0) firstReads.delete(key);
      }
      seen.set(key, true);
      const columns = mergeKnown(cell, entry.columns);
      // Another first read was faster, and a refresh of what it holds may be under way.
      const other = held.get(key);
      if (other !== undefined) {
        if (entry.missingFrom !== undefined) missing(other, entry.missingFrom);
        other.isEven = false;
        entry = other;
      }
      hold(cell, entry, columns);
      await readMissing(cell, entry);
      return entry.columns;
    },
    peek({ layer, geohash5 }) {
      const entry = held.get(keyOf(layer, geohash5));
      return entry?.missingFrom === undefined ? entry?.columns : undefined;
    },
    add(cell, rows) {
      const key = keyOf(cell.layer, cell.geohash5);
      const reading = firstReads.get(key);
      if (reading !== undefined && rows.length > 0) missing(reading, idTimePrefix(rows.createdAtMs[0] as number));
      const entry = held.get(key);
      if (entry !== undefined) hold(cell, entry, mergeColumns(entry.columns, rows, clock.now()));
    },
    edit(cell, edited) {
      edits.note(cell, edited);
      const entry = held.get(keyOf(cell.layer, cell.geohash5));
      if (entry !== undefined) hold(cell, entry, entry.columns);
    },
    async refresh(cell, from) {
      const key = keyOf(cell.layer, cell.geohash5);
      const reading = firstReads.get(key);
      if (reading !== undefined) missing(reading, from);
      const entry = held.get(key);
      if (entry === undefined) return undefined;
      const before = entry.isEven ? entry.columns : undefined;
      missing(entry, from);
      // Until this ends, which in a Worker it may never do: somebody else may read what it was to bring, and nobody is told of it.
      entry.isEven = false;
      const edited = await readMissing(cell, entry);
      entry.isEven = true;
      if (before !== undefined) {
        const gone = rowsMissing(before, edits.apply(cell, before));
        const reworded = columnsOfReports(edited.flatMap(({ report }) => report ?? []));
        return mergeAllColumns([rowsMissing(entry.columns, before), gone, reworded]);
      }
      return undefined;
    },
  };
}
