import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { parseReportId } from "../../tiles/report-id.ts";
import type { Clock, LogCell, LogChange, PutOutcome, ReportEdit, ReportStore } from "../ports.ts";
import { StoreUnavailableError } from "../ports.ts";
import { chunk, collect, forEachBounded } from "./batches.ts";
import { createCellReader } from "./cell-reader.ts";
import { claim } from "./claims.ts";
import { type EditedVersion, editedReport, nextVersion, versionOfRow } from "./edits.ts";
import { createFeed } from "./feed.ts";
import { createFeedShards } from "./feed-shards.ts";
import { createHeat } from "./heat.ts";
import {
  cellName,
  cellOfPartition,
  cellOfReport,
  editedKey,
  editedOfSortKey,
  FROM_THE_BEGINNING,
  flagsPartition,
  idempotencyKey,
  idOfSortKey,
  type Key,
  logKey,
  memoKey,
  REPORT_PREFIX,
} from "./keys.ts";
import { CLAIM_LIFETIME_MS, FEED_LIFETIME_MS, isLive, mergeChanges, parseCursor } from "./log.ts";
import { createPublisher, type Intent } from "./publisher.ts";
import { createRequests, isHotPartition, type RequestOptions, type Requests, storeError } from "./requests.ts";
import { type EditedRow, type ReportRow, reportOfRow, rowOfReport, ttlSeconds } from "./rows.ts";
import { createShards, type Shards } from "./shards.ts";
import { migrateTable } from "./table.ts";
import { createUnappliedRows } from "./unapplied-rows.ts";

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
/** Clocks differ: what an edit made of a report outlives its row for everybody. */
const EDITED_SPARE_MS = 86_400_000;
/** Rows of a batch that are stored under the same intents: as many as take a moment. */
const ROWS_PER_INTENT = 500;
/** What a reader looks through who knows nothing: enough for a process that starts again. */
const RECENT_MS = 15 * 60_000;
/** Rows of appended reports that are stored at a time. */
const APPLY_WIDTH = 16;
/** A row that is not stored after so long is tried again: in a Worker its request may have ended. */
const APPLY_AGAIN_MS = 250;
/** Others who edit the same report at the same time. */
const MAX_EDIT_TRIES = 8;

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
  const feed = createFeed({ clock, requests, shards: feedShards, apply: applyFound });
  const unapplied = createUnappliedRows();
  /** Of reports whose rows are on their way. */
  const applying = new Map<string, { readonly report: Report; readonly intent: Intent; triedAtMs: number }>();

  const shards = createShards({ clock, requests });
  const heat = createHeat({ clock, rowsPerSecond: hotRowsPerSecond });
  const reader = createCellReader({ clock, requests, shards, isConsistent: publisher.wroteLately, unapplied });

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
    await putRow(report);
    if (!applying.delete(id)) return;
    unapplied.remove(report);
    publisher.confirm(intent, report);
  }

  /** The same of one that somebody else may have put there. */
  async function applyFound(report: Report): Promise<void> {
    const { pk, sk } = rowOfReport(report);
    // So that who is told of it reads it strongly.
    publisher.wrote(cellOfReport(report));
    if ((await requests.get({ pk, sk }, true)) === undefined) await putRow(report);
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
      else heat.throttled(cell);
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

  function shown(row: ReportRow, edited: EditedRow | undefined): Report | undefined {
    const report = edited === undefined ? reportOfRow(row) : editedReport("", versionOfRow(edited), row).report;
    return report !== undefined && row.removed === undefined && isLive(report, clock.now()) ? report : undefined;
  }

  /** Rows, and what edits made of them, by id. */
  async function readRows(ids: readonly string[], consistent: boolean) {
    // DynamoDB refuses a request that names a key twice.
    const keys = [...new Set(ids)].flatMap((id) => {
      const parts = parseReportId(id);
      const key = logKey(id);
      return parts === undefined || key === undefined ? [] : [key, editedKey(parts, id)];
    });
    // Taken before the store is asked: a row that arrives meanwhile is in one of both.
    const waiting = ids.flatMap((id) => unapplied.get(id) ?? []);
    const rows = new Map<string, ReportRow>();
    const edited = new Map<string, EditedRow>();
    for (const item of await requests.getAll<ReportRow & EditedRow>(keys, consistent)) {
      const ofEdited = editedOfSortKey(item.sk);
      if (ofEdited === undefined) rows.set(idOfSortKey(item.sk), item);
      else edited.set(ofEdited, item);
    }
    for (const row of waiting) rows.set(idOfSortKey(row.sk), row);
    return { rows, edited };
  }

  async function getMany(ids: readonly string[]): Promise<Report[]> {
    const lately = ids.map(parseReportId).some((parts) => parts !== undefined && publisher.wroteLately(parts));
    const { rows, edited } = await readRows(ids, lately);
    return ids.flatMap((id) => {
      const row = rows.get(id);
      return (row && shown(row, edited.get(id))) ?? [];
    });
  }

  /**
   * Published before and after it is written, so that wherever this process dies, nobody keeps the version before for want of being
   * told: the first intent stands for writes of the seconds that follow, and the second is only written when the first is older.
   */
  async function putVersion(cell: LogCell, row: ReportRow, known: EditedRow | undefined, next: EditedVersion) {
    const { version, state, content } = next;
    const Item = {
      ...editedKey(cell, idOfSortKey(row.sk)),
      v: version,
      state,
      ...(content === undefined ? {} : { content }),
      expires_at: row.expires_at + EDITED_SPARE_MS / 1000,
    };
    // An item without a version is of an older program.
    const unchanged = known?.v === undefined ? "attribute_not_exists(v)" : "v = :known";
    const isNext = await requests.putIf({
      Item,
      ConditionExpression: unchanged,
      ...(known?.v !== undefined && { ExpressionAttributeValues: { ":known": known.v } }),
    });
    if (isNext) shards.note(cell, [Item], false);
    return isNext;
  }

  async function edit(id: string, change: ReportEdit) {
    for (let tries = 0; tries < MAX_EDIT_TRIES; tries++) {
      const { rows, edited } = await readRows([id], true);
      const row = rows.get(id);
      const cell = parseReportId(id);
      if (row === undefined || cell === undefined) return undefined;
      const ofRow = edited.get(id);
      const known = ofRow && versionOfRow(ofRow);
      const next = nextVersion(known, change);
      if (next === undefined) return undefined;
      const published = { layer: cell.layer, geohash5: cell.geohash5, from: id };
      await publisher.publish([published]);
      if (next !== known && !(await putVersion(cell, row, ofRow, next))) continue;
      if (next.state === "removed" && row.removed === undefined) await requests.put({ Item: blank(row) });
      await publisher.publish([published]);
      return editedReport(id, next, row);
    }
    throw new StoreUnavailableError(`report ${id} was edited by others ${MAX_EDIT_TRIES} times`);
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
      await openShards(shards, missing);
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

    edit,

    get: async (id) => (await getMany([id]))[0],
    getMany,

    ...reader,

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

    async confirm() {
      const late = [...applying].filter(([, { triedAtMs }]) => clock.now() - triedAtMs >= APPLY_AGAIN_MS);
      await forEachBounded(late, APPLY_WIDTH, ([id]) => apply(id));
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
      const cell = parseReportId(reportId);
      const claimed = claim(requests, clock, idempotencyKey(keyHash), value, { untilMs });
      await settled([claimed, cell && publisher.prepare(cell, reportId)]).catch((error: unknown) => {
        publisher.abandon(reportId);
        throw error;
      });
      const held = await claimed;
      if (held.report_id !== reportId) publisher.abandon(reportId);
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

/** Waits for all of them, so that none is under way any more, then rejects with the first failure. */
async function settled(work: readonly unknown[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}

/** A row that says nothing any more, but keeps its id taken. */
const blank = ({ pk, sk, expires_at, expires_ms }: ReportRow): ReportRow => ({
  pk,
  sk,
  ...(expires_ms === undefined ? {} : { expires_ms }),
  category: "",
  severity: 0,
  lon: 0,
  lat: 0,
  removed: true,
  expires_at,
});

const changesOf = (reports: readonly Report[]): LogChange[] =>
  mergeChanges(reports.map((report) => ({ ...cellOfReport(report), from: report.id })));

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

/** Cells of all rows that there are, each once. */
async function* cellsOf(requests: Requests): AsyncGenerator<LogCell> {
  const seen = new Set<string>();
  const pages = requests.scanPages<Key>({
    FilterExpression: "begins_with(sk, :report)",
    ExpressionAttributeValues: { ":report": REPORT_PREFIX },
    ProjectionExpression: "pk",
  });
  for await (const page of pages) {
    for (const { pk } of page) {
      const cell = cellOfPartition(pk);
      if (cell === undefined || seen.has(cellName(cell))) continue;
      seen.add(cellName(cell));
      yield cell;
    }
  }
}

/** For a reader who slept longer than the feed remembers. */
async function everyCell(requests: Requests): Promise<LogChange[]> {
  const changes: LogChange[] = [];
  for await (const cell of cellsOf(requests)) changes.push({ ...cell, from: FROM_THE_BEGINNING });
  return changes;
}
