import type { ReportLayer } from "../../tiles/layers.ts";
import { earlierId } from "../../tiles/report-id.ts";
import type { LogCell } from "../ports/report-store.ts";
import type { MissingRows } from "./cell-source.ts";
import { firstId, type UnmergedRows } from "./unmerged-rows.ts";

/** Cells that changed since the last compaction: what is stored above them must not be believed yet. */
export interface PendingChanges {
  add(cell: LogCell, from: string, toldAtMs: number): void;
  /** Whether a cell below a geohash, or the cell that it is, has changed. */
  has(layer: ReportLayer, geohash: string): boolean;
  /** The geohashes one character longer than a cluster cell under which something changed. */
  changedBelow(layer: ReportLayer, clusterCell: string): string[];
  /** Smallest id that a cell's stored rows may lack. */
  fromOf(cell: LogCell): string | undefined;
  /** Forgets what was told before a time, and returns it. */
  drop(beforeMs: number): LogCell[];
}

export function createPendingChanges(): PendingChanges {
  const pending = new Map<string, { cell: LogCell; from: string; toldAtMs: number }>();
  /** Names right below a prefix, with the number of pending cells under each. */
  const countsBelow = new Map<string, Map<string, number>>();

  function count({ layer, geohash5 }: LogCell, by: 1 | -1): void {
    for (let length = 0; length < geohash5.length; length++) {
      const prefix = `${layer}/${geohash5.slice(0, length)}`;
      const name = geohash5.slice(0, length + 1);
      const names = countsBelow.get(prefix) ?? new Map<string, number>();
      const left = (names.get(name) ?? 0) + by;
      if (left > 0) names.set(name, left);
      else names.delete(name);
      if (names.size > 0) countsBelow.set(prefix, names);
      else countsBelow.delete(prefix);
    }
  }

  const keyOf = ({ layer, geohash5 }: LogCell): string => `${layer}/${geohash5}`;

  return {
    add(cell, from, toldAtMs) {
      const known = pending.get(keyOf(cell));
      if (known === undefined) count(cell, 1);
      pending.set(keyOf(cell), {
        cell,
        from: known !== undefined && known.from < from ? known.from : from,
        toldAtMs: Math.max(toldAtMs, known?.toldAtMs ?? 0),
      });
    },
    has: (layer, geohash) => pending.has(`${layer}/${geohash}`) || countsBelow.has(`${layer}/${geohash}`),
    changedBelow: (layer, clusterCell) => [...(countsBelow.get(`${layer}/${clusterCell}`)?.keys() ?? [])],
    fromOf: (cell) => pending.get(keyOf(cell))?.from,
    drop(beforeMs) {
      const dropped: LogCell[] = [];
      for (const [key, { cell, toldAtMs }] of pending) {
        if (toldAtMs >= beforeMs) continue;
        pending.delete(key);
        count(cell, -1);
        dropped.push(cell);
      }
      return dropped;
    },
  };
}

/**
 * What a cell's log segments may lack. Where the log must be read, it is asked for the unmerged rows, too, since one may have been edited;
 * but a read that is not strongly consistent may not have them yet.
 */
export function missingRows(pending: PendingChanges, unmerged: UnmergedRows, cell: LogCell): MissingRows {
  const from = pending.fromOf(cell);
  const rows = unmerged.of(cell);
  return { from: from === undefined ? undefined : earlierId(from, rows && firstId(rows)), rows };
}
