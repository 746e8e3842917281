import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { decodeReports } from "../../tiles/report-codec.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { parseReportId } from "../../tiles/report-id.ts";
import { StoredItemError } from "../../tiles/stored-item.ts";
import type { Clock, LogCell, LogChange, PutOutcome, ReportStore } from "../ports.ts";
import { createAnnouncer, OVERLAP_MS } from "./announcer.ts";
import { collect, forEachBounded } from "./batches.ts";
import { createCellReader } from "./cell-reader.ts";
import { claim } from "./claims.ts";
import { createHeat } from "./heat.ts";
import {
  cellName,
  cellOfFeedKey,
  cellOfReport,
  directoryPartition,
  FROM_THE_BEGINNING,
  feedPartitions,
  feedTime,
  flagsPartition,
  hiddenKey,
  idempotencyKey,
  type Key,
  logKey,
  memoKey,
} from "./keys.ts";
import { CLAIM_LIFETIME_MS, FEED_LIFETIME_MS, isLive, mergeChanges, parseCursor } from "./log.ts";
import { createRequests, isHotPartition, type RequestOptions, type Requests, storeError } from "./requests.ts";
import { type ReportRow, reportOfRow, rowOfReport, ttlSeconds } from "./rows.ts";
import { createShards, type Shards } from "./shards.ts";
import { migrateTable } from "./table.ts";

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
/** Shards of a batch that are opened at a time. */
const SHARDS_WIDTH = 8;
/** Clocks differ: a marker outlives its report for everybody. */
const HIDDEN_SPARE_MS = 86_400_000;
/** Feed partitions read at a time. */
const FEED_WIDTH = 8;

/**
 * A report store on DynamoDB or an emulator of it; `keys.ts` tells the layout of the table. `close` destroys the client.
 *
 * Consistency: reads are eventually consistent, at half the price, except for those of a cell that this process itself
 * wrote to a moment ago, because a writer must see its own report at once. Another process may read a cell a moment too
 * early after `readChanges`, but is told again for some seconds.
 */
export function createDynamoStore(options: DynamoStoreOptions): ReportStore {
  const { client, table, clock, hotRowsPerSecond = HOT_ROWS_PER_SECOND } = options;
  const requests = createRequests(options);
  const announcer = createAnnouncer({ clock, putAll: requests.putAll });

  const shards = createShards({ clock, requests });
  const heat = createHeat({ clock, rowsPerSecond: hotRowsPerSecond });
  const reader = createCellReader({ clock, requests, shards, isConsistent: announcer.wroteLately });

  async function putRow(report: Report, cell: LogCell): Promise<PutOutcome> {
    await shards.open(cell, shardOf(report), report.expiresAtMs);
    try {
      const Item = { ...rowOfReport(report) };
      const isNew = await requests.putIf({ Item, ConditionExpression: "attribute_not_exists(pk)" });
      return isNew ? "created" : "exists";
    } catch (error) {
      if (isHotPartition(error)) heat.throttled(cell);
      throw error;
    }
  }

  function shown(row: ReportRow): Report | undefined {
    const report = reportOfRow(row);
    return isLive(report, clock.now()) && row.hidden === undefined ? report : undefined;
  }

  return {
    async migrate() {
      try {
        await migrateTable(client, table);
      } catch (error) {
        throw storeError(error, table);
      }
    },

    shardFor: (cell) => Math.floor(Math.random() * heat.add(cell)),

    async put(report) {
      const cell = cellOfReport(report);
      const outcome = await putRow(report, cell);
      // Also when it was there: whoever wrote it may have died before the feed told of it. Then it may be another than this.
      const rows = outcome === "created" ? { rows: columnsOfReports([report]) } : {};
      await announcer.announce([{ ...cell, from: report.id, ...rows }]);
      return outcome;
    },

    async putMany(reports) {
      const changes = mergeChanges(reports.map((report) => ({ ...cellOfReport(report), from: report.id })));
      // Reversed, for a Map keeps the last of a key, and a report that is named twice is left as it was first.
      const rows = [...new Map(reports.toReversed().map((report) => [report.id, rowOfReport(report)])).values()];
      const existing = await requests.whichExist(rows);
      const missing = rows.filter(({ sk }) => !existing.has(sk));
      await openShards(shards, reports);
      await requests.putAll(missing);
      await announcer.announce(changes);
      return { written: missing.length, existing: reports.length - missing.length };
    },

    async get(id) {
      const key = logKey(id);
      const parts = parseReportId(id);
      if (key === undefined || parts === undefined) return undefined;
      const row = await requests.get<ReportRow>(key, announcer.wroteLately(parts));
      return row && shown(row);
    },

    async getMany(ids) {
      // DynamoDB refuses a request that names a key twice.
      const keys = [...new Set(ids)].flatMap((id) => logKey(id) ?? []);
      const lately = ids.map(parseReportId).some((parts) => parts !== undefined && announcer.wroteLately(parts));
      const rows = await requests.getAll<ReportRow>(keys, lately);
      const found = new Map(rows.flatMap((row) => shown(row) ?? []).map((report) => [report.id, report]));
      return ids.flatMap((id) => found.get(id) ?? []);
    },

    ...reader,

    async readHidden(cell) {
      await shards.find(cell, announcer.wroteLately(cell));
      // TTL deletes late, and the embedded DynamoDB never.
      const nowSeconds = clock.now() / 1000;
      return [...shards.hidden(cell)].flatMap(([id, expiresAt]) => (expiresAt > nowSeconds ? [id] : []));
    },

    /**
     * The marker is the truth, for everything that reads cells. It is told of before and after it is written, so that wherever
     * this process dies, nobody keeps what the marker hides for want of being told: the first telling stands for writes of the
     * seconds that follow, and the second is only written when the first is older. The row's mark, for reads by id, comes last:
     * while it is not there, the next flag does all of this again.
     */
    async hide(report) {
      const cell = cellOfReport(report);
      const change = { ...cell, from: report.id };
      const marker = { ...hiddenKey(cell, report.id), expires_at: ttlSeconds(report.expiresAtMs + HIDDEN_SPARE_MS) };
      await announcer.announce([change]);
      await requests.put({ Item: marker });
      shards.note(cell, [marker], false);
      await announcer.announce([change]);
      const Item = { ...rowOfReport(report), hidden: true };
      await requests.putIf({ Item, ConditionExpression: "attribute_exists(pk)" });
    },

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

    listCells: (layer, prefix) => listCells(requests, layer, prefix, announcer.listedLately(layer)),

    async readChanges(cursor) {
      const now = clock.now();
      const next = String(now);
      if (cursor === undefined) return { changes: [], cursor: next };
      // A clock that was set back must not hide what is written from now on.
      const fromMs = Math.max(0, Math.min(parseCursor(cursor), now) - OVERLAP_MS);
      const slept = now - fromMs > FEED_LIFETIME_MS;
      return { changes: slept ? await everyCell(requests) : await readFeed(requests, fromMs, now), cursor: next };
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

const shardOf = (report: Report): number => parseReportId(report.id)?.shard ?? 0;

/** Opens the shards that a batch needs, each once. */
async function openShards(shards: Shards, reports: readonly Report[]): Promise<void> {
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

async function listCells(requests: Requests, layer: ReportLayer, prefix = "", consistent = false): Promise<string[]> {
  const named = prefix === "" ? "" : " AND begins_with(sk, :prefix)";
  const pages = requests.queryPages({
    KeyConditionExpression: `pk = :pk${named}`,
    ExpressionAttributeValues: { ":pk": directoryPartition(layer), ...(prefix === "" ? {} : { ":prefix": prefix }) },
    ConsistentRead: consistent,
  });
  return (await collect(pages)).map(({ sk }) => sk);
}

/** Everything that the feed holds since a time; `announcer.ts` says why this tells of every write. */
async function readFeed(requests: Requests, fromMs: number, nowMs: number): Promise<LogChange[]> {
  const changes: LogChange[] = [];
  await forEachBounded(feedPartitions(fromMs, nowMs + OVERLAP_MS), FEED_WIDTH, async (partition) => {
    const pages = requests.queryPages<Key & { from: string; rows?: Uint8Array }>({
      KeyConditionExpression: "pk = :pk AND sk >= :from",
      ExpressionAttributeValues: { ":pk": partition, ":from": feedTime(fromMs) },
    });
    for await (const items of pages) {
      for (const { sk, from, rows } of items) {
        const cell = cellOfFeedKey(sk);
        if (cell !== undefined) changes.push({ ...cell, from, ...rowsOfItem(rows, cell.geohash5) });
      }
    }
  });
  return mergeChanges(changes);
}

/** None when they cannot be read: then the item tells of a change in the plain way. */
function rowsOfItem(body: Uint8Array | undefined, geohash5: string): Pick<LogChange, "rows"> {
  if (body === undefined) return {};
  try {
    return { rows: decodeReports(body, geohash5, "feed") };
  } catch (error) {
    if (error instanceof StoredItemError) return {};
    throw error;
  }
}

/** For a reader who slept longer than the feed remembers. */
async function everyCell(requests: Requests): Promise<LogChange[]> {
  const perLayer = REPORT_LAYERS.map(async (layer) =>
    (await listCells(requests, layer)).map((geohash5) => ({ layer, geohash5, from: FROM_THE_BEGINNING })),
  );
  return (await Promise.all(perLayer)).flat();
}
