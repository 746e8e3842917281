import type { Report } from "../../tiles/report.ts";
import { timeOfId } from "../../tiles/report-id.ts";
import { mapLimited } from "../kit/map-limited.ts";

/** A report that was found; all of it where that came along. */
export interface Found {
  readonly id: string;
  readonly report?: Report;
}

/** A place that may hold reports, not looked into so far. */
export interface Unopened {
  /** Its reports were created before, Unix milliseconds. */
  readonly beforeMs: number;
  /** Whether looking into it asks the store. */
  readonly isRead: boolean;
  /** Looks into it; reports created before `oldestMs` are not wanted. */
  open(oldestMs: number): Promise<Opened>;
}

export interface Opened {
  /** Its newest reports, in any order: enough of them, and what is left out is in `unopened`. */
  readonly found: readonly Found[];
  readonly unopened?: readonly Unopened[];
}

export interface FindOptions {
  /** Reports of a page. */
  readonly limit: number;
  /** After so many places that asked the store, the page ends as soon as a report is certain to be the newest. */
  readonly endAfter: number;
  /** A page that must look into more is refused; without it there is no such number. */
  readonly most?: number;
}

export interface FoundPage {
  /** Newest first. Fewer than the limit do not mean the end: a missing `next` does. */
  readonly found: readonly Found[];
  /** The last one's id, when there may be older ones. */
  readonly next?: string;
}

/** A page would have to look into too many places. */
export class TooWideError extends Error {
  override readonly name = "TooWideError";
}

/** Places looked into at once. */
const WIDTH = 16;

/**
 * The newest reports in some places, of which only is known how new each one's newest can be: they are opened newest first,
 * until none that is left can hold a newer report than those found.
 *
 * A place that is opened because of its newest report holds one of the page, as a rule, so no more are opened at once than
 * reports are missing. When a page has to end early, it holds what is certain: no unopened place has anything newer.
 * @throws TooWideError
 */
export async function findNewest(places: readonly Unopened[], options: FindOptions): Promise<FoundPage> {
  const { limit, endAfter, most = Infinity } = options;
  const found = new Map<string, Found>();
  let unopened = [...places];
  for (let reads = 0; ; ) {
    const newest = takeNewest(found, limit + 1);
    const last = newest[limit - 1];
    const lastMs = last === undefined ? -Infinity : timeOfId(last.id);
    unopened.sort((a, b) => b.beforeMs - a.beforeMs);
    const nextMs = unopened[0]?.beforeMs ?? -Infinity;
    if (nextMs <= lastMs) return pageOf(newest, limit, unopened.length > 0);

    const certain = newest.filter(({ id }) => timeOfId(id) >= nextMs);
    if (reads >= endAfter && certain.length > 0) return pageOf(certain, limit, true);
    // Of those that come first alike, none can be left out.
    const alike = unopened.findLastIndex(({ beforeMs }) => beforeMs === nextMs) + 1;
    const left = reads < endAfter ? endAfter - reads : WIDTH;
    const width = Math.min(WIDTH, left, Math.max(limit - certain.length, alike));
    const next = unopened.slice(0, width).filter(({ beforeMs }) => beforeMs > lastMs);
    reads += next.filter(({ isRead }) => isRead).length;
    if (reads > most) throw new TooWideError(`more than ${most} places`);
    // One more than the page takes tells that there is another.
    const spare = newest[limit];
    const oldestMs = spare === undefined ? -Infinity : timeOfId(spare.id);
    const opened = await mapLimited(next, WIDTH, (place) => place.open(oldestMs));
    unopened = unopened.slice(next.length);
    for (const each of opened) {
      for (const one of each.found) if (one.report !== undefined || !found.has(one.id)) found.set(one.id, one);
      unopened.push(...(each.unopened ?? []));
    }
  }
}

/** The newest of what was found, newest first; forgets the others. */
function takeNewest(found: Map<string, Found>, count: number): Found[] {
  const newest = [...found.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  for (const { id } of newest.splice(count)) found.delete(id);
  return newest;
}

function pageOf(newest: readonly Found[], limit: number, isMoreUnopened: boolean): FoundPage {
  const found = newest.slice(0, limit);
  const next = newest.length > limit || isMoreUnopened ? found.at(-1)?.id : undefined;
  return { found, ...(next !== undefined && { next }) };
}
