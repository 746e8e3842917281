import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import type { ByteReader, Bytes } from "../../tiles/codec/bytes.ts";
import { geohashOfKey, keyOfGeohash } from "../../tiles/geo/cell-key.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { idTimePrefix, timeOfId } from "../../tiles/report-id.ts";
import type { LogCell } from "../ports/report-store.ts";

/** A cell to compact. */
export interface ChangedCell extends LogCell {
  /** Smallest id, or `idTimePrefix`, that its log segments may lack; undefined when they lack nothing. */
  readonly from: string | undefined;
  /** It changed in a way that the feed did not bring: its unmerged rows are not all there is to know. */
  readonly isOpen: boolean;
}

const CELLS_OF_LAYER = 32 ** CELL_PRECISION;

/** A cell as a number; numbers order as layers, and then as geohashes do. */
export const codeOfCell = ({ layer, geohash5 }: LogCell): number =>
  REPORT_LAYERS.indexOf(layer) * CELLS_OF_LAYER + keyOfGeohash(geohash5);

/** Cells ascending by layer and geohash. */
export function inOrder<T extends LogCell>(cells: Iterable<T>): T[] {
  const coded = Array.from(cells, (cell) => ({ cell, code: codeOfCell(cell) }));
  return coded.sort((a, b) => a.code - b.code).map(({ cell }) => cell);
}

/** Writes cells that ascend, about nine bytes each: the step from the one before, and the time at which `from` begins. */
export function writeCells(out: Bytes, cells: readonly ChangedCell[]): void {
  out.varint(cells.length);
  let before = 0;
  for (const cell of cells) {
    const code = codeOfCell(cell);
    out.varint((code - before) * 4 + (cell.isOpen ? 2 : 0) + (cell.from === undefined ? 0 : 1));
    if (cell.from !== undefined) out.varint(timeOfBeginning(cell.from));
    before = code;
  }
}

/** Reads what `writeCells` wrote. @throws RangeError */
export function readCells(bytes: ByteReader): ChangedCell[] {
  const cells: ChangedCell[] = [];
  let code = 0;
  for (let left = bytes.varint(); left > 0; left--) {
    const packed = bytes.varint();
    code += Math.floor(packed / 4);
    const layer = REPORT_LAYERS[Math.floor(code / CELLS_OF_LAYER)];
    if (layer === undefined) throw new RangeError(`unknown layer of cell ${code}`);
    const from = (packed & 1) === 0 ? undefined : idTimePrefix(bytes.varint());
    cells.push({ layer, geohash5: geohashOfKey(code, CELL_PRECISION), from, isOpen: (packed & 2) !== 0 });
  }
  return cells;
}

/** The time of an id or its prefix, of what sorts before every id the beginning. */
const timeOfBeginning = (from: string): number => (/^[0-9b-hjkmnp-z]{10}/.test(from) ? timeOfId(from) : 0);
