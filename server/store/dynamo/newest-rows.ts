import type { Report } from "../../../tiles/report.ts";
import type { ReportRow } from "../rows.ts";

/**
 * The newest rows of a cell that has several shards: each is read newest first, a page at a time, and the next page only when the
 * rows of the one before are used up.
 */
export interface ShardRows {
  readonly pages: AsyncIterator<readonly ReportRow[]>;
  rows: readonly ReportRow[];
  /** The next is `rows[at]`; there is none at the end. */
  at: number;
}

/** Rows of a page: a few hundred bytes more than asked for cost less than another request for each that is not shown. */
const MIN_PAGE = 25;
const MAX_PAGE = 5000;

/** Of several shards none is likely to hold much more than its share of the newest. */
export function pageSize(limit: number, shards: number): number {
  const share = Math.min(limit, Math.ceil((1.5 * limit) / shards));
  return Math.min(MAX_PAGE, Math.max(MIN_PAGE, share));
}

const NO_PAGES: ShardRows["pages"] = { next: async () => ({ done: true, value: undefined }) };

/** Rows that are in memory, newest first, as those of a shard. */
export const heldRows = (rows: readonly ReportRow[]): ShardRows => ({ pages: NO_PAGES, rows, at: 0 });

/** Resolves once the first page is there. */
export async function startRows(pages: ShardRows["pages"]): Promise<ShardRows> {
  const shard: ShardRows = { pages, rows: [], at: 0 };
  await refill(shard);
  return shard;
}

async function refill(shard: ShardRows): Promise<void> {
  while (shard.at === shard.rows.length) {
    const { done, value } = await shard.pages.next();
    if (done) return;
    shard.rows = value;
    shard.at = 0;
  }
}

/** Takes rows off the shards, newest first, until so many reports are shown. */
export async function takeNewest(
  shards: readonly ShardRows[],
  limit: number,
  shown: (row: ReportRow) => Report | undefined,
): Promise<Report[]> {
  const newest: Report[] = [];
  let last = "";
  for (;;) {
    let from: ShardRows | undefined;
    for (const shard of shards) if (nextKey(shard) > nextKey(from)) from = shard;
    const row = from?.rows[from.at];
    if (from === undefined || row === undefined) return newest;
    // A row that was on its way may have arrived while the others were read.
    const report = row.sk === last ? undefined : shown(row);
    last = row.sk;
    if (report !== undefined) newest.push(report);
    if (newest.length === limit) return newest;
    from.at++;
    await refill(from);
  }
}

/** Sorts before every sort key when there is none. */
const nextKey = (shard: ShardRows | undefined): string => shard?.rows[shard.at]?.sk ?? "";
