import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { changesOf, FEED_LIFETIME_MS, parseCursor } from "../log-changes.ts";
import { everyCell } from "./all-cells.ts";
import type { Feed } from "./feed.ts";
import type { Publisher } from "./publisher.ts";
import type { Requests } from "./requests.ts";

/** What a reader looks through who knows nothing: enough for a process that starts again. */
const RECENT_MS = 15 * 60_000;

export interface ChangeReaderOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly feed: Feed;
  readonly publisher: Publisher;
}

/** Reads what changed since a cursor, which is a time: from the feed, or all cells when the feed does not go back so far. */
export function createChangeReader(options: ChangeReaderOptions): Pick<ReportStore, "readChanges" | "recover"> {
  const { clock, requests, feed, publisher } = options;
  return {
    async readChanges(cursor) {
      const now = clock.now();
      const next = String(now);
      if (cursor === undefined) return { changes: [], cursor: next };
      const sinceMs = parseCursor(cursor);
      if (now - sinceMs <= FEED_LIFETIME_MS) return { changes: await feed.readSince(sinceMs), cursor: next };
      await feed.recover(now - RECENT_MS, now);
      return { changes: await everyCell(requests), cursor: next };
    },

    async recover(cursor) {
      const now = clock.now();
      const sinceMs = parseCursor(cursor);
      if (now - sinceMs <= FEED_LIFETIME_MS) return;
      // The last day before everybody slept, and the last of all.
      const found = await feed.recover(sinceMs, Math.min(now - FEED_LIFETIME_MS, sinceMs + FEED_LIFETIME_MS));
      found.push(...(await feed.recover(now - FEED_LIFETIME_MS, now)));
      await publisher.publish(changesOf(found));
    },
  };
}
