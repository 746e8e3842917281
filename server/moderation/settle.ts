import type { Report } from "../../tiles/report.ts";
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

const MAX_TRIES = 4;

/**
 * Makes a report what its case says. Several may do so at once, in any order: whoever was last to do it looks at the case again, and
 * begins anew when another one has changed it meanwhile.
 */
export function createSettling({ store, onReport, onEdit }: SettlingOptions, table: Pick<CaseTable, "find">) {
  async function make(known: ModerationCase): Promise<void> {
    const { report, isKeptHere } = known;
    const edited = await store.edit(report.id, { kind: isVisible(known) ? "restore" : "hide" });
    if (edited !== undefined) return onEdit(edited, report);
    if (!isVisible(known) || isKeptHere === undefined) return;
    await store.put(report);
    onReport(report);
  }

  return async function settle(id: string): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = await table.find(id);
      if (before === undefined) return;
      await make(before.known);
      if ((await table.find(id))?.version === before.version) return;
    }
    throw new StoreUnavailableError(`report ${id} was moderated by others ${MAX_TRIES} times`);
  };
}
