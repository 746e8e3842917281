import type { Report } from "../../../tiles/report.ts";
import { idTimePrefix, parseReportId, timeOfId } from "../../../tiles/report-id.ts";
import type { Clock } from "../../ports/clock.ts";
import { type LogCell, StoreUnavailableError } from "../../ports/report-store.ts";
import { confirmationSortKey, intentSortKey, type Key } from "../keys.ts";
import { FEED_LIFETIME_MS, MAX_BROUGHT_AGE_MS } from "../log-changes.ts";
import { ttlSeconds } from "../rows.ts";
import { encodeAppended } from "./appended-report.ts";
import { chunk, forEachBounded } from "./batches.ts";
import { nonceOf } from "./confirmations.ts";
import type { FeedShards } from "./feed-shards.ts";
import { type Change, createOwedChanges } from "./owed-changes.ts";
import { createRecentCells } from "./recent.ts";
import type { Requests } from "./requests.ts";
import { createWaitingConfirmations, type WaitingConfirmation } from "./waiting-confirmations.ts";

/**
 * Publishes changes of the log in the change feed. An *intent* is stored before a row and names its cell, so no row can be stored
 * unseen and nothing is shown that was not stored; or it has the whole report in it, and then it is the report's first home: whoever
 * finds it there without a row stores the row. Rows that are known to be stored *confirm* their intents a moment later, and then
 * nobody need read them. Confirmations ride on the next intent; what none has taken within some
 * hundred milliseconds goes alone. They are never waited for: a reader who misses one reads the cell.
 *
 * How long an intent stands. It carries its writer's time T, and every reader's deep reads tell it again until one has begun later
 * than T + OVERLAP_MS - SKEW_MS, see `readFrom` in `feed.ts`. So a row is seen if it can be read by then. With
 *
 *     COVERED_MS   the longest from T until the put of a row begins that relies on the intent
 *     COMMIT_MS    the longest from T until both are stored; if it took longer, another intent is stored before the row is
 *                  acknowledged
 *     OVERLAP_MS   6 s
 *     SKEW_MS      1.5 s, by which clocks of processes may differ
 *
 * OVERLAP_MS - SKEW_MS - COMMIT_MS = 2.5 s are left for clocks to differ and for eventually consistent reads, a second late, to catch
 * up.
 *
 * A *single* intent stands for one report. In a cell that gets many a second, and for rows that are old when they are stored, a
 * *plain* one stands for whatever comes within COVERED_MS; it is never confirmed.
 *
 * What could not be published is owed: a process goes on trying for as long as it lives, since the row may be there.
 */
export const OVERLAP_MS = 6000;
const COVERED_MS = 1000;
const COMMIT_MS = 2000;
const MAX_TRIES = 3;

/**
 * Intents name a point this long before their oldest row, so that a write of the same second that started earlier, or whose
 * clock is slightly behind, is covered too.
 */
const SLACK_MS = 1000;

/** Eventually consistent reads lag by less than a second; a process reads strongly for this long after its own writes. */
const READ_OWN_WRITES_MS = 10_000;

/** Single intents that a process writes for a cell in COVERED_MS. */
const MAX_SINGLE = 8;

const INTENTS_PER_BATCH = 25;
const BATCH_WIDTH = 4;
const NEVER = Number.NEGATIVE_INFINITY;

interface CellState {
  /** When this process last wrote to it. */
  wroteAtMs: number;
  /** Time and start of the last plain intent that is stored. */
  plainAtMs: number;
  plainFrom: string;
  /** Single intents since a time. */
  singles: number;
  singlesSinceMs: number;
}

/** An intent that is about to be stored, or that stands already. */
export interface Intent extends LogCell {
  /** To be stored with or before the row; undefined when one stands already. */
  readonly item: Key | undefined;
  readonly atMs: number;
  /** What confirms it; undefined when nothing does. */
  readonly count: number | undefined;
  /** It stands for one report. */
  readonly isSingle: boolean;
  /** It has its report in it. */
  readonly isWhole: boolean;
  readonly from: string;
  /** Confirmations that ride on it. */
  readonly riding: readonly WaitingConfirmation[];
}

export interface Publisher {
  /**
   * The intent for a row of an id, whose put is about to begin, with a report in it or without. It is stored by the caller, who
   * then tells `stored` or `failed`.
   */
  intentFor(cell: LogCell, id: string, report?: Report): Promise<Intent>;
  /** The intent is stored; whether that was soon enough for it to stand for a row that is stored as well by now. */
  stored(intent: Intent): boolean;
  /** The intent may not be stored, and the row may be: it is published later. */
  failed(intent: Intent): void;
  /** The row of an intent is stored, and nothing else comes under it. */
  confirm(intent: Intent, report: Report): void;
  /** Resolves once plain intents for these changes are stored, or stand. @throws StoreUnavailableError */
  publish(changes: readonly Change[]): Promise<void>;
  /** Stores confirmations that have waited for long enough, and what is owed. Rejects when the store does not answer; it is tried again then. */
  flush(): Promise<void>;
  /** Marks a cell as written by this process. */
  wrote(cell: LogCell): void;
  /** True when this process wrote to a cell so lately that an eventually consistent read might miss it. */
  wroteLately(cell: LogCell): boolean;
}

export interface PublisherOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly shards: FeedShards;
}

export function createPublisher({ clock, requests, shards }: PublisherOptions): Publisher {
  // One that was forgotten is only published once too often.
  const cells = createRecentCells<CellState>(() => ({
    wroteAtMs: NEVER,
    plainAtMs: NEVER,
    plainFrom: "",
    singles: 0,
    singlesSinceMs: NEVER,
  }));
  const owed = createOwedChanges();
  const writer = newWriter();
  const waiting = createWaitingConfirmations(clock, writer);
  let count = 0;

  /** Whether a plain intent stands for a row of an id whose put begins now. */
  function isCovered(state: CellState, from: string, nowMs: number): boolean {
    const ageMs = nowMs - state.plainAtMs;
    return ageMs >= 0 && ageMs <= COVERED_MS && state.plainFrom <= from;
  }

  /** Whether a row is young enough, and its cell quiet enough, for an intent of its own; counts it. */
  function maySingle(state: CellState, id: string, nowMs: number): boolean {
    if (Math.abs(nowMs - timeOfId(id)) > MAX_BROUGHT_AGE_MS) return false;
    if (Math.abs(nowMs - state.singlesSinceMs) > COVERED_MS) {
      state.singles = 0;
      state.singlesSinceMs = nowMs;
    }
    return ++state.singles <= MAX_SINGLE;
  }

  async function makeIntent(cell: LogCell, from: string, isSingle: boolean, report?: Report): Promise<Intent> {
    const { layer, geohash5 } = cell;
    const atMs = clock.now();
    const pk = await shards.place(atMs);
    const own = count++;
    const body = report && encodeAppended(report, cell);
    const riding = waiting.takeRiding(body?.length ?? 0);
    const item = {
      pk,
      sk: intentSortKey(atMs, cell, nonceOf(writer, own)),
      ...(withSlack(from) < fromOfIntent(atMs) && { from: withSlack(from) }),
      ...(isSingle ? {} : { plain: true }),
      ...(body === undefined ? {} : { report: body }),
      ...(riding.length > 0 && { confirmed: waiting.encode(riding) }),
      expires_at: ttlSeconds(atMs + FEED_LIFETIME_MS),
    };
    const isWhole = body !== undefined;
    const counted = isSingle || isWhole ? own : undefined;
    return { layer, geohash5, item, atMs, count: counted, isSingle, isWhole, from, riding };
  }

  function confirm({ layer, geohash5, count, isWhole, atMs }: Intent, report: Report): void {
    if (count !== undefined) waiting.add({ layer, geohash5, count, report: isWhole ? undefined : report, atMs });
  }

  function stored(intent: Intent): boolean {
    if (clock.now() - intent.atMs > COMMIT_MS) return false;
    if (intent.item === undefined || intent.isSingle) return true;
    const state = cells.of(intent);
    state.plainAtMs = intent.atMs;
    state.plainFrom = intent.from;
    return true;
  }

  function failed(intent: Intent): void {
    owed.add(intent);
    if (intent.item !== undefined) waiting.add(...intent.riding);
  }

  /** What it could not publish is owed. */
  async function publishBatch(changes: readonly Change[]): Promise<void> {
    for (const change of changes) owed.add(change);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const intents: Intent[] = [];
      for (const change of changes) intents.push(await makeIntent(change, change.from, false));
      try {
        await requests.putAll(
          intents.flatMap(({ item }) => item ?? []),
          shards.throttled,
        );
      } catch (error) {
        for (const intent of intents) failed(intent);
        throw error;
      }
      if (!intents.map(stored).every(Boolean)) continue;
      for (const change of changes) owed.settle(change);
      return;
    }
    throw new StoreUnavailableError(`the change feed took longer than ${COMMIT_MS} ms, ${MAX_TRIES} times`);
  }

  async function publish(changes: readonly Change[]): Promise<void> {
    const now = clock.now();
    const unpublished = changes.filter((change) => {
      const state = cells.of(change);
      state.wroteAtMs = now;
      return !isCovered(state, change.from, now);
    });
    await forEachBounded(chunk(unpublished, INTENTS_PER_BATCH), BATCH_WIDTH, publishBatch);
  }

  async function flushConfirmed(): Promise<void> {
    for (let taken = waiting.takeAlone(); taken.length > 0; taken = waiting.takeAlone()) {
      const atMs = clock.now();
      try {
        const sk = confirmationSortKey(atMs, nonceOf(writer, count++));
        const expires_at = ttlSeconds(atMs + FEED_LIFETIME_MS);
        await requests.put({
          Item: { pk: await shards.place(atMs), sk, confirmed: waiting.encode(taken), expires_at },
        });
      } catch (error) {
        waiting.add(...taken);
        throw error;
      }
    }
  }

  async function flushOwed(): Promise<void> {
    const changes = owed.all();
    if (changes.length === 0) return;
    await forEachBounded(chunk(changes, INTENTS_PER_BATCH), BATCH_WIDTH, publishBatch);
  }

  return {
    async intentFor(cell, id, report) {
      const now = clock.now();
      const state = cells.of(cell);
      state.wroteAtMs = now;
      if (isCovered(state, id, now)) {
        const stands = { isSingle: false, isWhole: false, count: undefined, riding: [] };
        return { ...cell, item: undefined, atMs: state.plainAtMs, from: id, ...stands };
      }
      return makeIntent(cell, id, maySingle(state, id, now), report);
    },

    stored,
    failed,

    confirm,

    publish,

    async flush() {
      await flushOwed();
      await flushConfirmed();
    },

    wrote(cell) {
      cells.of(cell).wroteAtMs = clock.now();
    },

    wroteLately: (cell) => Math.abs(clock.now() - (cells.peek(cell)?.wroteAtMs ?? NEVER)) <= READ_OWN_WRITES_MS,
  };
}

/** Where an intent begins that does not say so: its report was made just before. */
export const fromOfIntent = (atMs: number): string => idTimePrefix(Math.max(0, atMs - 2 * SLACK_MS));

function withSlack(id: string): string {
  return idTimePrefix(Math.max(0, (parseReportId(id)?.createdAtMs ?? timeOfId(id)) - SLACK_MS));
}

/** A name that no other process has: 40 bits. */
function newWriter(): string {
  return crypto
    .getRandomValues(new Uint32Array(2))
    .reduce((text, part) => text + (part >>> 12).toString(36).padStart(4, "0"), "");
}
