import type { ByteReader, Bytes } from "../../tiles/bytes.ts";
import { encodeGeohash } from "../../tiles/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { readReports, writeReports } from "../../tiles/report-codec.ts";
import { type ReportColumns, takeRows } from "../../tiles/report-columns.ts";
import { readItem, StoredItemError, writeItem } from "../../tiles/stored-item.ts";
import type { Log } from "../console/log.ts";
import type { DerivedStore, LogCell, LogChange } from "../ports.ts";
import { createFreshRows, type FreshRows, freshBetween } from "./fresh-rows.ts";

/** How far the compaction has come, in one item: what is told from the cursor on, and what is here, may be missing in slices. */
export interface CompactionState {
  /** Undefined when there was none, or it is damaged: then everything is compacted again. */
  read(): Promise<CompactionPoint | undefined>;
  /** Moves on; when another compactor moved it meanwhile, its word stands: the changes are simply compacted again. */
  advance(from: CompactionPoint | undefined, to: CompactionPoint): Promise<void>;
}

export interface CompactionPoint {
  /** Every change told up to this cursor of the feed is in the slices or here. */
  readonly cursor: string;
  /** When the cursor was taken, Unix milliseconds. */
  readonly atMs: number;
  /** Rows created before are in the slices, but those that were put off; Unix milliseconds. */
  readonly beforeMs: number;
  /** Rows that were put off, or too young. */
  readonly rows: FreshRows;
  /** Cells with other rows that were too young. */
  readonly open: readonly LogChange[];
}

const GROUP = "compaction";
const NAME = "cursor";
const VERSION = 1;

export function createCompactionState(derived: DerivedStore, log: Log): CompactionState {
  async function read(): Promise<(CompactionPoint & { version: number }) | { version: number | undefined }> {
    const item = await derived.get(GROUP, NAME, { consistent: true });
    if (item === undefined) return { version: undefined };
    try {
      return { ...decodePoint(item.body), version: item.version };
    } catch (error) {
      if (!(error instanceof StoredItemError)) throw error;
      log.warn("damaged compaction state: compacting everything again", { item: error.message });
      return { version: item.version };
    }
  }
  return {
    async read() {
      const state = await read();
      return "cursor" in state ? state : undefined;
    },
    async advance(from, to) {
      const state = await read();
      if (("cursor" in state ? state.cursor : undefined) !== from?.cursor) return;
      await derived.put(GROUP, NAME, encodePoint(to), { expected: state.version });
    },
  };
}

function encodePoint({ cursor, atMs, beforeMs, rows, open }: CompactionPoint): Uint8Array {
  return writeItem("compaction", VERSION, (out) => {
    out.text(cursor);
    out.varint(atMs);
    out.varint(beforeMs);
    out.varint(open.length);
    for (const change of open) writeChange(out, change);
    for (const layer of REPORT_LAYERS) writeReports(out, freshBetween(rows.under(layer, ""), "", 0), "");
  });
}

function decodePoint(body: Uint8Array): CompactionPoint {
  return readItem("compaction", VERSION, `${GROUP} ${NAME}`, body, (from) => {
    const cursor = from.text();
    const atMs = from.varint();
    const beforeMs = from.varint();
    const open: LogChange[] = [];
    for (let left = from.varint(); left > 0; left--) open.push(readChange(from));
    const rows = createFreshRows();
    for (const layer of REPORT_LAYERS) addByCell(rows, layer, readReports(from, ""));
    return { cursor, atMs, beforeMs, rows, open };
  });
}

function writeChange(out: Bytes, { layer, geohash5, from }: LogChange): void {
  out.byte(REPORT_LAYERS.indexOf(layer));
  out.text(geohash5);
  out.text(from);
}

function readChange(bytes: ByteReader): LogChange {
  const layer = REPORT_LAYERS[bytes.byte()];
  if (layer === undefined) throw new RangeError("unknown layer");
  return { layer, geohash5: bytes.text(), from: bytes.text() };
}

function addByCell(to: FreshRows, layer: LogCell["layer"], rows: ReportColumns): void {
  for (let i = 0; i < rows.length; i++) {
    const geohash5 = encodeGeohash((rows.lonE6[i] as number) / 1e6, (rows.latE6[i] as number) / 1e6, 5);
    to.add({ layer, geohash5 }, takeRows(rows, i, i + 1));
  }
}
