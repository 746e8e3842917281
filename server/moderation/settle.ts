import type { Report } from "../../tiles/report.ts";
import { tryAgain } from "../kit/try-again.ts";
import { type EditedReport, type ReportStore, StoreUnavailableError } from "../ports/report-store.ts";
import { isVisible, type ModerationCase } from "./case.ts";
import type { CaseTable } from "./case-table.ts";

export interface SettlingOptions {
  readonly store: Pick<ReportStore, "edit" | "put">;
  /** Told of a held report that is stored now, before that is acknowledged. */
  onReport(report: Report): void;
  /** Told what became of a report, and how it read before, likewise. */
  onEdit(edited: EditedReport, before: Report): void;
}

export type Settle = (id: string, also?: (known: ModerationCase) => Promise<void>) => Promise<void>;

/**
 * Makes a report what its case says, and whatever else follows from that. Several may do so at once, in any order: whoever was last to do it looks at the case again, and
 * begins anew when another one has changed it meanwhile.
 */
export function createSettling({ store, onReport, onEdit }: SettlingOptions, table: Pick<CaseTable, "find">): Settle {
  async function make(known: ModerationCase): Promise<void> {
    const { report, isKeptHere } = known;
    const edited = await store.edit(report.id, { kind: isVisible(known) ? "restore" : "hide" });
    if (edited !== undefined) return onEdit(edited, report);
    if (!isVisible(known) || isKeptHere === undefined) return;
    await store.put(report);
    onReport(report);
  }

  return async function settle(id, also) {
    const done = await tryAgain(async () => {
      const before = await table.find(id);
      if (before === undefined) return true;
      await make(before.known);
      await also?.(before.known);
      return (await table.find(id))?.version === before.version || undefined;
    });
    if (done === undefined) throw new StoreUnavailableError(`report ${id} was moderated by others all the time`);
  };
}
