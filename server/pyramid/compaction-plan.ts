import { checksum } from "../../tiles/codec/bytes.ts";
import { formOf } from "../../tiles/codec/report-codec.ts";
import { readItem, StoredItemError, writeItem } from "../../tiles/codec/stored-item.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { type ChangedCell, readCells, writeCells } from "./changed-cells.ts";
import { type CompactionPoint, readPoint, writePoint } from "./compaction-state.ts";

/**
 * What a compaction is about to do. It is written before the first cell aggregate, so that whoever comes after one that was cut off
 * goes on with the same work instead of beginning again, and the cell aggregates of all of them hold the reports before the same time.
 */
export interface CompactionPlan {
  /** Where the compaction stands when all is done, but for the cells that turn out to have rows too young for their cell aggregates. */
  readonly end: CompactionPoint;
  /** Layers that have cell aggregates with reports that moved to other age bands. */
  readonly aged: readonly ReportLayer[];
  /** Ascending by layer and geohash, each once. */
  readonly cells: readonly ChangedCell[];
}

const VERSIONS = [1, 2, 3] as const;
const [, , VERSION] = VERSIONS;
/** Of the items with the other cells. */
const CELLS_VERSION = 1;

/** Cells of one item: 120 KB at the most, of an item's 400 KB of which the end's rows may take half. */
const CELLS_OF_ITEM = 10_000;

/** A plan as items; of a large one the first tells how many others there are, and their checksums. */
export function encodePlan({ end, aged, cells }: CompactionPlan): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let from = CELLS_OF_ITEM; from < cells.length; from += CELLS_OF_ITEM) {
    const some = cells.slice(from, from + CELLS_OF_ITEM);
    parts.push(writeItem("compaction-cells", CELLS_VERSION, (out) => writeCells(out, some)));
  }
  const head = writeItem("compaction-plan", VERSION, (out) => {
    writePoint(out, end);
    out.byte(aged.reduce((bits, layer) => bits | (1 << REPORT_LAYERS.indexOf(layer)), 0));
    writeCells(out, cells.slice(0, CELLS_OF_ITEM));
    out.varint(parts.length);
    for (const part of parts) out.uint(checksum(part), 4);
  });
  return [head, ...parts];
}

/**
 * @param partOf the item that has a number, from 1 on
 * @throws StoredItemError when an item is missing or not whole, or of another plan
 */
export function decodePlan(
  head: Uint8Array,
  partOf: (index: number) => Uint8Array | undefined,
  name: string,
): CompactionPlan {
  const { sums, ...plan } = readItem("compaction-plan", VERSIONS, name, head, (bytes, version) => {
    const end = readPoint(bytes, { form: formOf(version, 1), hasParts: version > 2 });
    const bits = bytes.byte();
    const aged = REPORT_LAYERS.filter((_, index) => (bits & (1 << index)) !== 0);
    const cells = readCells(bytes);
    const sums: number[] = [];
    for (let left = bytes.varint(); left > 0; left--) sums.push(bytes.uint(4));
    return { end, aged, cells, sums };
  });
  const others = sums.flatMap((sum, i) => {
    const part = partOf(i + 1);
    if (part === undefined || checksum(part) !== sum)
      throw new StoredItemError(`${name}: part ${i + 1} is another one`);
    return readItem("compaction-cells", CELLS_VERSION, `${name}, part ${i + 1}`, part, readCells);
  });
  return { ...plan, cells: [...plan.cells, ...others] };
}
