import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/micro-cells.ts";
import { columnsOfReports, mergeColumns, type ReportColumns, rowsMissing } from "../../tiles/report-columns.ts";
import type { Log } from "../app-parts.ts";
import type { Clock, DerivedStore, LogCell, ReportStore } from "../ports.ts";
import { coarseTime } from "./coarse-time.ts";
import { createCompactionState } from "./compaction-state.ts";
import { mapLimited } from "./map-limited.ts";
import { createSegments } from "./segments.ts";
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

  /** All rows of a cell: those in its segments and those that came since, which are put into segments. */
  async function compactRows(cell: LogCell, changedFrom: string | undefined): Promise<ReportColumns> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stored = await segments.read(cell, { consistent: true });
      if (stored.complete && changedFrom === undefined) return stored.columns;
      const from = stored.complete ? changedFrom : undefined;
      const rows = columnsOfReports(await store.readCell(cell, from === undefined ? {} : { from }));
      const fresh = rowsMissing(rows, stored.columns);
      const all = mergeColumns(stored.columns, fresh);
      if (fresh.length === 0) return all;
      const anew = stored.damaged || stored.scattered;
      if (await (anew ? segments.replace(cell, all, stored) : segments.add(cell, fresh, stored))) return all;
    }
    throw new Error(`segments of ${cell.layer}/${cell.geohash5} were changed by others ${MAX_TRIES} times`);
  }

  const compactCell = (cell: LogCell, changedFrom: string | undefined, atMs: number): Promise<MicroCells> =>
    slices.rewrite(cell.layer, cell.geohash5, async () =>
      microCellsOfReports(await compactRows(cell, changedFrom), CELL_PRECISION + 2, atMs),
    );

  const compactNode = (layer: ReportLayer, geohash: string): Promise<MicroCells> =>
    slices.rewrite(layer, geohash, async () => {
      const below = await slices.read(layer, geohash, { consistent: true });
      const whole = [...below].map(([name, cells]) => {
        if (cells === undefined) throw new Error(`slice ${layer}/${name} is damaged; the next run makes it anew`);
        return cells;
      });
      return addMicroCells(whole, geohash.length + 2);
    });

  /** Cells, then what lies above them, level by level. */
  async function compact(
    changed: ReadonlyMap<string, { cell: LogCell; from: string | undefined }>,
  ): Promise<CompactionReport> {
    const atMs = coarseTime(clock.now());
    await mapLimited([...changed.values()], WIDTH, ({ cell, from }) => compactCell(cell, from, atMs));
    let written = changed.size;
    for (let length = CELL_PRECISION - 1; length >= 1; length--) {
      const above = new Map<string, LogCell>();
      for (const { cell } of changed.values()) above.set(`${cell.layer}/${cell.geohash5.slice(0, length)}`, cell);
      await mapLimited([...above.values()], WIDTH, (cell) => compactNode(cell.layer, cell.geohash5.slice(0, length)));
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
