import type { Report } from "../../../tiles/report.ts";
import type { Clock } from "../../ports/clock.ts";
import { cellOfReport, type Key } from "../keys.ts";
import { rowOfReport } from "../rows.ts";
import { forEachBounded } from "./batches.ts";
import type { Intent } from "./intent.ts";
import type { Publisher } from "./publisher.ts";
import type { Requests } from "./requests.ts";
import type { RowPuts } from "./row-puts.ts";
import type { UnappliedRows } from "./unapplied-rows.ts";

/** Stores reports in their intents, and then their rows; see `publisher.ts`. */
export interface RowApplier {
  /**
   * Stores a report in its intent, in one request; from then on it is stored, and its row follows. Nothing is when this rejects, or
   * all of it, and then everybody who reads the feed stores the row.
   */
  putWhole(report: Report, intent: Intent): Promise<void>;
  /** Tries again to store rows of this process's reports, last tried so long ago, that are not stored yet. */
  applyLate(sinceMs: number): Promise<void>;
  /** Stores the row of a report that somebody has found in an intent alone. */
  applyFound(report: Report): Promise<void>;
}

export interface RowApplierOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly publisher: Publisher;
  readonly puts: RowPuts;
  readonly unapplied: UnappliedRows;
}

/** Rows that are stored at a time. */
const APPLY_WIDTH = 16;

export function createRowApplier({ clock, requests, publisher, puts, unapplied }: RowApplierOptions): RowApplier {
  /** Of reports whose rows are on their way. */
  const applying = new Map<string, { readonly report: Report; readonly intent: Intent; triedAtMs: number }>();

  async function apply(id: string): Promise<void> {
    const entry = applying.get(id);
    if (entry === undefined) return;
    const { report, intent } = entry;
    entry.triedAtMs = clock.now();
    const isNew = await puts.putRow(report);
    if (!applying.delete(id)) return;
    unapplied.remove(report);
    // Another one's row may have been edited since: then its cell is read.
    if (isNew) publisher.confirm(intent, report);
  }

  return {
    async putWhole(report, intent) {
      try {
        await puts.putIntent(intent.item as Key);
      } catch (error) {
        publisher.failed(intent);
        throw error;
      }
      unapplied.add(report, rowOfReport(report));
      applying.set(report.id, { report, intent, triedAtMs: clock.now() });
      const applied = apply(report.id);
      if (publisher.stored(intent)) {
        // Failed, it is done by `applyLate`, or by whoever reads the feed.
        applied.catch(() => {});
        return;
      }
      await applied;
      await publisher.publish([{ ...cellOfReport(report), from: report.id }]);
    },

    async applyLate(sinceMs) {
      const late = [...applying].filter(([, { triedAtMs }]) => clock.now() - triedAtMs >= sinceMs);
      await forEachBounded(late, APPLY_WIDTH, ([id]) => apply(id));
    },

    async applyFound(report) {
      const { pk, sk } = rowOfReport(report);
      // So that who is told of it reads it strongly.
      publisher.wrote(cellOfReport(report));
      if ((await requests.get({ pk, sk }, true)) !== undefined) return;
      // The intent may be so old that this process alone reads it still.
      await publisher.publish([{ ...cellOfReport(report), from: report.id }]);
      await puts.putRow(report);
    },
  };
}
