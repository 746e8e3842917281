import type { ByteReader, Bytes } from "../../tiles/codec/bytes.ts";
import { formOf, type RowsForm, readReports, writeReports } from "../../tiles/codec/report-codec.ts";
import { readItem, StoredItemError, writeItem } from "../../tiles/codec/stored-item.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { LogChange } from "../ports/report-store.ts";
import { inOrder, readCells, writeCells } from "./changed-cells.ts";
import { rowsByCell, type UnmergedRows, unmergedBetween } from "./unmerged-rows.ts";
import { createYoungParts, type PartsOfPoint } from "./young-parts.ts";

/** How far the compaction has come, in one item: what is told from the cursor on, and what is here, may be missing in cell aggregates. */
export interface CompactionState {
  /**
   * Undefined when there was none, or it is damaged, or of a time to come, told by a clock that is wrong: then everything is read
   * again.
   */
  read(): Promise<CompactionPoint | undefined>;
}

export interface CompactionPoint {
  /** Counts up with every point; a plan counts as done when the point has its number or a higher one. */
  readonly number: number;
  /** Every change told up to this cursor of the feed is in the cell aggregates or here. */
  readonly cursor: string;
  /** When the cursor was taken, Unix milliseconds. */
  readonly atMs: number;
  /**
   * Rows created before are in the cell aggregates, but those that were left unmerged; Unix milliseconds. Times of reports are cut, so in a
   * layer it is `keptFrom` of it.
   */
  readonly beforeMs: number;
  /** Rows that were left unmerged, or too young. */
  readonly rows: UnmergedRows;
  /** Where rows of these lie beside the state; undefined when nowhere. */
  readonly parts?: PartsOfPoint;
  /** Cells with other rows that were too young. */
  readonly open: readonly LogChange[];
}

/** Where the state, and what a compactor notes of its work, lies: one request reads all of it. */
export const COMPACTION_GROUP = "compaction";
export const STATE_NAME = "cursor";
const VERSIONS = [2, 3, 4] as const;
const [, , VERSION] = VERSIONS;

/** While a state is read, compactions may put so many others in its place. */
const MAX_TRIES = 4;

export function createCompactionState(derived: DerivedStore, log: Log, clock: Clock): CompactionState {
  const parts = createYoungParts({ derived, clock });

  /** Undefined when there is none. @throws StoredItemError */
  async function readOnce(): Promise<{ readonly point: CompactionPoint | undefined } | undefined> {
    const item = await derived.get(COMPACTION_GROUP, STATE_NAME, { consistent: true });
    return item && { point: await parts.join(decodePoint(item.body)) };
  }

  async function readWhole(): Promise<CompactionPoint | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const found = await readOnce();
      if (found === undefined) return undefined;
      if (found.point !== undefined) return found.point;
    }
    throw new StoredItemError(`${COMPACTION_GROUP} ${STATE_NAME}: young rows are missing`);
  }

  return {
    async read() {
      try {
        const point = await readWhole();
        return point !== undefined && point.beforeMs <= clock.now() ? point : undefined;
      } catch (error) {
        if (!(error instanceof StoredItemError)) throw error;
        log.warn("compaction state damaged, or of another version: reading all changes again", { item: error.message });
        return undefined;
      }
    },
  };
}

/** @param point without the rows of its parts */
export function encodePoint(point: CompactionPoint): Uint8Array {
  return writeItem("compaction", VERSION, (out) => writePoint(out, point));
}

/** @throws StoredItemError when the bytes are not a whole item of this kind */
export function decodePoint(body: Uint8Array): CompactionPoint {
  return readItem("compaction", VERSIONS, `${COMPACTION_GROUP} ${STATE_NAME}`, body, (bytes, version) =>
    readPoint(bytes, { form: formOf(version, 2), hasParts: version > 3 }),
  );
}

/** The same inside another item. */
export function writePoint(out: Bytes, { number, cursor, atMs, beforeMs, rows, open, parts }: CompactionPoint): void {
  out.varint(number);
  out.text(cursor);
  out.varint(atMs);
  out.varint(beforeMs);
  writeCells(out, inOrder(open.map((change) => ({ ...change, isOpen: true }))));
  writeRows(out, rows);
  out.varint(parts?.names.length ?? 0);
  if (parts === undefined || parts.names.length === 0) return;
  for (const name of parts.names) out.text(name);
  writeRows(out, parts.gone);
}

/** Unmerged rows of all layers inside an item. */
export function writeRows(out: Bytes, rows: UnmergedRows): void {
  for (const layer of REPORT_LAYERS) writeReports(out, unmergedBetween(rows.under(layer, ""), "", 0), "");
}

/** Reads what `writePoint` wrote. @throws RangeError */
export function readPoint(bytes: ByteReader, { form, hasParts }: PointForm): CompactionPoint {
  const number = bytes.varint();
  const cursor = bytes.text();
  const atMs = bytes.varint();
  const beforeMs = bytes.varint();
  const open = readCells(bytes).map(({ layer, geohash5, from = "" }) => ({ layer, geohash5, from }));
  const rows = readRows(bytes, form);
  const point = { number, cursor, atMs, beforeMs, rows, open };
  const names = Array.from({ length: hasParts ? countOf(bytes) : 0 }, () => bytes.text());
  return names.length === 0 ? point : { ...point, parts: { names, gone: readRows(bytes, form) } };
}

/** How a point stands in an item. */
export interface PointForm {
  readonly form: RowsForm;
  readonly hasParts: boolean;
}

/** Reads what `writeRows` wrote. @throws RangeError */
export const readRows = (bytes: ByteReader, form: RowsForm): UnmergedRows =>
  rowsByCell(REPORT_LAYERS.map((layer) => [layer, readReports(bytes, "", form)] as const));

function countOf(bytes: ByteReader): number {
  const count = bytes.varint();
  if (count > bytes.left()) throw new RangeError(`${count} names in ${bytes.left()} bytes`);
  return count;
}
