import type { Report } from "../../tiles/report.ts";

/**
 * What became of a report that somebody should look at.
 *
 *     held       not shown, and waits for a moderator
 *     hidden     not shown: a moderator said so
 *     restored   shown, and flags do not hide it again: a moderator said so
 *     dismissed  likewise, and what spoke against it was unfounded
 *     shown      as if nothing had been: what was decided was undone
 */
export const CASE_STATES = ["held", "hidden", "restored", "dismissed", "shown"] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** States that the queue has a list of. */
export const QUEUE_STATES = ["held", "hidden", "restored", "dismissed"] as const;
export type QueueState = (typeof QUEUE_STATES)[number];

/** Why there is a case: flags, a flood (`flood-watch.ts`), or a moderator who came by. */
export const CAUSES = ["flags", "place", "text", "network", "moderator"] as const;
export type Cause = (typeof CAUSES)[number];

/** What a moderator can do to a report, and what it is then. */
export const STATE_AFTER = { hide: "hidden", restore: "restored", dismiss: "dismissed" } as const;
export type Action = keyof typeof STATE_AFTER;
export const ACTIONS = Object.keys(STATE_AFTER) as readonly Action[];

/** One step of a case. */
export interface Decision {
  /** Counts the steps of a case, from 1. */
  readonly n: number;
  readonly atMs: number;
  /** Who: a moderator's name, or `flags` or `floods`. */
  readonly by: string;
  readonly what: Action | "hold" | "undo";
  readonly from: CaseState;
  readonly to: CaseState;
  readonly reason?: string;
  /** It was undone later. */
  readonly isUndone?: true;
}

export interface ModerationCase {
  /** As it read when the case was made; moderators see it also while nobody else does. */
  readonly report: Report;
  /** The city that it lies in. */
  readonly city?: string;
  readonly state: CaseState;
  readonly cause: Cause;
  /** Flags by their reasons, as they were counted last. */
  readonly flags?: Readonly<Record<string, number>>;
  /** Its row may not be stored: it was held before anybody saw it, and this is its only home. */
  readonly isKeptHere?: true;
  /** Oldest first; the newest ones of many. */
  readonly history: readonly Decision[];
}

/** What a moderator decided is not overruled by flags. */
export const isDecided = ({ state }: ModerationCase): boolean => state === "restored" || state === "dismissed";

export const isVisible = ({ state }: ModerationCase): boolean => state !== "held" && state !== "hidden";

const MOST_KEPT = 40;

/** The case after a step. */
export function withStep(
  known: ModerationCase,
  to: CaseState,
  step: Pick<Decision, "atMs" | "by" | "what" | "reason">,
): ModerationCase {
  const n = (known.history.at(-1)?.n ?? 0) + 1;
  const decision: Decision = { ...step, n, from: known.state, to };
  return { ...known, state: to, history: [...known.history, decision].slice(-MOST_KEPT) };
}

/** The case without its last decision that was not undone yet; undefined when there is none. */
export function undone(known: ModerationCase, step: Pick<Decision, "atMs" | "by">): ModerationCase | undefined {
  const at = known.history.findLastIndex(({ what, isUndone }) => what in STATE_AFTER && isUndone === undefined);
  const last = known.history[at];
  if (last === undefined) return undefined;
  const history = known.history.with(at, { ...last, isUndone: true });
  return withStep({ ...known, history }, last.from, { ...step, what: "undo" });
}
