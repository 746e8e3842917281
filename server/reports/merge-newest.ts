import type { Report } from "../../tiles/report.ts";
import { mapLimited } from "../map-limited.ts";

/** One sorted run: the newest `limit` reports with ids below `before`, newest first; fewer only at its end. */
export type NewestRun = (limit: number, before: string | undefined) => Promise<readonly Report[]>;

/** Reports read from a run the second time and so on: doubling, up to this many. */
const MAX_CHUNK = 512;

interface Head {
  readonly read: NewestRun;
  rows: readonly Report[];
  /** Index into `rows` of the newest report not yet handed out. */
  at: number;
  chunk: number;
  ended: boolean;
}

/**
 * Merges runs into one, newest first, reading each only as far as it is asked for. `chunk` is how many reports are first
 * read of each; at most `concurrency` reads are under way at once.
 */
export async function* mergeNewest(
  runs: readonly NewestRun[],
  chunk: number,
  concurrency: number,
): AsyncGenerator<Report, void, void> {
  const heads = runs.map((read): Head => ({ read, rows: [], at: 0, chunk, ended: false }));
  await mapLimited(heads, concurrency, refill);
  const heap: Head[] = [];
  for (const head of heads) if (head.rows.length > 0) pushHead(heap, head);

  for (let head = heap[0]; head !== undefined; head = heap[0]) {
    const report = head.rows[head.at++];
    if (report !== undefined) yield report;
    if (head.at >= head.rows.length) await refill(head);
    if (head.at < head.rows.length) sinkTop(heap);
    else removeTop(heap);
  }
}

async function refill(head: Head): Promise<void> {
  if (head.ended) return;
  const rows = await head.read(head.chunk, head.rows.at(-1)?.id);
  head.ended = rows.length < head.chunk;
  head.chunk = Math.max(head.chunk, Math.min(MAX_CHUNK, head.chunk * 2));
  head.rows = rows;
  head.at = 0;
}

// A binary heap with the newest head on top.

const idOf = (head: Head | undefined): string => head?.rows[head.at]?.id ?? "";

function pushHead(heap: Head[], head: Head): void {
  let child = heap.push(head) - 1;
  for (let parent = (child - 1) >> 1; child > 0 && idOf(heap[parent]) < idOf(heap[child]); parent = (child - 1) >> 1) {
    swap(heap, child, parent);
    child = parent;
  }
}

function removeTop(heap: Head[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  sinkTop(heap);
}

function sinkTop(heap: Head[]): void {
  for (let parent = 0; ; ) {
    let child = 2 * parent + 1;
    if (child + 1 < heap.length && idOf(heap[child]) < idOf(heap[child + 1])) child++;
    if (child >= heap.length || idOf(heap[child]) <= idOf(heap[parent])) return;
    swap(heap, child, parent);
    parent = child;
  }
}

function swap(heap: Head[], a: number, b: number): void {
  const [headA, headB] = [heap[a], heap[b]];
  if (headA === undefined || headB === undefined) return;
  heap[a] = headB;
  heap[b] = headA;
}
