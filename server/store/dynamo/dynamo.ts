import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { flagsPartition, idempotencyKey, memoKey } from "../keys.ts";
import { CLAIM_LIFETIME_MS, changesOf, FEED_LIFETIME_MS, parseCursor } from "../log-changes.ts";
import { ttlSeconds } from "../rows.ts";
import { cellsOf, everyCell } from "./all-cells.ts";
import { collect } from "./batches.ts";
import { createCellReader } from "./cell-reader.ts";
import { claim } from "./claims.ts";
import { createFeed } from "./feed.ts";
import { createFeedShards } from "./feed-shards.ts";
import { createPublisher } from "./publisher.ts";
import { createRequests, type RequestOptions, storeError } from "./requests.ts";
import { createRowEditor } from "./row-editor.ts";
import { createRowReader } from "./row-reader.ts";
import { createRowWriter } from "./row-writer.ts";
import { createShards } from "./shards.ts";
import { migrateTable } from "./table.ts";
import { createUnappliedRows } from "./unapplied-rows.ts";
import { createWriteSharding } from "./write-sharding.ts";

export type DynamoStoreOptions = RequestOptions & {
  readonly clock: Clock;
  /** Rows a second of this process from which on a cell's new rows are spread over shards. */
  readonly hotRowsPerSecond?: number;
};

/**
 * A cell is hot from so many rows a second of one process on. DynamoDB takes 1 000 of a partition, so five processes may write
 * to it at the brink of being hot.
 */
const HOT_ROWS_PER_SECOND = 200;
/** A row that is not stored after so long is tried again: in a Worker its request may have ended. */
const APPLY_AGAIN_MS = 250;
/** What a reader looks through who knows nothing: enough for a process that starts again. */
const RECENT_MS = 15 * 60_000;

/**
 * A report store on DynamoDB or an emulator of it; `keys.ts` tells the layout of the table, `publisher.ts` how changes are
 * published. `close` destroys the client.
 *
 * Consistency: reads are eventually consistent, at half the price, except for those of a cell that this process itself
 * wrote to a moment ago, because a writer must see its own report at once. Another process may read a cell a moment too
 * early after `readChanges`, but is told again for some seconds.
 *
 * A row is never written again after it was put, so that a request that arrives twice, or late, does no harm; what an edit makes of
 * it stands beside, in an item with a version, which is written on the condition that the version is the next.
 */
export function createDynamoStore(options: DynamoStoreOptions): ReportStore {
  const { client, table, clock, hotRowsPerSecond = HOT_ROWS_PER_SECOND } = options;
  const requests = createRequests(options);
  const feedShards = createFeedShards({ clock, requests });
  const publisher = createPublisher({ clock, requests, shards: feedShards });
  const shards = createShards({ clock, requests });
  const sharding = createWriteSharding({ clock, rowsPerSecond: hotRowsPerSecond });
  const unapplied = createUnappliedRows();
  const writer = createRowWriter({ clock, requests, publisher, shards, sharding, feedShards, unapplied });
  const feed = createFeed({ clock, requests, shards: feedShards, apply: writer.applyFound });
  const reading = { clock, requests, unapplied, isConsistent: publisher.wroteLately };
  const rowReader = createRowReader(reading);

  return {
    async migrate() {
      try {
        await migrateTable(client, table);
      } catch (error) {
        throw storeError(error, table);
      }
    },

    shardFor: (cell) => Math.floor(Math.random() * sharding.add(cell)),

    append: writer.append,
    put: writer.put,
    putMany: writer.putMany,
    edit: createRowEditor({ requests, publisher, shards, readRows: rowReader.readRows }),

    get: async (id) => (await rowReader.getMany([id]))[0],
    getMany: rowReader.getMany,

    ...createCellReader({ ...reading, shards }),

    async flag(reportId, { flagger, reason, untilMs }) {
      const pk = flagsPartition(reportId);
      const Item = { pk, sk: flagger, ...(reason && { reason }), expires_at: ttlSeconds(untilMs) };
      await requests.putIf({ Item, ConditionExpression: "attribute_not_exists(pk)" });
      const pages = requests.queryPages({
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": pk },
        ConsistentRead: true,
      });
      return (await collect(pages)).length;
    },

    cells: () => cellsOf(requests),

    async isEmpty() {
      for await (const _ of cellsOf(requests)) return false;
      return true;
    },

    async readChanges(cursor) {
      const now = clock.now();
      const next = String(now);
      if (cursor === undefined) return { changes: [], cursor: next };
      const sinceMs = parseCursor(cursor);
      if (now - sinceMs <= FEED_LIFETIME_MS) return { changes: await feed.readSince(sinceMs), cursor: next };
      await feed.recover(now - RECENT_MS, now);
      return { changes: await everyCell(requests), cursor: next };
    },

    async confirm({ isLast = false } = {}) {
      await writer.applyLate(isLast ? 0 : APPLY_AGAIN_MS);
      await publisher.flush();
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

    async claimKey(keyHash, { fingerprint, reportId }) {
      const untilMs = clock.now() + CLAIM_LIFETIME_MS;
      const value = { fingerprint, report_id: reportId };
      const held = await claim(requests, clock, idempotencyKey(keyHash), value, { untilMs });
      return { fingerprint: held.fingerprint, reportId: held.report_id };
    },

    remember: async (key, value, options) => (await claim(requests, clock, memoKey(key), { value }, options)).value,

    async ping() {
      await requests.get({ pk: "ping", sk: "ping" }, false);
    },

    async close() {
      client.destroy();
    },
  };
}
