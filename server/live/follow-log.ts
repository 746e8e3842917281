import { LRUCache } from "lru-cache";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { columnsOfReports, type ReportColumns } from "../../tiles/report-columns.ts";
import type { Log } from "../console/log.ts";
import type { LogChange, ReportStore } from "../ports/report-store.ts";
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
/** Cells whose rows are read in one poll, where the feed does not bring them; of what is beyond, the cell is told. */
const MAX_READS = 32;
/** A change is told for longer than two of these, so it is new in one of them, whatever was told of its cell in another. */
const SPAN_MS = 2000;
/** Rows that were told. A change is told by the store for some seconds. */
const MAX_SEEN = 20_000;

const spanNow = (): number => Math.floor(performance.now() / SPAN_MS);

export interface FollowLogOptions {
  readonly store: Pick<ReportStore, "readChanges" | "readNewest">;
  readonly hub: LiveHub;
  readonly log: Log;
}

export function createLogFollower({ store, hub, log }: FollowLogOptions): LogFollower {
  const seen = new LRUCache<string, true>({ max: MAX_SEEN });
  let cursor: string | undefined;

  async function tell(change: LogChange): Promise<void> {
    const { layer, geohash5, from } = change;
    const rows = change.rows ?? columnsOfReports(await store.readNewest(change, 2 * MAX_PLACES, { from }));
    const places = newPlaces(change, rows);
    // Nothing new to read, but told of lately for the first time: a report is gone, its row cannot be read yet, or of its quarter of an hour
    // there are more than are read. All changes of a quarter begin at the same place.
    const isUnexplained =
      change.rows === undefined && places.length === 0 && isNew(`${layer}/${geohash5}/${from}/${spanNow()}`);
    if (isUnexplained || places.length > MAX_PLACES) return hub.publish(layer, geohash5);
    for (const place of places) hub.publish(layer, place);
  }

  function newPlaces({ layer, geohash5 }: LogChange, rows: ReportColumns): string[] {
    const places: string[] = [];
    for (let i = 0; i < rows.length; i++) {
      if (!isNew(`${layer}/${geohash5}/${rows.createdAtMs[i]}/${rows.idRest[i]}`)) continue;
      const [lonE6 = 0, latE6 = 0] = [rows.lonE6[i], rows.latE6[i]];
      places.push(encodeGeohash(lonE6 / 1e6, latE6 / 1e6, PLACE_PRECISION));
    }
    return places;
  }

  function isNew(key: string): boolean {
    if (seen.has(key)) return false;
    seen.set(key, true);
    return true;
  }

  return {
    async begin() {
      cursor = (await store.readChanges()).cursor;
    },
    async poll() {
      const { changes, cursor: next } = await store.readChanges(cursor);
      const watched = changes.filter(({ layer, geohash5 }) => hub.isWatched(layer, geohash5));
      const unread = watched.filter(({ rows }) => rows === undefined);
      const unreadable = new Set(unread.slice(MAX_READS));
      for (const { layer, geohash5 } of unreadable) hub.publish(layer, geohash5);
      const told = await Promise.allSettled(watched.filter((change) => !unreadable.has(change)).map(tell));
      for (const result of told) if (result.status === "rejected") throw result.reason;
      cursor = next;
      log.debug("changes told", { changes: changes.length, watched: watched.length });
    },
  };
}
