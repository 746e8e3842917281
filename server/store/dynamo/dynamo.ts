import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { cellsOf } from "./all-cells.ts";
import { createCellReader } from "./cell-reader.ts";
import { createChangeReader } from "./change-reader.ts";
import { createClaims } from "./claims.ts";
import { createFeed } from "./feed.ts";
import { createFeedShards } from "./feed-shards.ts";
import { addFlag, readFlags } from "./flags.ts";
import { createPublisher } from "./publisher.ts";
import { createRequests, type RequestOptions, storeError } from "./requests.ts";
import { createRowApplier } from "./row-applier.ts";
import { createRowEditor } from "./row-editor.ts";
import { createRowPuts } from "./row-puts.ts";
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
  const puts = createRowPuts({ requests, shards, sharding, feedShards });
  const applier = createRowApplier({ clock, requests, publisher, puts, unapplied });
  const feed = createFeed({ clock, requests, shards: feedShards, apply: applier.applyFound });
  const reading = { clock, requests, unapplied, isConsistent: publisher.wroteLately };
  const rowReader = createRowReader({ ...reading, find: feed.find });

  return {
    async migrate() {
      try {
        await migrateTable(client, table);
      } catch (error) {
        throw storeError(error, table);
      }
    },

    shardFor: (cell) => Math.floor(Math.random() * sharding.add(cell)),

    ...createRowWriter({ requests, publisher, puts, applier, unapplied }),
    edit: createRowEditor({ requests, publisher, shards, readRow: rowReader.readRow }),

    get: rowReader.get,
    getMany: rowReader.getMany,

    ...createCellReader({ ...reading, shards }),

    flag: (reportId, flag) => addFlag(requests, reportId, flag),
    flagsOf: (reportId) => readFlags(requests, reportId),

    cells: () => cellsOf(requests),

    async isEmpty() {
      for await (const _ of cellsOf(requests)) return false;
      return true;
    },

    ...createChangeReader({ clock, requests, feed, publisher }),

    async confirm({ isLast = false } = {}) {
      await applier.applyLate(isLast ? 0 : APPLY_AGAIN_MS);
      await publisher.flush();
    },

    ...createClaims({ clock, requests }),

    async ping() {
      await requests.get({ pk: "ping", sk: "ping" }, false);
    },

    async close() {
      client.destroy();
    },
  };
}
