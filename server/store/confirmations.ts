import { REPORT_LAYERS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { readReports, writeReports } from "../../tiles/report-codec.ts";
import { columnsOfReports, type ReportColumns } from "../../tiles/report-columns.ts";
import { readItem, writeItem } from "../../tiles/stored-item.ts";
import type { LogCell } from "../ports.ts";
import { cellName } from "./keys.ts";

/**
 * What confirms intents of one writer: by cell their nonces, and the rows that were stored under them. Where an intent stands for
 * nothing, because none was stored, its nonce comes without a row.
 */
export interface Confirmations {
  /** Begins the nonces of all intents of one process. */
  readonly writer: string;
  readonly cells: readonly ConfirmedCell[];
}

export interface ConfirmedCell extends LogCell {
  /** The rest of each confirmed nonce, counted by the writer. */
  readonly counts: readonly number[];
  readonly rows: ReportColumns;
}

/** An intent, and its row when one was stored. */
export interface Confirmed extends LogCell {
  readonly count: number;
  readonly report: Report | undefined;
}

/** A nonce: of all writers no other item has it. */
export const nonceOf = (writer: string, count: number): string => `${writer}.${count.toString(36)}`;

const VERSION = 1;

export function encodeConfirmations(writer: string, confirmed: readonly Confirmed[]): Uint8Array<ArrayBuffer> {
  const byCell = Map.groupBy(confirmed, cellName);
  return writeItem("confirmations", VERSION, (out) => {
    out.text(writer);
    out.varint(byCell.size);
    for (const ofCell of byCell.values()) {
      const { layer, geohash5 } = ofCell[0] as Confirmed;
      out.byte(REPORT_LAYERS.indexOf(layer));
      out.text(geohash5);
      out.varint(ofCell.length);
      for (const { count } of ofCell) out.varint(count);
      writeReports(out, columnsOfReports(ofCell.flatMap(({ report }) => report ?? [])), geohash5);
    }
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind */
export function decodeConfirmations(body: Uint8Array): Confirmations {
  return readItem("confirmations", VERSION, "feed", body, (from) => {
    const writer = from.text();
    const cells: ConfirmedCell[] = [];
    for (let left = from.varint(); left > 0; left--) {
      const layer = REPORT_LAYERS[from.byte()];
      if (layer === undefined) throw new RangeError("unknown layer");
      const geohash5 = from.text();
      const counts: number[] = [];
      for (let more = from.varint(); more > 0; more--) counts.push(from.varint());
      cells.push({ layer, geohash5, counts, rows: readReports(from, geohash5) });
    }
    return { writer, cells };
  });
}
