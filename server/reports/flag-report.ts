import type { Report } from "../../tiles/report.ts";
import { siteOf } from "../kit/network-address.ts";
import { sha256Hex } from "../kit/sha256.ts";
import type { EditedReport, ReportStore } from "../ports/report-store.ts";

/** Reasons that somebody can give; kept with the flag for whoever moderates. */
export const FLAG_REASONS = ["spam", "offensive", "personal", "untrue", "wrong-place"] as const;
export type FlagReason = (typeof FLAG_REASONS)[number];

export interface FlagReportParts {
  readonly store: ReportStore;
  /** Flags of different clients that hide a report. */
  readonly flagsToHide: number;
  /** Told what became of a report, and how it read before, before that is acknowledged; may be told again. */
  onEdit(edited: EditedReport, before: Report): void;
}

export interface ReportFlag {
  readonly id: string;
  readonly address: string;
  readonly reason?: FlagReason;
}

/**
 * Counts a flag, once for each client of a report, and hides the report when there are enough. Safe to repeat; when it
 * rejects, the next flag does what was left undone. Returns how many more flags hide it, 0 when it is hidden; undefined when
 * there is no such live report.
 *
 * Who flagged is a hash with a salt of the report's own, which all processes share through the store: one table of flags does not
 * tell whether two reports were flagged by the same client. Hashes and salt are forgotten when the report expires.
 * @throws StoreUnavailableError
 */
export async function flagReport(
  { store, flagsToHide, onEdit }: FlagReportParts,
  { id, address, reason }: ReportFlag,
): Promise<number | undefined> {
  const report = await store.get(id);
  if (report === undefined) return undefined;
  const untilMs = report.expiresAtMs;
  const salt = await store.remember(`flag-salt/${id}`, crypto.randomUUID(), { untilMs });
  const flagger = sha256Hex(`${salt} ${siteOf(address)}`).slice(0, 32);
  const flags = await store.flag(id, { flagger, untilMs, ...(reason && { reason }) });
  if (flags < flagsToHide) return flagsToHide - flags;
  const edited = await store.edit(id, { kind: "hide" });
  if (edited !== undefined) onEdit(edited, report);
  return 0;
}
