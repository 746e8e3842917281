import type { ByteReader, Bytes } from "../../tiles/codec/bytes.ts";
import { formOf, type RowsForm, readReports, writeReports } from "../../tiles/codec/report-codec.ts";
import { readItem, StoredItemError, writeItem } from "../../tiles/codec/stored-item.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { type ReportColumns, takeRows } from "../../tiles/report-columns.ts";
import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { LogCell, LogChange } from "../ports/report-store.ts";
import { inOrder, readCells, writeCells } from "./changed-cells.ts";
import { createUnmergedRows, type UnmergedRows, unmergedBetween } from "./unmerged-rows.ts";

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
  /** Rows created before are in the cell aggregates, but those that were left unmerged; Unix milliseconds. */
  readonly beforeMs: number;
  /** Rows that were left unmerged, or too young. */
  readonly rows: UnmergedRows;
  /** Cells with other rows that were too young. */
  readonly open: readonly LogChange[];
}

/** Where the state, and what a compactor notes of its work, lies: one request reads all of it. */
export const COMPACTION_GROUP = "compaction";
export const STATE_NAME = "cursor";
const VERSIONS = [2, 3] as const;
const [, VERSION] = VERSIONS;

export function createCompactionState(derived: DerivedStore, log: Log, clock: Clock): CompactionState {
  return {
    async read() {
      const item = await derived.get(COMPACTION_GROUP, STATE_NAME, { consistent: true });
      if (item === undefined) return undefined;
      try {
        const point = decodePoint(item.body);
        return point.beforeMs <= clock.now() ? point : undefined;
      } catch (error) {
        if (!(error instanceof StoredItemError)) throw error;
        log.warn("compaction state damaged, or of another version: reading all changes again", { item: error.message });
        return undefined;
      }
    },
  };
}

export function encodePoint(point: CompactionPoint): Uint8Array {
  return writeItem("compaction", VERSION, (out) => writePoint(out, point));
}

/** @throws StoredItemError when the bytes are not a whole item of this kind */
export function decodePoint(body: Uint8Array): CompactionPoint {
  return readItem("compaction", VERSIONS, `${COMPACTION_GROUP} ${STATE_NAME}`, body, (bytes, version) =>
    readPoint(bytes, formOf(version, 2)),
  );
}

/** The same inside another item. */
export function writePoint(out: Bytes, { number, cursor, atMs, beforeMs, rows, open }: CompactionPoint): void {
  out.varint(number);
  out.text(cursor);
  out.varint(atMs);
  out.varint(beforeMs);
  writeCells(out, inOrder(open.map((change) => ({ ...change, isOpen: true }))));
  for (const layer of REPORT_LAYERS) writeReports(out, unmergedBetween(rows.under(layer, ""), "", 0), "");
}

/** Reads what `writePoint` wrote. @throws RangeError */
export function readPoint(bytes: ByteReader, form: RowsForm): CompactionPoint {
  const number = bytes.varint();
  const cursor = bytes.text();
  const atMs = bytes.varint();
  const beforeMs = bytes.varint();
  const open = readCells(bytes).map(({ layer, geohash5, from = "" }) => ({ layer, geohash5, from }));
  const rows = createUnmergedRows();
  for (const layer of REPORT_LAYERS) addByCell(rows, layer, readReports(bytes, "", form));
  return { number, cursor, atMs, beforeMs, rows, open };
}

function addByCell(to: UnmergedRows, layer: LogCell["layer"], rows: ReportColumns): void {
  for (let i = 0; i < rows.length; i++) {
    const geohash5 = encodeGeohash((rows.lonE6[i] as number) / 1e6, (rows.latE6[i] as number) / 1e6, 5);
    to.add({ layer, geohash5 }, takeRows(rows, i, i + 1));
  }
}
