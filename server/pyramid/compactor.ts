import { CELL_PRECISION } from "../../tiles/domains.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/micro-cells.ts";
import { rowsBetween, rowsMissing } from "../../tiles/report-columns.ts";
import { earlierId, idTimePrefix } from "../../tiles/report-id.ts";
import type { Log } from "../console/log.ts";
import { mapLimited } from "../map-limited.ts";
import { type Clock, type DerivedStore, FRESH_ROW_MS, type ReportStore } from "../ports.ts";
import { agedCells } from "./aged-cells.ts";
import { coarseTime } from "./coarse-time.ts";
import { type CompactionPoint, createCompactionState } from "./compaction-state.ts";
import {
  addCell,
  type CompactionWork,
  MOST_PUT_OFF,
  putOff,
  settledCells,
  type WorkCell,
  whatIsLeft,
} from "./compaction-work.ts";
import { createFreshRows, type FreshRows, firstId, freshNames } from "./fresh-rows.ts";
import { createRowCompaction } from "./row-compaction.ts";
import { createSegments } from "./segments.ts";
import { createSlices, OvertakenError, withFresh } from "./slices.ts";

/**
 * Turns log rows into segments and slices. Everything is made from truth again, bottom up, and written on the condition that
 * nobody else wrote meanwhile, so any process may compact, twice, together or half way; the cursor moves on last.
 *
 * Few rows, that the feed brought whole, are put off: they stay in the compaction's state, which is written anyway, and readers
 * add them to the slices. A lone report is not worth a slice of each level.
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

/** A slice to make of those below it. */
interface WorkNode {
  readonly layer: ReportLayer;
  readonly geohash: string;
  readonly hasEdited: boolean;
}

/** Slices hold rows that are older: everything that the feed brings of them was told long since, whatever the clocks. */
const SETTLED_MS = FRESH_ROW_MS + 5000;

/** Sorts before every id. */
const FIRST_ID = "";

export interface CompactorOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCompactor({ store, derived, clock, log }: CompactorOptions): Compactor {
  const compactRows = createRowCompaction({ store, segments: createSegments(derived, log) });
  const slices = createSlices({ derived, clock, log });
  const state = createCompactionState(derived, log);

  const rewriteOptions = ({ beforeMs }: CompactionWork, isAnew: () => boolean) => ({
    beforeMs,
    isAnew,
    emptyUntilMs: clock.now() + REPORT_LIFETIME_MS,
  });

  /** Returns whether reports of the cell were edited. */
  async function compactCell({ cell, from, isOpen }: WorkCell, work: CompactionWork): Promise<boolean> {
    const { beforeMs, agesAtMs, fresh } = work;
    const brought = fresh.of(cell);
    const changedFrom = earlierId(from, brought && firstId(brought));
    let young = 0;
    let hasEdited = false;
    const make = async (): Promise<MicroCells> => {
      const compacted = await compactRows(cell, changedFrom);
      hasEdited = compacted.hasEdited;
      const tooYoung = rowsBetween(compacted.rows, beforeMs, Infinity);
      young = brought === undefined || isOpen ? tooYoung.length : rowsMissing(tooYoung, brought).length;
      return microCellsOfReports(rowsBetween(compacted.rows, 0, beforeMs), CELL_PRECISION + 2, agesAtMs);
    };
    await slices.rewrite(
      cell.layer,
      cell.geohash5,
      make,
      rewriteOptions(work, () => hasEdited),
    );
    if (young > 0) work.open.push({ ...cell, from: idTimePrefix(beforeMs) });
    return hasEdited;
  }

  async function compactNode({ layer, geohash, hasEdited }: WorkNode, work: CompactionWork): Promise<void> {
    const { beforeMs, agesAtMs } = work;
    const make = async (): Promise<MicroCells> => {
      const below = await slices.read(layer, geohash, { consistent: true });
      const sets: MicroCells[] = [];
      const young = putOff(work, layer, geohash);
      for (const name of new Set([...below.keys(), ...freshNames(young, geohash)])) {
        const cells = below.get(name);
        if (cells === undefined && below.has(name)) {
          throw new Error(`slice ${layer}/${name} is damaged; the next run makes it anew`);
        }
        if (cells !== undefined && cells.beforeMs > beforeMs) throw new OvertakenError(`slice ${layer}/${name}`);
        // What was put off below is not put off here: all that a slice holds is of one time.
        sets.push(withFresh(cells, young, name, agesAtMs, beforeMs));
      }
      return addMicroCells(sets, geohash.length + 2);
    };
    await slices.rewrite(
      layer,
      geohash,
      make,
      rewriteOptions(work, () => hasEdited),
    );
  }

  /** Cells, then what lies above them, level by level. */
  async function compact(work: CompactionWork): Promise<CompactionReport> {
    const changed = await mapLimited([...work.cells.values()], WIDTH, async (each) => ({
      cell: each.cell,
      hasEdited: await compactCell(each, work),
    }));
    let written = changed.length;
    for (let length = CELL_PRECISION - 1; length >= 1; length--) {
      const above = new Map<string, WorkNode>();
      for (const { cell, hasEdited } of changed) {
        const geohash = cell.geohash5.slice(0, length);
        const key = `${cell.layer}/${geohash}`;
        above.set(key, { layer: cell.layer, geohash, hasEdited: hasEdited || (above.get(key)?.hasEdited ?? false) });
      }
      await mapLimited([...above.values()], WIDTH, (node) => compactNode(node, work));
      written += above.size;
    }
    return { cells: changed.length, slices: written };
  }

  /** Compacts, and notes how far that came. */
  async function complete(
    work: CompactionWork,
    before: CompactionPoint | undefined,
    taken: Pick<CompactionPoint, "cursor" | "atMs">,
  ): Promise<CompactionReport> {
    try {
      const report = await compact(work);
      await state.advance(before, { ...taken, beforeMs: work.beforeMs, ...whatIsLeft(work, clock.now()) });
      return report;
    } catch (error) {
      if (!(error instanceof OvertakenError)) throw error;
      log.info("compaction left to another one that began later", { at: error.message });
      return { cells: 0, slices: 0 };
    }
  }

  /** Its time is never before that of the last run, though clocks differ. */
  function startWork(before: CompactionPoint | undefined, fresh: FreshRows): CompactionWork {
    const now = clock.now();
    const beforeMs = Math.max(0, now - SETTLED_MS, Math.min(before?.beforeMs ?? 0, now));
    return { beforeMs, agesAtMs: coarseTime(now), fresh, cells: new Map(), open: [] };
  }

  return {
    async run() {
      const before = await state.read();
      const atMs = clock.now();
      const { changes, cursor } = await store.readChanges(before?.cursor ?? "0");
      const work = startWork(before, before?.rows ?? createFreshRows());
      for (const cell of (
        await Promise.all(REPORT_LAYERS.map((layer) => agedCells(slices, layer, clock.now())))
      ).flat())
        addCell(work, cell, {});
      for (const change of [...(before?.open ?? []), ...changes]) {
        if (change.rows === undefined) addCell(work, change, { from: change.from, isOpen: true });
        else work.fresh.add(change, change.rows);
      }
      const settled = settledCells(work);
      if (settled.count > MOST_PUT_OFF) for (const cell of settled.cells) addCell(work, cell, {});
      return complete(work, before, { cursor, atMs });
    },

    async rebuild() {
      const before = await state.read();
      const atMs = clock.now();
      const { cursor } = await store.readChanges();
      const work = startWork(before, createFreshRows());
      for await (const cell of store.cells()) addCell(work, cell, { from: FIRST_ID, isOpen: true });
      return complete(work, before, { cursor, atMs });
    },
  };
}
