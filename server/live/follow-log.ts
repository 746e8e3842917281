import { encodeGeohash } from "../../tiles/geohash.ts";
import type { Log } from "../console/log.ts";
import type { LogChange, ReportStore } from "../ports.ts";
import type { LiveHub } from "./hub.ts";

/** Tells a hub of what is written to the log, wherever it is written, without tiles of its own. */
export interface LogFollower {
  /** Takes the point from which on changes are told. @throws StoreUnavailableError */
  begin(): Promise<void>;
  /** Reads and tells what changed since the last call. Rejects when the store does not answer; it is told later then. */
  poll(): Promise<void>;
}

/** As fine as a report is told, about 38 x 19 m. */
const PLACE_PRECISION = 8;
/** Of more new reports in one cell the cell is told. */
const MAX_PLACES = 8;
/** Cells whose rows are read in one poll; of what is beyond, the cell is told. */
const MAX_READS = 32;
/** Reports that were told. A change is told by the store for some seconds, and its rows read each time. */
const MAX_SEEN = 20_000;

export interface FollowLogOptions {
  readonly store: Pick<ReportStore, "readChanges" | "readNewest">;
  readonly hub: LiveHub;
  readonly log: Log;
}

export function createLogFollower({ store, hub, log }: FollowLogOptions): LogFollower {
  const seen = new Set<string>();
  let cursor: string | undefined;

  async function tell(change: LogChange): Promise<void> {
    const { layer, geohash5, from } = change;
    const rows = await store.readNewest(change, 2 * MAX_PLACES, { from });
    const fresh = rows.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    if (fresh.length > MAX_PLACES) return hub.publish(layer, geohash5);
    for (const { lonDeg, latDeg } of fresh) hub.publish(layer, encodeGeohash(lonDeg, latDeg, PLACE_PRECISION));
  }

  function forgetOldest(): void {
    for (const id of seen) {
      if (seen.size <= MAX_SEEN) return;
      seen.delete(id);
    }
  }

  return {
    async begin() {
      cursor = (await store.readChanges()).cursor;
    },
    async poll() {
      const { changes, cursor: next } = await store.readChanges(cursor);
      const watched = changes.filter(({ layer, geohash5 }) => hub.isWatched(layer, geohash5));
      for (const { layer, geohash5 } of watched.slice(MAX_READS)) hub.publish(layer, geohash5);
      const told = await Promise.allSettled(watched.slice(0, MAX_READS).map(tell));
      for (const result of told) if (result.status === "rejected") throw result.reason;
      cursor = next;
      forgetOldest();
      log.debug("changes told", { changes: changes.length, watched: watched.length });
    },
  };
}
