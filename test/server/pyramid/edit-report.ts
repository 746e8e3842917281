import type { ReportEdit, ReportStore } from "../../../server/ports/report-store.ts";
import type { Pyramid } from "../../../server/pyramid/pyramid.ts";
import { cellBounds, encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { type Report, roundDegrees } from "../../../tiles/report.ts";

/** Edits a report in the store and, as the process that does it would, tells its tiles. */
export async function editReport(
  store: ReportStore,
  report: Report,
  edit: ReportEdit,
  pyramid?: Pyramid,
): Promise<Report | undefined> {
  const edited = await store.edit(report.id, edit);
  if (edited !== undefined) pyramid?.noteEdited(edited, report);
  return edited?.report;
}

export const hideReport = (store: ReportStore, report: Report, pyramid?: Pyramid) =>
  editReport(store, report, { kind: "hide" }, pyramid);

/** The same report with other content, some metres away in the same cell of the log, which an edit never leaves. */
export function correctedReport(report: Report, random: () => number): Report {
  const { south, north } = cellBounds(encodeGeohash(report.lonDeg, report.latDeg, 5));
  const inwards = report.latDeg < (south + north) / 2 ? 1 : -1;
  const moved = roundDegrees(report.latDeg + inwards * 0.001 * random());
  return { ...report, severity: 1 + Math.floor(5 * random()), category: "corrected", latDeg: moved };
}
