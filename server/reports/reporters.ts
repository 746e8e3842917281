import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { Report } from "../../tiles/report.ts";
import { lineOf, siteOf } from "../kit/network-address.ts";
import { sha256Hex } from "../kit/sha256.ts";
import { DAY_MS, formatDay, startOfDay } from "../kit/utc-time.ts";
import type { ReportStore } from "../ports/report-store.ts";

/** Tells the reports of one client in one neighbourhood, layer and UTC day from others'. */
export interface Reporters {
  /**
   * The bucket, 1..255, of a report from an address.
   * @param isCrowd whether it counts as one client's with others of its network (`flood-watch.ts`)
   * @throws StoreUnavailableError
   */
  bucketOf(address: string, report: Report, isCrowd?: boolean): Promise<number>;
}

const BUCKETS = 255;
const NEIGHBORHOOD_PRECISION = 6;
/** The day's salt outlives it by less: a report that is sent again after midnight is still its reporter's. */
const SALT_SPARE_MS = 3_600_000;
/** Of the day, and of the one before for reports that are sent again. */
const SALTS_KEPT = 2;

/**
 * A bucket is one byte of a hash of the client with a salt that all processes share through the store, and that is forgotten after the
 * day. So what is kept tells nobody who reported, links no two places, layers or days, and two people share a bucket once in 255 times.
 */
export function createReporters(store: Pick<ReportStore, "remember">): Reporters {
  const salts = new Map<string, Promise<string>>();

  function saltOf(timeMs: number): Promise<string> {
    const day = formatDay(timeMs);
    const known = salts.get(day);
    if (known !== undefined) return known;
    const untilMs = startOfDay(timeMs) + DAY_MS + SALT_SPARE_MS;
    const salt = store.remember(`reporter-salt/${day}`, crypto.randomUUID(), { untilMs });
    salts.set(day, salt);
    salt.catch(() => salts.delete(day));
    for (const old of [...salts.keys()].sort().slice(0, -SALTS_KEPT)) salts.delete(old);
    return salt;
  }

  return {
    async bucketOf(address, { layer, lonDeg, latDeg, createdAtMs }, isCrowd = false) {
      const place = encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION);
      const client = isCrowd ? siteOf(address) : lineOf(address);
      const who = [await saltOf(createdAtMs), client, layer, place, formatDay(createdAtMs)].join(" ");
      return 1 + (Number.parseInt(sha256Hex(who).slice(0, 8), 16) % BUCKETS);
    },
  };
}
