import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { earlierId, formatReportId, parseReportId, timeOfId } from "../../tiles/report-id.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import type { CellOutline } from "../pyramid/outlines.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { idAt } from "./area-reports.ts";
import { type CellsToWalk, compareCells, walkLogCells } from "./export-cells.ts";
import { toldReport } from "./told-report.ts";

/** Where reports are exported from. */
export interface ExportedStore {
  readonly store: Pick<ReportStore, "readNewest">;
  readonly pyramid: Pick<Pyramid, "cells" | "outlines">;
  readonly clock: Clock;
}

/** Which reports to export: by what is told of them, so that no question finds out more. */
export interface ReportFilter {
  readonly place: CellsToWalk & { has(told: Report): boolean };
  readonly layers: readonly ReportLayer[];
  /** All without it. */
  readonly categories?: ReadonlySet<string>;
  /** Unix milliseconds, inclusive. */
  readonly fromMs?: number;
  /** Unix milliseconds, exclusive. */
  readonly toMs: number;
}

/** What was found in a part of the log. */
export interface ReportBatch {
  /** As they are told. */
  readonly reports: readonly Report[];
  /** Rows that were looked through for them. */
  readonly lookedAt: number;
  /** Requests for rows of a cell, of which one that finds nothing costs the store half a read unit all the same. */
  readonly reads: number;
  /** An id, of a report or none, behind which the export goes on. */
  readonly at: string;
}

export interface BatchOptions {
  /** Rows of the first request for a cell, and about as many of a batch; of a cell of more the requests grow to a thousand. */
  readonly rows: number;
  /** An id: whatever comes before in the order of the export, and itself, is left out. */
  readonly after?: string;
}

/** What a request that finds nothing is worth, in rows. */
export const ROWS_PER_READ = 25;
/** Cells whose first rows are read at once, at the most; memory holds as many requests' rows. */
const WIDTH = 8;
const MOST_ROWS = 1000;
/** Times of ids that older programs gave are up to so much later than those that are told. */
const MOST_CUT_MS = 15 * 60_000;

/**
 * Reports as they are told, in the order of their log cells (geohashes of five characters), then of layers, in each from the newest to the oldest. A
 * report that is hidden or expires meanwhile is left out from then on; one that comes meanwhile is there when its place is still to come.
 * Requests: some for the outlines, and for each cell one for every `rows` rows: however dense a cell is, none is read as a whole.
 */
export async function* readReports(
  source: ExportedStore,
  filter: ReportFilter,
  { rows, after }: BatchOptions,
): AsyncGenerator<ReportBatch, void> {
  const fromMs = Math.max(filter.fromMs ?? 0, source.clock.now() - REPORT_LIFETIME_MS);
  const reader = createCellReader(source, filter, fromMs);
  const start = after === undefined ? undefined : parseReportId(after);
  const walk = { ...filter.place, pyramid: source.pyramid, layers: filter.layers };
  const width = Math.max(1, Math.min(WIDTH, Math.floor((WIDTH * rows) / MOST_ROWS)));
  let batch = createBatch();
  for await (const group of walkLogCells({ ...walk, ...(start && { from: start.geohash5.slice(0, 2) }) })) {
    const cells = group
      .filter((outline) => mayHold(outline, fromMs))
      .map(({ cell }) => cell)
      .filter((cell) => start === undefined || compareCells(cell, start) >= 0);
    for (let i = 0; i < cells.length; i += width) {
      const next = cells.slice(i, i + width);
      const firsts = await mapLimited(next, width, (cell) => {
        const before = start && compareCells(cell, start) === 0 ? after : undefined;
        return reader.read(cell, { before, rows });
      });
      for (const [n, first] of firsts.entries()) {
        let asked = rows;
        for (let part: CellPart | undefined = first; part !== undefined; ) {
          batch.add(part);
          if (batch.isFull(rows)) {
            yield batch.take();
            batch = createBatch();
          }
          asked = Math.max(asked, Math.min(MOST_ROWS, 2 * asked));
          part = part.isLast ? undefined : await reader.read(next[n] as LogCell, { before: part.at, rows: asked });
        }
      }
    }
  }
  if (!batch.isEmpty()) yield batch.take();
}

const mayHold = ({ rows, othersBeforeMs }: CellOutline, fromMs: number): boolean =>
  othersBeforeMs > fromMs || (rows.length > 0 && (rows.createdAtMs[rows.length - 1] as number) >= fromMs);

interface CellPart {
  readonly reports: readonly Report[];
  readonly lookedAt: number;
  readonly at: string;
  readonly isLast: boolean;
}

function createCellReader({ store }: ExportedStore, { place, categories, toMs }: ReportFilter, fromMs: number) {
  const from = idAt(fromMs);
  const end = idAt(toMs + MOST_CUT_MS);
  const isWanted = (told: Report): boolean =>
    told.createdAtMs >= fromMs &&
    told.createdAtMs < toMs &&
    (categories?.has(told.category) ?? true) &&
    place.has(told);
  return {
    /** The newest rows of a cell before an id. */
    async read(
      cell: LogCell,
      { before, rows }: { readonly before: string | undefined; readonly rows: number },
    ): Promise<CellPart> {
      const done = { reports: [], lookedAt: 0, at: endOf(cell), isLast: true };
      if (before !== undefined && timeOfId(before) < fromMs) return done;
      const found = await store.readNewest(cell, rows, { from, before: earlierId(before, end) as string });
      const isLast = found.length < rows;
      const at = isLast ? endOf(cell) : (found.at(-1)?.id ?? endOf(cell));
      return { reports: found.map(toldReport).filter(isWanted), lookedAt: found.length, at, isLast };
    },
  };
}

/** Sorts before all ids of a cell: nothing of it is left behind it. */
const endOf = (cell: LogCell): string => formatReportId({ ...cell, createdAtMs: 0, shard: 0, tail: "00000000" });

function createBatch() {
  const reports: Report[] = [];
  let [lookedAt, reads, at] = [0, 0, ""];
  return {
    add(part: CellPart): void {
      for (const report of part.reports) reports.push(report);
      lookedAt += part.lookedAt;
      reads++;
      at = part.at;
    },
    isEmpty: () => reads === 0,
    isFull: (rows: number): boolean => lookedAt + reads * ROWS_PER_READ >= rows,
    take: (): ReportBatch => ({ reports, lookedAt, reads, at }),
  };
}
