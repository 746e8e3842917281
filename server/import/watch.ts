import { OperatorError } from "../console/operator-error.ts";
import type { Feed } from "./feeds/feed.ts";
import type { FeedStates } from "./feeds/feed-state.ts";
import { type Patience, withFresh } from "./feeds/with-fresh.ts";
import type { ImportSummary } from "./import-options.ts";
import { formatCount } from "./progress.ts";

export interface WatchOptions {
  readonly feed: Feed;
  readonly states: FeedStates;
  /** From one round's beginning to the next one's, in milliseconds. */
  readonly everyMs: number;
  /** Ends the watch: at once while it waits or fetches, after the import in hand otherwise. */
  readonly signal: AbortSignal;
  readonly patience?: Patience | undefined;
  importFile(path: string): Promise<ImportSummary>;
  /** One line for each round. */
  say(line: string): void;
  now(): number;
  /** Rejects, or resolves, early when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The feed is asked no more often than so. */
export const LEAST_INTERVAL_MS = 60_000;
/** Timers know no longer times than 24 days. */
export const LONGEST_INTERVAL_MS = 14 * 86_400_000;

/**
 * Imports a feed whenever it has changed, until it is told to end. A round that fails is told, and the next one tries again. What was
 * imported last is kept with the store, so that a process that begins anew fetches only what is new.
 */
export async function watchFeed(options: WatchOptions): Promise<void> {
  const { signal, say, now, sleep, everyMs } = options;
  while (!signal.aborted) {
    const beganMs = now();
    const { line, waitMs = 0 } = await round(options);
    if (line !== undefined) say(`${formatMoment(now())}  ${options.feed.shown}  ${line}`);
    if (signal.aborted) return;
    await sleep(Math.max(beganMs + everyMs - now(), waitMs, 0), signal).catch(() => {});
  }
}

interface Round {
  readonly line?: string;
  /** How long the server wants to be left alone. */
  readonly waitMs?: number | undefined;
}

async function round({ feed, states, signal, patience, importFile, now }: WatchOptions): Promise<Round> {
  try {
    const known = await states.read();
    const done = await withFresh({ feed, known, signal, patience, now }, async ({ path, state }) => {
      const summary = await importFile(path);
      // What was not imported whole is fetched again.
      if (!summary.interrupted && summary.failure === undefined) await states.keep(state);
      return summary;
    });
    if (done === "unchanged") return { line: "unchanged" };
    if ("reason" in done) return { line: `${done.reason}: tried again in the next round`, waitMs: done.retryAfterMs };
    return { line: formatRound(done) };
  } catch (error) {
    if (signal.aborted) return {};
    // A mistake that only the operator can mend fails every round; but a feed may have been published half, or the store be away.
    if (!(error instanceof OperatorError)) throw error;
    return { line: `not imported: ${error.message}` };
  }
}

/** What came of a round, and what its operator needs to mend it or to take it back. */
function formatRound(summary: ImportSummary): string {
  const { rowsRead, written, replaced, existing, rejected, rejectsPath, runId, failure } = summary;
  const counts = [`${formatCount(rowsRead)} rows`, `${formatCount(written)} new`, `${formatCount(existing)} there`];
  if (replaced > 0) counts.splice(2, 0, `${formatCount(replaced)} replaced`);
  if (rejected > 0) counts.push(`${formatCount(rejected)} rejected${mostlyBecause(summary)}`);
  if (rejectsPath !== undefined) counts.push(`see ${rejectsPath}`);
  if (runId !== undefined) counts.push(`run ${runId}`);
  return counts.join(", ") + (failure === undefined ? "" : `. ${failure}`);
}

/** The most frequent reason in parentheses, as in ` (301 lon is missing)`. */
function mostlyBecause({ reasons }: ImportSummary): string {
  const [most] = [...reasons].sort(([, a], [, b]) => b - a);
  return most === undefined ? "" : ` (${formatCount(most[1])} ${most[0]})`;
}

const formatMoment = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
