import { OperatorError } from "../../console/operator-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import { ALIVE_MS, aliveUntil, createRunId } from "./alive.ts";
import { encodeSegment, expiryOf, type JournalEntry, sizeOfEntry } from "./journal-items.ts";
import { patiently } from "./patiently.ts";
import { findRun, journalGroup, listRuns, putRun, type Run, type RunCounts, type RunState } from "./run-items.ts";

/** What a run writes down of each report before it touches it. */
export interface Journal {
  /** The run's id; `undefined` as long as nothing was written down, and there is no run. */
  readonly runId: string | undefined;
  /**
   * Writes entries down; resolves before what they tell of may be done, with what to call when it was.
   * @throws StoreUnavailableError when the store stays away
   */
  write(entries: readonly JournalEntry[]): Promise<() => void>;
  /** Ends the run. @param state `running`, where the last of what was written down may not have been done */
  end(state: RunState, counts: RunCounts): Promise<void>;
}

export interface JournalOptions {
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly retryMs?: number | undefined;
  readonly source?: string | undefined;
  /** The file's name, without its folder. */
  readonly file: string;
}

/** Of an item; DynamoDB takes 400 KB. */
const MOST_BYTES = 250_000;
const MOST_TRIES = 5;
const NO_COUNTS: RunCounts = { written: 0, replaced: 0, existing: 0, rejected: 0 };

export const segmentName = (runId: string, number: number): string => `${runId}/${String(number).padStart(6, "0")}`;

/** The journal of a run that begins with the first entry. */
export function createJournal({ derived, clock, retryMs, source, file }: JournalOptions): Journal {
  const group = journalGroup(source);
  const open = new Set<number>();
  let begun: Promise<Run> | undefined;
  let runId: string | undefined;
  let last = -1;
  let aliveMs = 0;
  let saying: Promise<void> = Promise.resolve();

  async function begin(): Promise<Run> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const newest = (await patiently(() => listRuns(derived, 1), retryMs)).at(-1)?.run.startedMs ?? 0;
      // Later than any other, by whole seconds: the order of ids is that of runs.
      const startedMs = Math.max(clock.now(), newest + 1000);
      aliveMs = clock.now() + ALIVE_MS;
      const run: Run = {
        ...{ id: createRunId(startedMs), startedMs, state: "running", file, counts: NO_COUNTS },
        ...(source !== undefined && { source }),
        alive: aliveUntil(aliveMs),
      };
      if (!(await patiently(() => putRun(derived, run, undefined), retryMs))) continue;
      runId = run.id;
      return run;
    }
    throw new OperatorError("Other imports begin all the time: run the same command again.");
  }

  /** Takes turns, so that each write names the version of the one before. */
  function say(change: Partial<Run>): Promise<void> {
    const said = saying.then(() =>
      patiently(async () => {
        const run = await begun;
        if (run === undefined) return;
        const kept = await findRun(derived, run.id);
        if (kept !== undefined) await putRun(derived, { ...kept.run, ...change }, kept.version);
      }, retryMs),
    );
    saying = said.catch(() => {});
    return said;
  }

  async function put(run: Run, entries: readonly JournalEntry[]): Promise<number> {
    const number = ++last;
    const doneBelow = Math.min(number, ...open);
    open.add(number);
    const body = encodeSegment({ entries, doneBelow });
    const condition = { expected: undefined, expiresAtMs: expiryOf(entries) };
    // Whatever is there under this name is this segment, of a try whose answer was lost.
    await patiently(() => derived.put(group, segmentName(run.id, number), body, condition), retryMs);
    return number;
  }

  return {
    get runId() {
      return runId;
    },
    async write(entries) {
      begun ??= begin();
      const run = await begun;
      if (clock.now() > aliveMs - ALIVE_MS / 2) {
        aliveMs = clock.now() + ALIVE_MS;
        await say({ alive: aliveUntil(aliveMs) });
      }
      const numbers: number[] = [];
      for (const some of cutBySize(entries)) numbers.push(await put(run, some));
      return () => {
        for (const number of numbers) open.delete(number);
      };
    },
    async end(state, counts) {
      if (begun !== undefined) await say({ state, counts, alive: aliveUntil(0) });
    },
  };
}

function* cutBySize(entries: readonly JournalEntry[]): Generator<readonly JournalEntry[]> {
  let [from, bytes] = [0, 0];
  for (const [i, entry] of entries.entries()) {
    const size = sizeOfEntry(entry);
    if (bytes + size > MOST_BYTES && i > from) {
      yield entries.slice(from, i);
      [from, bytes] = [i, 0];
    }
    bytes += size;
  }
  if (from < entries.length) yield entries.slice(from);
}
