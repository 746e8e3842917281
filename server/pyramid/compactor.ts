import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { addMicroCells, microCellsOfReports } from "../../tiles/micro-cells.ts";
import {
  columnsOfReports,
  mergeColumns,
  type ReportColumns,
  rowsMissing,
  withoutIds,
} from "../../tiles/report-columns.ts";
import type { Log } from "../app-parts.ts";
import type { Clock, DerivedStore, LogCell, ReportStore } from "../ports.ts";
import { coarseTime } from "./coarse-time.ts";
import { createCompactionState } from "./compaction-state.ts";
import { mapLimited } from "./map-limited.ts";
import { createSegments, type StoredRows } from "./segments.ts";
import { createSlices } from "./slices.ts";

/**
 * Turns log rows into segments and slices. Everything is made from truth again, bottom up, and written on the condition that
 * nobody else wrote meanwhile, so any process may compact, twice, together or half way; the cursor moves on last.
 */
export interface Compactor {
  /** Compacts what changed since the last time and what has aged. Rejects when a store fails; run it again then. */
  run(): Promise<CompactionReport>;
  /** Makes everything anew from the log. */
  rebuild(): Promise<CompactionReport>;
}

export interface CompactionReport {
  readonly cells: number;
  readonly slices: number;
}

/** Cells compacted at the same time. */
const WIDTH = 8;

/** Slices whose ages have been wrong for longer are made anew; readers accept twice as much. */
export const REFRESH_AFTER_MS = 20 * 60_000;

const CELL_PRECISION = 5;
const MAX_TRIES = 8;

interface CompactedRows {
  readonly rows: ReportColumns;
  readonly hasHidden: boolean;
}

export interface CompactorOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCompactor({ store, derived, clock, log }: CompactorOptions): Compactor {
  const segments = createSegments(derived, log);
  const slices = createSlices(derived, log);
  const state = createCompactionState(derived);

  /**
   * All rows of a cell that are not hidden: those in its segments and those that came since, which are put into segments. And
   * whether reports of it are hidden; not told where only ages changed.
   */
  async function compactRows(cell: LogCell, changedFrom: string | undefined): Promise<CompactedRows> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stored = await segments.read(cell, { consistent: true });
      if (stored.complete && changedFrom === undefined) return { rows: stored.columns, hasHidden: false };
      const from = stored.complete ? changedFrom : undefined;
      const rows = columnsOfReports(await store.readCell(cell, from === undefined ? {} : { from }));
      const hidden = await store.readHidden(cell);
      // Before anything that is made without them, so that nobody undoes it who has not seen them.
      if (!knows(stored, hidden) && !(await segments.hide(cell, hidden, stored))) continue;
      const left = withoutIds(stored.columns, hidden, REPORT_LAYERS.indexOf(cell.layer));
      const fresh = rowsMissing(rows, left);
      const all = mergeColumns(left, fresh);
      const compacted = { rows: all, hasHidden: hidden.length > 0 };
      if (fresh.length === 0) return compacted;
      const anew = stored.damaged || stored.scattered;
      if (await (anew ? segments.replace(cell, all, stored) : segments.add(cell, fresh, stored))) return compacted;
    }
    throw new Error(`segments of ${cell.layer}/${cell.geohash5} were changed by others ${MAX_TRIES} times`);
  }

  /** Returns whether reports of the cell are hidden. */
  async function compactCell(cell: LogCell, changedFrom: string | undefined, atMs: number): Promise<boolean> {
    let hasHidden = false;
    const make = async () => {
      const compacted = await compactRows(cell, changedFrom);
      hasHidden = compacted.hasHidden;
      return microCellsOfReports(compacted.rows, CELL_PRECISION + 2, atMs);
    };
    await slices.rewrite(
      cell.layer,
      cell.geohash5,
      make,
      rewriteOptions(() => hasHidden),
    );
    return hasHidden;
  }

  const rewriteOptions = (isAnew: () => boolean) => ({ isAnew, emptyUntilMs: clock.now() + REPORT_LIFETIME_MS });

  async function compactNode(layer: ReportLayer, geohash: string, hasHidden: boolean): Promise<void> {
    const make = async () => {
      const below = await slices.read(layer, geohash, { consistent: true });
      const whole = [...below].map(([name, cells]) => {
        if (cells === undefined) throw new Error(`slice ${layer}/${name} is damaged; the next run makes it anew`);
        return cells;
      });
      return addMicroCells(whole, geohash.length + 2);
    };
    await slices.rewrite(
      layer,
      geohash,
      make,
      rewriteOptions(() => hasHidden),
    );
  }

  /** Cells, then what lies above them, level by level. */
  async function compact(
    changed: ReadonlyMap<string, { cell: LogCell; from: string | undefined }>,
  ): Promise<CompactionReport> {
    const atMs = coarseTime(clock.now());
    const cells = await mapLimited([...changed.values()], WIDTH, async ({ cell, from }) => ({
      cell,
      hasHidden: await compactCell(cell, from, atMs),
    }));
    let written = changed.size;
    for (let length = CELL_PRECISION - 1; length >= 1; length--) {
      const above = new Map<string, { layer: ReportLayer; geohash: string; hasHidden: boolean }>();
      for (const { cell, hasHidden } of cells) {
        const geohash = cell.geohash5.slice(0, length);
        const key = `${cell.layer}/${geohash}`;
        above.set(key, { layer: cell.layer, geohash, hasHidden: hasHidden || (above.get(key)?.hasHidden ?? false) });
      }
      await mapLimited([...above.values()], WIDTH, ({ layer, geohash, hasHidden }) =>
        compactNode(layer, geohash, hasHidden),
      );
      written += above.size;
    }
    return { cells: changed.size, slices: written };
  }

  /**
   * Cells below slices whose reports have moved to other age bands, and all below a damaged one. The walk goes down only
   * where that is so.
   */
  async function agedCells(layer: ReportLayer): Promise<LogCell[]> {
    const limitMs = clock.now() - REFRESH_AFTER_MS;
    let domains = [{ geohash: "", damaged: false }];
    for (let length = 1; length <= CELL_PRECISION; length++) {
      const below = await mapLimited(domains, WIDTH, async ({ geohash, damaged }) =>
        [...(await slices.read(layer, geohash))].flatMap(([name, cells]) =>
          damaged || cells === undefined || cells.staleAtMs <= limitMs
            ? [{ geohash: name, damaged: damaged || cells === undefined }]
            : [],
        ),
      );
      domains = below.flat();
    }
    return domains.map(({ geohash }) => ({ layer, geohash5: geohash }));
  }

  return {
    async run() {
      const before = await state.read();
      const atMs = clock.now();
      const { changes, cursor } = await store.readChanges(before?.cursor ?? "0");
      const changed = new Map<string, { cell: LogCell; from: string | undefined }>();
      for (const cell of (await Promise.all(REPORT_LAYERS.map(agedCells))).flat()) {
        changed.set(`${cell.layer}/${cell.geohash5}`, { cell, from: undefined });
      }
      for (const change of changes)
        changed.set(`${change.layer}/${change.geohash5}`, { cell: change, from: change.from });
      const report = await compact(changed);
      await state.advance(before, { cursor, atMs });
      return report;
    },

    async rebuild() {
      const before = await state.read();
      const atMs = clock.now();
      const { cursor } = await store.readChanges();
      const changed = new Map<string, { cell: LogCell; from: string | undefined }>();
      for (const layer of REPORT_LAYERS) {
        for (const geohash5 of await store.listCells(layer)) {
          changed.set(`${layer}/${geohash5}`, { cell: { layer, geohash5 }, from: "" });
        }
      }
      const report = await compact(changed);
      await state.advance(before, { cursor, atMs });
      return report;
    },
  };
}

function knows(stored: StoredRows, hidden: readonly string[]): boolean {
  const known = new Set(stored.hidden);
  return !stored.damaged && hidden.every((id) => known.has(id));
}
