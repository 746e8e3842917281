import type { TimeSpan } from "../fields/time.ts";

/** How many rows of a file happened when, by days, in memory that does not grow with the file. */
export interface TimeCounts {
  add(timeMs: number): void;
  /** The span that the rows fill, without what lies far away; `undefined` when there is none. */
  typical(): TypicalSpan | undefined;
  /** How many rows happened at times of which that is so, to the day. */
  count(test: (timeMs: number) => boolean): number;
}

export interface TypicalSpan extends TimeSpan {
  /** The rows on either side that are not in it. */
  readonly before?: CutRows;
  readonly after?: CutRows;
}

export interface CutRows extends TimeSpan {
  readonly rows: number;
}

interface Bucket extends CutRows {
  rows: number;
  oldestMs: number;
  newestMs: number;
}

const DAY_MS = 86_400_000;
/** 45 years of days; beyond that days are taken together, twice as many each time. */
const MOST_BUCKETS = 16_384;
/** At most so large a part of the rows is cut on either side, so of fewer than twenty none. */
const CUT_SHARE = 0.05;
/** What is farther away than so many times the width of what is taken so far is cut. */
const REACH = 5;

export function createTimeCounts(): TimeCounts {
  let bucketMs = DAY_MS;
  let buckets = new Map<number, Bucket>();
  let rows = 0;

  function put({ rows: count, oldestMs, newestMs }: CutRows): void {
    const key = Math.floor(oldestMs / bucketMs);
    const bucket = buckets.get(key);
    if (bucket === undefined) {
      buckets.set(key, { rows: count, oldestMs, newestMs });
      if (buckets.size > MOST_BUCKETS) coarsen();
      return;
    }
    bucket.rows += count;
    if (oldestMs < bucket.oldestMs) bucket.oldestMs = oldestMs;
    if (newestMs > bucket.newestMs) bucket.newestMs = newestMs;
  }

  function coarsen(): void {
    const before = buckets;
    buckets = new Map();
    bucketMs *= 2;
    for (const bucket of before.values()) put(bucket);
  }

  return {
    add(timeMs) {
      rows++;
      const bucket = buckets.get(Math.floor(timeMs / bucketMs));
      if (bucket === undefined) return put({ rows: 1, oldestMs: timeMs, newestMs: timeMs });
      bucket.rows++;
      if (timeMs < bucket.oldestMs) bucket.oldestMs = timeMs;
      if (timeMs > bucket.newestMs) bucket.newestMs = timeMs;
    },
    typical() {
      const sorted = [...buckets.values()].sort((a, b) => a.oldestMs - b.oldestMs);
      return sorted.length === 0 ? undefined : typicalOf(sorted, Math.floor(rows * CUT_SHARE));
    },
    count(test) {
      let count = 0;
      for (const bucket of buckets.values()) {
        if (test(bucket.oldestMs) && test(bucket.newestMs)) count += bucket.rows;
      }
      return count;
    },
  };
}

/**
 * From the central rows outwards, as long as the next row is near, by the width of what has been taken so far. A history that is sparse
 * before it is dense is taken whole, since each of its rows makes what counts as near wider; dates that were mistyped or stand for
 * "unknown" lie behind a gap that is many times longer than the whole rest.
 * @param mostCut rows that may be cut on either side
 */
function typicalOf(buckets: readonly Bucket[], mostCut: number): TypicalSpan {
  const at = (index: number): Bucket => buckets[index] as Bucket;
  let [first, last] = [0, buckets.length - 1];
  for (let left = mostCut - at(first).rows; left >= 0 && first < last; left -= at(first).rows) first++;
  for (let left = mostCut - at(last).rows; left >= 0 && last > first; left -= at(last).rows) last--;

  for (;;) {
    const reachMs = REACH * Math.max(at(last).newestMs - at(first).oldestMs, DAY_MS);
    if (first > 0 && at(first - 1).newestMs >= at(first).oldestMs - reachMs) first--;
    else if (last < buckets.length - 1 && at(last + 1).oldestMs <= at(last).newestMs + reachMs) last++;
    else break;
  }
  const [before, after] = [cutRows(buckets.slice(0, first)), cutRows(buckets.slice(last + 1))];
  const span = { oldestMs: at(first).oldestMs, newestMs: at(last).newestMs };
  return { ...span, ...(before && { before }), ...(after && { after }) };
}

function cutRows(buckets: readonly Bucket[]): CutRows | undefined {
  const [oldest, newest] = [buckets[0], buckets.at(-1)];
  if (oldest === undefined || newest === undefined) return undefined;
  const rows = buckets.reduce((sum, bucket) => sum + bucket.rows, 0);
  return { rows, oldestMs: oldest.oldestMs, newestMs: newest.newestMs };
}
