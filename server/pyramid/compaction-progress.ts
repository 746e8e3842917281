import { readItem, writeItem } from "../../tiles/codec/stored-item.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { LogCell } from "../ports/report-store.ts";
import { inOrder, readCells, writeCells } from "./changed-cells.ts";
import { readRows, writeRows } from "./compaction-state.ts";
import { createUnmergedRows, type UnmergedRows } from "./unmerged-rows.ts";

/** The place of a cell aggregate in the pyramid; that of a log cell has five characters. */
export interface CellAggregatePlace {
  readonly layer: ReportLayer;
  readonly geohash: string;
}

/** How much of a plan is done, and what the rest must know of it. */
export interface CompactionProgress {
  /** Of the plan. */
  readonly number: number;
  /** Counts up each time that it is noted. */
  readonly step: number;
  /** All work up to here is done, in the order of the work; undefined at the beginning. */
  readonly done: CellAggregatePlace | undefined;
  /**
   * Geohashes above `done` whose cell aggregates must get another version when they are made, though their bytes be the same, because
   * reports below them are hidden.
   */
  readonly anew: readonly string[];
  /** Rows of cells that were read, too young for their cell aggregates. */
  readonly young: UnmergedRows;
  /** Cells that turned out to have more of them than are noted. */
  readonly open: readonly LogCell[];
  /** Cells and cell aggregates made so far. */
  readonly cells: number;
  readonly cellAggregates: number;
  /** Requests that the run that noted this had made by then; at the beginning of a plan, those of the last run before. */
  readonly spent: number;
}

const VERSIONS = [1, 2] as const;
const [, VERSION] = VERSIONS;

export const noProgress = (number: number, spent: number): CompactionProgress => ({
  number,
  step: 0,
  done: undefined,
  anew: [],
  young: createUnmergedRows(),
  open: [],
  cells: 0,
  cellAggregates: 0,
  spent,
});

/** @param planSum says which plan it is of: two that were made at the same time may have one number */
export function encodeProgress(progress: CompactionProgress, planSum: number): Uint8Array {
  const { number, step, done, anew, young, open, cells, cellAggregates, spent } = progress;
  return writeItem("compaction-progress", VERSION, (out) => {
    out.uint(planSum, 4);
    for (const count of [number, step, cells, cellAggregates, spent]) out.varint(count);
    out.byte(done === undefined ? 0 : REPORT_LAYERS.indexOf(done.layer));
    out.text(done?.geohash ?? "");
    out.byte(anew.reduce((bits, { length }) => bits | (1 << length), 0));
    writeCells(out, inOrder(open.map((cell) => ({ ...cell, from: undefined, isOpen: true }))));
    writeRows(out, young);
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeProgress(body: Uint8Array, name: string): CompactionProgress & { readonly planSum: number } {
  return readItem("compaction-progress", VERSIONS, name, body, (bytes, version) => {
    const planSum = bytes.uint(4);
    const counts = Array.from({ length: 5 }, () => bytes.varint());
    const [number, step, cells, cellAggregates, spent] = counts as [number, number, number, number, number];
    const layer = REPORT_LAYERS[bytes.byte()];
    if (layer === undefined) throw new RangeError("unknown layer");
    const geohash = bytes.text();
    const lengths = bytes.byte();
    const anew = Array.from(geohash, (_, length) => geohash.slice(0, length)).filter(
      ({ length }) => (lengths & (1 << length)) !== 0,
    );
    const open = readCells(bytes).map(({ layer, geohash5 }) => ({ layer, geohash5 }));
    const young = version > 1 ? readRows(bytes, "roomy") : createUnmergedRows();
    return {
      planSum,
      number,
      step,
      done: geohash === "" ? undefined : { layer, geohash },
      anew,
      young,
      open,
      cells,
      cellAggregates,
      spent,
    };
  });
}
