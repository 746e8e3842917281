import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import { cellName, cellOfPartition, cellOfReport, type Key } from "../keys.ts";
import { type ReportRow, rowOfReport } from "../rows.ts";
import { forEachBounded } from "./batches.ts";
import type { FeedShards } from "./feed-shards.ts";
import { isHotPartition, type Requests } from "./requests.ts";
import type { Shards } from "./shards.ts";
import type { WriteSharding } from "./write-sharding.ts";

/** Puts rows and intents: in shards that readers find, and where a partition takes no more, the next writes are spread wider. */
export interface RowPuts {
  putIntent(item: Key): Promise<void>;
  /** Stores a report's row unless it is there; whether it was not. */
  putRow(report: Report): Promise<boolean>;
  /** Opens the shards that a batch needs, each once; to be awaited before its rows are put. */
  openShards(reports: readonly Report[]): Promise<void>;
  /** Stores rows that are not there. */
  putRows(rows: readonly ReportRow[]): Promise<void>;
}

export interface RowPutsOptions {
  readonly requests: Requests;
  readonly shards: Shards;
  readonly sharding: WriteSharding;
  readonly feedShards: FeedShards;
}

/** Shards of a batch that are opened at a time. */
const SHARDS_WIDTH = 8;

export function createRowPuts({ requests, shards, sharding, feedShards }: RowPutsOptions): RowPuts {
  /** Partitions that took no more, whoever else writes there. */
  function noteRefused(refused: readonly Key[]): void {
    for (const { pk } of refused) {
      const cell = cellOfPartition(pk);
      if (cell === undefined) feedShards.throttled();
      else sharding.throttled(cell);
    }
  }

  /** The same, of a put alone. */
  async function noting<T>(key: Key, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (isHotPartition(error)) noteRefused([key]);
      throw error;
    }
  }

  return {
    putIntent: (item) => noting(item, requests.put({ Item: { ...item } })),

    async putRow(report) {
      const row = rowOfReport(report);
      await shards.open(cellOfReport(report), shardOf(report), report.expiresAtMs);
      return noting(row, requests.putIf({ Item: { ...row }, ConditionExpression: "attribute_not_exists(pk)" }));
    },

    async openShards(reports) {
      await forEachBounded(longestLived(reports), SHARDS_WIDTH, (report) =>
        shards.open(cellOfReport(report), shardOf(report), report.expiresAtMs),
      );
    },

    putRows: (rows) => requests.putAll(rows, noteRefused),
  };
}

const shardOf = (report: Report): number => parseReportId(report.id)?.shard ?? 0;

/** Of each shard beside 0 the report that expires last. */
function longestLived(reports: readonly Report[]): Report[] {
  const lasts = new Map<string, Report>();
  for (const report of reports) {
    if (shardOf(report) === 0) continue;
    const name = `${cellName(cellOfReport(report))}#${shardOf(report)}`;
    if (report.expiresAtMs > (lasts.get(name)?.expiresAtMs ?? 0)) lasts.set(name, report);
  }
  return [...lasts.values()];
}
