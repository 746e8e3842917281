import type { Report } from "../../../tiles/report.ts";
import type { Clock } from "../../ports/clock.ts";
import { type LogCell, StoreUnavailableError } from "../../ports/report-store.ts";
import { confirmationSortKey } from "../keys.ts";
import { FEED_LIFETIME_MS } from "../log-changes.ts";
import { ttlSeconds } from "../rows.ts";
import { encodeAppended } from "./appended-report.ts";
import { chunk, forEachBounded } from "./batches.ts";
import { nonceOf } from "./confirmations.ts";
import type { FeedShards } from "./feed-shards.ts";
import { type Intent, type IntentPurpose, intentItem } from "./intent.ts";
import { type Change, createOwedChanges, type OwedChanges } from "./owed-changes.ts";
import { createRecentCells, type RecentCells } from "./recent.ts";
import type { Requests } from "./requests.ts";
import { createWaitingConfirmations, type WaitingConfirmations } from "./waiting-confirmations.ts";
import { isCovered, isWrittenLately, neverWritten, notePlain, takeSingle, type WrittenCell } from "./written-cell.ts";

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
const COMMIT_MS = 2000;
const MAX_TRIES = 3;

const INTENTS_PER_BATCH = 25;
const BATCH_WIDTH = 4;

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

/** What a process knows of its own writes and of what it has published. */
interface PublisherState extends PublisherOptions {
  /** One that was forgotten is only published once too often. */
  readonly cells: RecentCells<WrittenCell>;
  readonly owed: OwedChanges;
  readonly waiting: WaitingConfirmations;
  /** Begins the nonces of all its items. */
  readonly writer: string;
  /** Items with a nonce that it made. */
  count: number;
}

export function createPublisher(options: PublisherOptions): Publisher {
  const { clock } = options;
  const writer = newWriter();
  const state: PublisherState = {
    ...options,
    cells: createRecentCells(neverWritten),
    owed: createOwedChanges(),
    waiting: createWaitingConfirmations(clock, writer),
    writer,
    count: 0,
  };
  const { cells, owed, waiting } = state;
  return {
    intentFor: (cell, id, report) => intentFor(state, cell, id, report),
    stored: (intent) => noteStored(state, intent),
    failed: (intent) => noteFailed(state, intent),

    confirm({ layer, geohash5, count, isWhole, atMs }, report) {
      if (count !== undefined) waiting.add({ layer, geohash5, count, report: isWhole ? undefined : report, atMs });
    },

    async publish(changes) {
      const now = clock.now();
      const unpublished = changes.filter((change) => {
        const cell = cells.of(change);
        cell.wroteAtMs = now;
        return !isCovered(cell, change.from, now);
      });
      await publishAll(state, unpublished);
    },

    async flush() {
      await publishAll(state, owed.all());
      await storeConfirmations(state);
    },

    wrote(cell) {
      cells.of(cell).wroteAtMs = clock.now();
    },

    wroteLately: (cell) => isWrittenLately(cells.peek(cell), clock.now()),
  };
}

async function intentFor(state: PublisherState, cell: LogCell, id: string, report?: Report): Promise<Intent> {
  const now = state.clock.now();
  const written = state.cells.of(cell);
  written.wroteAtMs = now;
  if (isCovered(written, id, now)) {
    const stands = { isSingle: false, isWhole: false, count: undefined, riding: [] };
    return { ...cell, item: undefined, atMs: written.plainAtMs, from: id, ...stands };
  }
  return makeIntent(state, { cell, from: id, isSingle: takeSingle(written, cell.layer, id, now), report });
}

async function makeIntent(state: PublisherState, purpose: IntentPurpose): Promise<Intent> {
  const { clock, shards, waiting, writer } = state;
  const { cell, from, isSingle, report } = purpose;
  const atMs = clock.now();
  const partition = await shards.place(atMs);
  const own = state.count++;
  const body = report && encodeAppended(report, cell);
  const riding = waiting.takeRiding(body?.length ?? 0);
  const confirmed = riding.length > 0 ? waiting.encode(riding) : undefined;
  const item = intentItem(purpose, { partition, atMs, nonce: nonceOf(writer, own), body, confirmed });
  const isWhole = body !== undefined;
  const count = isSingle || isWhole ? own : undefined;
  return { layer: cell.layer, geohash5: cell.geohash5, item, atMs, count, isSingle, isWhole, from, riding };
}

function noteStored({ clock, cells }: PublisherState, intent: Intent): boolean {
  if (clock.now() - intent.atMs > COMMIT_MS) return false;
  if (intent.item !== undefined && !intent.isSingle) notePlain(cells.of(intent), intent);
  return true;
}

function noteFailed({ owed, waiting }: PublisherState, intent: Intent): void {
  owed.add(intent);
  if (intent.item !== undefined) waiting.add(...intent.riding);
}

/** Stores plain intents for changes. What it could not publish is owed. @throws StoreUnavailableError */
async function publishAll(state: PublisherState, changes: readonly Change[]): Promise<void> {
  await forEachBounded(chunk(changes, INTENTS_PER_BATCH), BATCH_WIDTH, (batch) => publishBatch(state, batch));
}

async function publishBatch(state: PublisherState, changes: readonly Change[]): Promise<void> {
  const { requests, shards, owed } = state;
  for (const change of changes) owed.add(change);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const intents: Intent[] = [];
    for (const change of changes) {
      intents.push(await makeIntent(state, { cell: change, from: change.from, isSingle: false }));
    }
    try {
      await requests.putAll(
        intents.flatMap(({ item }) => item ?? []),
        shards.throttled,
      );
    } catch (error) {
      for (const intent of intents) noteFailed(state, intent);
      throw error;
    }
    if (!intents.map((intent) => noteStored(state, intent)).every(Boolean)) continue;
    for (const change of changes) owed.settle(change);
    return;
  }
  throw new StoreUnavailableError(`the change feed took longer than ${COMMIT_MS} ms, ${MAX_TRIES} times`);
}

/** Stores confirmations that found no intent to ride on. */
async function storeConfirmations(state: PublisherState): Promise<void> {
  const { clock, requests, shards, waiting, writer } = state;
  for (let taken = waiting.takeAlone(); taken.length > 0; taken = waiting.takeAlone()) {
    const atMs = clock.now();
    try {
      const sk = confirmationSortKey(atMs, nonceOf(writer, state.count++));
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

/** A name that no other process has: 40 bits. */
function newWriter(): string {
  return crypto
    .getRandomValues(new Uint32Array(2))
    .reduce((text, part) => text + (part >>> 12).toString(36).padStart(4, "0"), "");
}
