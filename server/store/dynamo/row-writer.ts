import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import type { PutOutcome, ReportStore } from "../../ports/report-store.ts";
import { cellOfReport } from "../keys.ts";
import { changesOf } from "../log-changes.ts";
import { rowOfReport } from "../rows.ts";
import { chunk } from "./batches.ts";
import type { Intent } from "./intent.ts";
import type { Publisher } from "./publisher.ts";
import type { Requests } from "./requests.ts";
import type { RowApplier } from "./row-applier.ts";
import type { RowPuts } from "./row-puts.ts";
import type { UnappliedRows } from "./unapplied-rows.ts";

/** Stores reports, each published before its row is stored. */
export type RowWriter = Pick<ReportStore, "append" | "put" | "putMany">;

export interface RowWriterOptions {
  readonly requests: Requests;
  readonly publisher: Publisher;
  readonly puts: RowPuts;
  readonly applier: RowApplier;
  readonly unapplied: UnappliedRows;
}

/** Rows of a batch that are stored under the same intents: as many as take a moment. */
const ROWS_PER_INTENT = 500;

export function createRowWriter({ requests, publisher, puts, applier, unapplied }: RowWriterOptions): RowWriter {
  /** Stores a row behind its intent. The change is published when this resolves; published or owed when it rejects. */
  async function putPublished(report: Report, intent: Intent): Promise<PutOutcome> {
    const { item } = intent;
    try {
      if (item !== undefined) await puts.putIntent(item);
      const isNew = await puts.putRow(report);
      if (!publisher.stored(intent)) await publisher.publish([{ ...cellOfReport(report), from: report.id }]);
      if (isNew) publisher.confirm(intent, report);
      return isNew ? "created" : "exists";
    } catch (error) {
      publisher.failed(intent);
      throw error;
    }
  }

  return {
    async append(report) {
      const cell = cellOfReport(report);
      const isUsual = report.expiresAtMs === report.createdAtMs + REPORT_LIFETIME_MS;
      const isWhole = isUsual && !unapplied.isFull();
      const intent = await publisher.intentFor(cell, report.id, isWhole ? report : undefined);
      if (intent.isWhole) await applier.putWhole(report, intent);
      else await putPublished(report, intent);
    },

    put: async (report) => putPublished(report, await publisher.intentFor(cellOfReport(report), report.id)),

    async putMany(reports, { onMissing } = {}) {
      const changes = changesOf(reports);
      // Reversed, for a Map keeps the last of a key, and a report that is named twice is left as it was first.
      const unique = [...new Map(reports.toReversed().map((report) => [report.id, report])).values()];
      const rows = new Map(unique.map((report) => [report, rowOfReport(report)]));
      const existing = await requests.whichExist([...rows.values()]);
      const missing = unique.filter((report) => !existing.has(rows.get(report)?.sk ?? ""));
      if (missing.length > 0) await onMissing?.(missing);
      await puts.openShards(missing);
      for (const some of chunk(missing, ROWS_PER_INTENT)) {
        // Before the rows, so that they are read wherever this dies.
        await publisher.publish(changesOf(some));
        await puts.putRows(some.flatMap((report) => rows.get(report) ?? []));
      }
      // All of them: it may have taken long, and who put the existing ones may have died before they were told.
      await publisher.publish(changes);
      return { written: missing.length, existing: reports.length - missing.length };
    },
  };
}
