import type { Report } from "../../tiles/report.ts";
import type { ReportStore } from "../ports.ts";
import { networkOf } from "./rate-limit.ts";

/** Reasons that somebody can give; kept with the flag for whoever moderates. */
export const FLAG_REASONS = ["spam", "offensive", "personal", "untrue", "wrong-place"] as const;
export type FlagReason = (typeof FLAG_REASONS)[number];

export interface FlagReportParts {
  readonly store: ReportStore;
  /** Flags of different clients that hide a report. */
  readonly flagsToHide: number;
  /** Told when a report is hidden, before that is acknowledged; may be told again. */
  onHide(report: Report): void;
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
  { store, flagsToHide, onHide }: FlagReportParts,
  { id, address, reason }: ReportFlag,
): Promise<number | undefined> {
  const report = await store.get(id);
  if (report === undefined) return undefined;
  const untilMs = report.expiresAtMs;
  const salt = await store.remember(`flag-salt/${id}`, randomSalt(), { untilMs });
  const flagger = await hash(`${salt} ${networkOf(address)}`);
  const flags = await store.flag(id, { flagger, untilMs, ...(reason && { reason }) });
  if (flags < flagsToHide) return flagsToHide - flags;
  await store.hide(report);
  onHide(report);
  return 0;
}

const randomSalt = (): string => hex(crypto.getRandomValues(new Uint8Array(16)));

async function hash(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).subarray(0, 16));
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
