import type { ByteReader, Bytes } from "../../../tiles/codec/bytes.ts";
import { formOf, readReports, writeReports } from "../../../tiles/codec/report-codec.ts";
import { readItem, writeItem } from "../../../tiles/codec/stored-item.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports, type ReportColumns } from "../../../tiles/report-columns.ts";
import type { LogCell } from "../../ports/report-store.ts";
import { cellName } from "../keys.ts";

/**
 * What confirms intents of one writer. Some come as a nonce alone: of an intent that has its report in it, or under which nothing
 * was stored; the others by cell with their rows.
 */
export interface Confirmations {
  /** Begins the nonces of all intents of one process. */
  readonly writer: string;
  /** The rest of each nonce, counted by the writer. */
  readonly counts: readonly number[];
  readonly cells: readonly ConfirmedCell[];
}

export interface ConfirmedCell extends LogCell {
  readonly counts: readonly number[];
  readonly rows: ReportColumns;
}

/** An intent, and the report that it does not have in it. */
export interface Confirmed extends LogCell {
  readonly count: number;
  readonly report: Report | undefined;
}

/** A nonce: of all writers no other item has it. */
export const nonceOf = (writer: string, count: number): string => `${writer}.${count.toString(36)}`;

/** The first is written until every program in use reads the second, docs/formats.md. */
const VERSIONS = [1, 2] as const;
export type ConfirmationsVersion = (typeof VERSIONS)[number];

export function encodeConfirmations(
  writer: string,
  confirmed: readonly Confirmed[],
  version: ConfirmationsVersion = 1,
): Uint8Array<ArrayBuffer> {
  const alone = confirmed.filter(({ report }) => report === undefined);
  const byCell = Map.groupBy(
    confirmed.filter(({ report }) => report !== undefined),
    cellName,
  );
  return writeItem("confirmations", version, (out) => {
    out.text(writer);
    writeCounts(out, alone);
    out.varint(byCell.size);
    for (const ofCell of byCell.values()) {
      const { layer, geohash5 } = ofCell[0] as Confirmed;
      out.byte(REPORT_LAYERS.indexOf(layer));
      out.text(geohash5);
      writeCounts(out, ofCell);
      const rows = columnsOfReports(ofCell.flatMap(({ report }) => report ?? []));
      writeReports(out, rows, geohash5, formOf(version, 1));
    }
  });
}

function writeCounts(out: Bytes, confirmed: readonly Confirmed[]): void {
  out.varint(confirmed.length);
  for (const { count } of confirmed) out.varint(count);
}

/** @throws StoredItemError when the bytes are not a whole item of this kind */
export function decodeConfirmations(body: Uint8Array): Confirmations {
  return readItem("confirmations", VERSIONS, "feed", body, (from, version) => {
    const writer = from.text();
    const counts = readCounts(from);
    const cells: ConfirmedCell[] = [];
    for (let left = from.varint(); left > 0; left--) {
      const layer = REPORT_LAYERS[from.byte()];
      if (layer === undefined) throw new RangeError("unknown layer");
      const geohash5 = from.text();
      cells.push({ layer, geohash5, counts: readCounts(from), rows: readReports(from, geohash5, formOf(version, 1)) });
    }
    return { writer, counts, cells };
  });
}

function readCounts(from: ByteReader): number[] {
  const counts: number[] = [];
  for (let left = from.varint(); left > 0; left--) counts.push(from.varint());
  return counts;
}
