import type { ReportDraft } from "../../server/reports/create-report.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { formatReportId, idTail } from "../../tiles/report-id.ts";
import { hashOf } from "../kit/random.ts";
import type { ImportAction } from "./actions.ts";
import type { ClientParts } from "./clients.ts";
import { IMPORTER } from "./scenario.ts";

/** Imports, in a process of their own: each batch is put again until it is done, for its ids come from its rows. */
export function createImporter(parts: ClientParts): (action: ImportAction) => Promise<void> {
  const { startMs, link, ledger, trace, insist, machineOf } = parts;
  return async ({ name, rows, batch }) => {
    const reports = rows.map(({ draft, ageMs }) => importedReport(draft, startMs - ageMs));
    const noted = reports.map((report) => ({ report, by: name, isDone: false }));
    for (const each of noted) ledger.imported.set(each.report.id, each);
    for (let from = 0; from < reports.length; from += batch) {
      const part = reports.slice(from, from + batch);
      const done = await insist(Infinity, () => link.ask(machineOf(IMPORTER), (app) => app.store.putMany(part)));
      if (done === undefined) return;
      trace.note(name, `imported ${done.written} of ${part.length}`);
      for (const each of noted.slice(from, from + batch)) each.isDone = true;
    }
    await insist(1, () => link.ask(machineOf(IMPORTER), (app) => app.store.confirm()));
  };
}

function importedReport(draft: ReportDraft, createdAtMs: number): Report {
  const geohash5 = encodeGeohash(draft.lonDeg, draft.latDeg, 5);
  const [high, low] = [hashOf(draft.text ?? "", 1), hashOf(draft.text ?? "", 2)];
  const tail = idTail(Uint8Array.of(high, high >>> 8, low, low >>> 8, low >>> 16));
  const id = formatReportId({ createdAtMs, geohash5, layer: draft.layer, shard: 0, tail });
  return { id, ...draft, ...timesFrom(createdAtMs) };
}

export const timesFrom = (createdAtMs: number) => ({ createdAtMs, expiresAtMs: createdAtMs + REPORT_LIFETIME_MS });
