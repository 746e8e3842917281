import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PutOutcome, ReportStore } from "../../ports/report-store.ts";
import { cellName, cellOfPartition, cellOfReport, type Key } from "../keys.ts";
import { changesOf } from "../log-changes.ts";
import { rowOfReport } from "../rows.ts";
import { chunk, forEachBounded } from "./batches.ts";
import type { FeedShards } from "./feed-shards.ts";
import type { Intent } from "./intent.ts";
import type { Publisher } from "./publisher.ts";
import { isHotPartition, type Requests } from "./requests.ts";
import type { Shards } from "./shards.ts";
import type { UnappliedRows } from "./unapplied-rows.ts";
import type { WriteSharding } from "./write-sharding.ts";

/** Stores reports, each published before its row is stored. */
export interface RowWriter extends Pick<ReportStore, "append" | "put" | "putMany"> {
  /** Stores the row of a report that somebody has found in an intent alone. */
  applyFound(report: Report): Promise<void>;
  /** Tries again to store rows of this process's appended reports, last tried so long ago, that are not stored yet. */
  applyLate(sinceMs: number): Promise<void>;
}

export interface RowWriterOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly publisher: Publisher;
  readonly shards: Shards;
  readonly sharding: WriteSharding;
  readonly feedShards: FeedShards;
  readonly unapplied: UnappliedRows;
}

/** Shards of a batch that are opened at a time. */
const SHARDS_WIDTH = 8;
/** Rows of a batch that are stored under the same intents: as many as take a moment. */
const ROWS_PER_INTENT = 500;
/** Rows of appended reports that are stored at a time. */
const APPLY_WIDTH = 16;

export function createRowWriter(options: RowWriterOptions): RowWriter {
  const { clock, requests, publisher, shards, sharding, feedShards, unapplied } = options;
  /** Of reports whose rows are on their way. */
  const applying = new Map<string, { readonly report: Report; readonly intent: Intent; triedAtMs: number }>();

  /** Stores a row behind its intent. The change is published when this resolves; published or owed when it rejects. */
  async function putPublished(report: Report, intent: Intent): Promise<PutOutcome> {
    const { item } = intent;
    try {
      if (item !== undefined) await noting(item, requests.put({ Item: { ...item } }));
      const isNew = await putRow(report);
      if (!publisher.stored(intent)) await publisher.publish([{ ...cellOfReport(report), from: report.id }]);
      if (isNew) publisher.confirm(intent, report);
      return isNew ? "created" : "exists";
    } catch (error) {
      publisher.failed(intent);
      throw error;
    }
  }

  /**
   * Stores a report in its intent, in one request; from then on it is stored, and its row follows. Nothing is when this rejects, or
   * all of it, and then everybody who reads the feed stores the row.
   */
  async function putWhole(report: Report, intent: Intent): Promise<void> {
    const item = intent.item as Key;
    try {
      await noting(item, requests.put({ Item: { ...item } }));
    } catch (error) {
      publisher.failed(intent);
      throw error;
    }
    unapplied.add(report, rowOfReport(report));
    applying.set(report.id, { report, intent, triedAtMs: clock.now() });
    const applied = apply(report.id);
    if (publisher.stored(intent)) {
      // Failed, it is done by `confirm`, or by whoever reads the feed.
      applied.catch(() => {});
      return;
    }
    await applied;
    await publisher.publish([{ ...cellOfReport(report), from: report.id }]);
  }

  /** Stores the row of a report that is in its intent. */
  async function apply(id: string): Promise<void> {
    const entry = applying.get(id);
    if (entry === undefined) return;
    const { report, intent } = entry;
    entry.triedAtMs = clock.now();
    const isNew = await putRow(report);
    if (!applying.delete(id)) return;
    unapplied.remove(report);
    // Another one's row may have been edited since: then its cell is read.
    if (isNew) publisher.confirm(intent, report);
  }

  /** The same of one that somebody else may have put there. */
  async function applyFound(report: Report): Promise<void> {
    const { pk, sk } = rowOfReport(report);
    // So that who is told of it reads it strongly.
    publisher.wrote(cellOfReport(report));
    if ((await requests.get({ pk, sk }, true)) !== undefined) return;
    // The intent may be so old that this process alone reads it still.
    await publisher.publish([{ ...cellOfReport(report), from: report.id }]);
    await putRow(report);
  }

  async function putRow(report: Report): Promise<boolean> {
    const cell = cellOfReport(report);
    const row = rowOfReport(report);
    await shards.open(cell, shardOf(report), report.expiresAtMs);
    return noting(row, requests.putIf({ Item: { ...row }, ConditionExpression: "attribute_not_exists(pk)" }));
  }

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
    async append(report) {
      const cell = cellOfReport(report);
      const isUsual = report.expiresAtMs === report.createdAtMs + REPORT_LIFETIME_MS;
      const isWhole = isUsual && !unapplied.isFull();
      const intent = await publisher.intentFor(cell, report.id, isWhole ? report : undefined);
      if (intent.isWhole) await putWhole(report, intent);
      else await putPublished(report, intent);
    },

    put: async (report) => putPublished(report, await publisher.intentFor(cellOfReport(report), report.id)),

    async putMany(reports) {
      const changes = changesOf(reports);
      // Reversed, for a Map keeps the last of a key, and a report that is named twice is left as it was first.
      const unique = [...new Map(reports.toReversed().map((report) => [report.id, report])).values()];
      const rows = new Map(unique.map((report) => [report, rowOfReport(report)]));
      const existing = await requests.whichExist([...rows.values()]);
      const missing = unique.filter((report) => !existing.has(rows.get(report)?.sk ?? ""));
      await openAll(shards, missing);
      for (const some of chunk(missing, ROWS_PER_INTENT)) {
        // Before the rows, so that they are read wherever this dies.
        await publisher.publish(changesOf(some));
        await requests.putAll(
          some.flatMap((report) => rows.get(report) ?? []),
          noteRefused,
        );
      }
      // All of them: it may have taken long, and who put the existing ones may have died before they were told.
      await publisher.publish(changes);
      return { written: missing.length, existing: reports.length - missing.length };
    },

    applyFound,

    async applyLate(sinceMs) {
      const late = [...applying].filter(([, { triedAtMs }]) => clock.now() - triedAtMs >= sinceMs);
      await forEachBounded(late, APPLY_WIDTH, ([id]) => apply(id));
    },
  };
}

const shardOf = (report: Report): number => parseReportId(report.id)?.shard ?? 0;

/** Opens the shards that a batch needs, each once. */
async function openAll(shards: Shards, reports: readonly Report[]): Promise<void> {
  const needed = new Map<string, Report>();
  for (const report of reports) {
    if (shardOf(report) === 0) continue;
    const name = `${cellName(cellOfReport(report))}#${shardOf(report)}`;
    if (report.expiresAtMs > (needed.get(name)?.expiresAtMs ?? 0)) needed.set(name, report);
  }
  await forEachBounded([...needed.values()], SHARDS_WIDTH, (report) =>
    shards.open(cellOfReport(report), shardOf(report), report.expiresAtMs),
  );
}
