import type { ReportLayer } from "../../tiles/layers.ts";
import { encodeReports } from "../../tiles/report-codec.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
import { idTimePrefix, parseReportId } from "../../tiles/report-id.ts";
import { type Clock, type LogCell, type LogChange, StoreUnavailableError } from "../ports.ts";
import { chunk, forEachBounded } from "./batches.ts";
import { directoryKey, feedKey, type Key } from "./keys.ts";
import { FEED_LIFETIME_MS } from "./log.ts";
import { createRecentCells } from "./recent.ts";
import { ttlSeconds } from "./rows.ts";

/**
 * Tells other processes of rows, through the change feed and the directory of cells.
 *
 * Why one feed item may stand for the writes of a second. An item carries its writer's time T, and every reader tells it
 * again until it has polled at a time later than T + OVERLAP_MS, see `readFeed`. So an item is enough for every row that
 * is stored before that last poll, also for rows that came after the item. With
 *
 *     COMMIT_MS    the longest from T until the item is stored; a slower one is written again with a new T
 *     COVERED_MS   the longest from T until a later row is stored that is taken as told
 *     OVERLAP_MS   5 s
 *
 * 3 s are left for the clocks of the processes to differ and for eventually consistent reads to catch up. Nobody waits for
 * a timer, the first write is not delayed, nothing is left to flush at the end, and no promise is shared between requests
 * (which a Worker must not do). Writers of one cell that start while its first item is under way write an item each.
 *
 * An item may bring the rows that it tells of; then nobody need read them, and it stands for no others. Readers rely on such a
 * row being told within FRESH_ROW_MS of its creation, with the clocks' 3 s in it. A row that is older when it is stored, such as
 * an imported one, is told of in the plain way, and so are the rows of a cell that gets many a second: an item for each of these
 * would be more than the feed's partition takes.
 */
export const OVERLAP_MS = 5000;
const COVERED_MS = 1000;
const COMMIT_MS = 2000;
const MAX_TRIES = 3;

/**
 * Items name a point this long before their oldest row, so that a write of the same second that started earlier, or whose
 * clock is slightly behind, is covered too. Readers read a second more.
 */
const SLACK_MS = 1000;

/** Eventually consistent reads lag by less than a second; a process reads strongly for this long after its own writes. */
const READ_OWN_WRITES_MS = 10_000;

/** Age of a row at which an item may still bring it; it is stored COMMIT_MS later at most. */
const MAX_TOLD_AGE_MS = 5000;
/** Items with rows that a process writes for a cell in COVERED_MS. */
const MAX_ROW_ITEMS = 8;

/** Two items a cell, and 25 puts a request. */
const CELLS_PER_BATCH = 12;
const BATCH_WIDTH = 4;

const NEVER = Number.NEGATIVE_INFINITY;

interface CellState {
  listed: boolean;
  /** When this process last wrote a row. */
  wroteAtMs: number;
  /** Time and start of the last feed item that is stored. */
  toldAtMs: number;
  toldFrom: string;
  /** Items with rows since a time. */
  rowItems: number;
  rowItemsSinceMs: number;
}

export interface Announcer {
  /**
   * Resolves once the directory lists the cells and the feed tells of the changes. To be called when the rows are stored.
   * @throws StoreUnavailableError
   */
  announce(changes: readonly LogChange[]): Promise<void>;
  /** True when this process wrote to a cell so lately that an eventually consistent read might miss it. */
  wroteLately(cell: LogCell): boolean;
  /** The same for the directory of a layer. */
  listedLately(layer: ReportLayer): boolean;
}

export function createAnnouncer(options: {
  clock: Clock;
  putAll: (items: readonly Key[]) => Promise<void>;
}): Announcer {
  const { clock, putAll } = options;
  // One that was forgotten is only listed and told once too often.
  const cells = createRecentCells<CellState>(() => ({
    listed: false,
    wroteAtMs: NEVER,
    toldAtMs: NEVER,
    toldFrom: "",
    rowItems: 0,
    rowItemsSinceMs: NEVER,
  }));
  const listedAtMs = new Map<ReportLayer, number>();
  const nextNonce = createNonces();
  const lately = (timeMs = NEVER) => Math.abs(clock.now() - timeMs) <= READ_OWN_WRITES_MS;

  async function write(changes: readonly LogChange[]): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const now = clock.now();
      // What took too long once may be too old now: from the second time on everything is told in the plain way.
      const told = changes.map((change) => {
        const state = cells.of(change);
        const rows = tries === 0 && mayBring(change, state, now) ? change.rows : undefined;
        return { change, state, rows, from: withSlack(change.from) };
      });
      await putAll(
        told.flatMap(({ change, state, rows, from }) => [
          ...(state.listed ? [] : [directoryKey(change)]),
          {
            ...feedKey(now, change, nextNonce()),
            from,
            ...(rows === undefined ? {} : { rows: encodeReports(rows, change.geohash5) }),
            expires_at: ttlSeconds(now + FEED_LIFETIME_MS),
          },
        ]),
      );
      for (const { change, state } of told) {
        if (!state.listed) listedAtMs.set(change.layer, clock.now());
        state.listed = true;
      }
      if (clock.now() - now > COMMIT_MS) continue;
      for (const { state, rows, from } of told) {
        if (rows !== undefined) continue;
        state.toldAtMs = now;
        state.toldFrom = from;
      }
      return;
    }
    throw new StoreUnavailableError(`the change feed took longer than ${COMMIT_MS} ms, ${MAX_TRIES} times`);
  }

  return {
    async announce(changes) {
      const now = clock.now();
      const untold = changes.filter((change) => {
        const state = cells.of(change);
        state.wroteAtMs = now;
        const ageMs = now - state.toldAtMs;
        return !(state.listed && ageMs >= 0 && ageMs <= COVERED_MS && state.toldFrom <= change.from);
      });
      await forEachBounded(chunk(untold, CELLS_PER_BATCH), BATCH_WIDTH, write);
    },

    wroteLately: (cell) => lately(cells.peek(cell)?.wroteAtMs),
    listedLately: (layer) => lately(listedAtMs.get(layer)),
  };
}

/** Whether an item may bring a change's rows; counts it. */
function mayBring({ rows }: LogChange, state: CellState, nowMs: number): boolean {
  if (rows === undefined || !isFresh(rows, nowMs)) return false;
  if (Math.abs(nowMs - state.rowItemsSinceMs) > COVERED_MS) {
    state.rowItems = 0;
    state.rowItemsSinceMs = nowMs;
  }
  return ++state.rowItems <= MAX_ROW_ITEMS;
}

/** Whether the feed may bring rows: they were created just now. */
export function isFresh({ createdAtMs }: ReportColumns, nowMs: number): boolean {
  return createdAtMs.every((createdMs) => Math.abs(nowMs - createdMs) <= MAX_TOLD_AGE_MS);
}

function withSlack(id: string): string {
  return idTimePrefix(Math.max(0, (parseReportId(id)?.createdAtMs ?? 0) - SLACK_MS));
}

/** Names that no other item has: random per writer, counted within. */
function createNonces(): () => string {
  const writer = crypto.getRandomValues(new Uint32Array(2)).reduce((text, part) => text + part.toString(36), "");
  let count = 0;
  return () => `${writer}.${(count++).toString(36)}`;
}
