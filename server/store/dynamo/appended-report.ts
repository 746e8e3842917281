import { formOf, readReports, writeReports } from "../../../tiles/codec/report-codec.ts";
import { readItem, writeItem } from "../../../tiles/codec/stored-item.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports, idOfRow, type ReportColumns } from "../../../tiles/report-columns.ts";
import type { LogCell } from "../../ports/report-store.ts";

/** A report inside its intent, 40 bytes and its text: whoever finds it there without a row can store the row. */
export interface AppendedReport {
  readonly report: Report;
  readonly columns: ReportColumns;
}

/** The first is written of a report that the second says nothing more of, as long as programs are in use that do not read that, docs/formats.md. */
const VERSIONS = [1, 2] as const;
export type AppendedVersion = (typeof VERSIONS)[number];

/** @param report of the usual lifetime */
export function encodeAppended(
  report: Report,
  { geohash5 }: LogCell,
  version: AppendedVersion = report.reporter === undefined ? 1 : 2,
): Uint8Array<ArrayBuffer> {
  return writeItem("appended-report", version, (out) => {
    writeReports(out, columnsOfReports([report]), geohash5, formOf(version, 1));
    out.text(report.text ?? "");
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind */
export function decodeAppended(body: Uint8Array, { layer, geohash5 }: LogCell): AppendedReport {
  return readItem("appended-report", VERSIONS, "feed", body, (from, version) => {
    const columns = readReports(from, geohash5, formOf(version, 1));
    const text = from.text();
    if (columns.length !== 1) throw new RangeError(`${columns.length} reports`);
    const [createdAtMs = 0] = columns.createdAtMs;
    const report: Report = {
      id: idOfRow(columns, 0, REPORT_LAYERS.indexOf(layer)),
      layer,
      category: columns.category[0] ?? "",
      severity: columns.severity[0] ?? 0,
      lonDeg: (columns.lonE6[0] ?? 0) / 1e6,
      latDeg: (columns.latE6[0] ?? 0) / 1e6,
      ...(text !== "" && { text }),
      ...(columns.reporter[0] !== 0 && { reporter: columns.reporter[0] as number }),
      createdAtMs,
      expiresAtMs: createdAtMs + REPORT_LIFETIME_MS,
    };
    return { report, columns };
  });
}
