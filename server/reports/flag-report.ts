import { isDecided } from "../moderation/case.ts";
import { flaggerOf, flaggersOf, saltName, WHOLE_VOICE, weighFlags, whoFlagged } from "../moderation/flag-voices.ts";
import type { Moderation } from "../moderation/moderation.ts";
import type { KeptFlag, ReportStore } from "../ports/report-store.ts";

/** Reasons that somebody can give; kept with the flag for whoever moderates. */
export const FLAG_REASONS = ["spam", "offensive", "personal", "untrue", "wrong-place"] as const;
export type FlagReason = (typeof FLAG_REASONS)[number];

export interface FlagReportParts {
  readonly store: ReportStore;
  readonly moderation: Pick<Moderation, "find" | "hideFlagged" | "dismissed" | "flagBudget">;
  /** Flags of different networks that hide a report. */
  readonly flagsToHide: number;
}

export interface ReportFlag {
  readonly id: string;
  readonly address: string;
  readonly reason?: FlagReason;
}

export interface FlagOutcome {
  /** How many more flags hide it; 0 when it is hidden. */
  readonly needed: number;
  /** A moderator has said that it stays: no flag hides it. */
  readonly isDecided?: true;
  /** The network has no more flags today, and this one was not counted: so many seconds until it has. */
  readonly waitSeconds?: number;
}

/**
 * Counts a flag, once for each network of a report, and hides the report when there are enough. What a flag weighs depends on what
 * moderators said of its network's flags before (`dismissed-flags.ts`). Safe to repeat; when it rejects, the next flag does what was
 * left undone. Undefined when there is no such live report.
 * @throws StoreUnavailableError
 */
export async function flagReport(parts: FlagReportParts, flag: ReportFlag): Promise<FlagOutcome | undefined> {
  const { store, moderation, flagsToHide } = parts;
  const subject = await moderation.find(flag.id);
  const report = subject?.known === undefined ? subject?.report : await store.get(flag.id);
  if (subject === undefined || report === undefined) return undefined;
  if (subject.known !== undefined && isDecided(subject.known)) return { needed: flagsToHide, isDecided: true };
  const { flags, ...rest } = await countFlag(parts, flag, { untilMs: report.expiresAtMs, city: subject.city });
  const left = flagsToHide - weighFlags(flags) / WHOLE_VOICE;
  if (left > 0) return { needed: Math.ceil(left), ...rest };
  if (await moderation.hideFlagged(report)) return { needed: 0 };
  return { needed: flagsToHide, isDecided: true };
}

/** All flags of the report, with this one if it counts. */
async function countFlag(
  { store, moderation }: FlagReportParts,
  { id, address, reason }: ReportFlag,
  { untilMs, city }: { readonly untilMs: number; readonly city: string | undefined },
): Promise<{ readonly flags: readonly KeptFlag[]; readonly waitSeconds?: number }> {
  const salt = await store.remember(saltName(id), crypto.randomUUID(), { untilMs });
  const who = whoFlagged(salt, address);
  const flags = await store.flagsOf(id);
  if (flaggersOf(flags).includes(who)) return { flags };
  const waitSeconds = await moderation.flagBudget.take(address);
  if (waitSeconds > 0) return { flags, waitSeconds };
  const quarters = await moderation.dismissed.quartersOf(city, address);
  // A flag without weight would only make the list longer.
  if (quarters === 0) return { flags };
  return { flags: await store.flag(id, { flagger: flaggerOf(who, quarters), untilMs, ...(reason && { reason }) }) };
}
