import { columnsOfReports } from "../../../tiles/report-columns.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import type { KeyClaim, ReportStore } from "../../ports/report-store.ts";
import { cellName, cellOfReport } from "../keys.ts";
import { CLAIM_LIFETIME_MS, isFresh } from "../log-changes.ts";
import { createChangeReader } from "./changes.ts";
import { createSqliteDerivedStore } from "./derived-sqlite.ts";
import { createFlagReader } from "./flags.ts";
import { createReportReader, type ReportReader } from "./reader.ts";
import { rowOf } from "./report-rows.ts";
import { IN_MEMORY, openSqlite } from "./schema.ts";
import { asStoreError, createInlineWriter, createThreadWriter, type Writer } from "./writer.ts";
import type { CellPut } from "./writes.ts";

export interface SqliteStoreOptions {
  /** The file, or `IN_MEMORY`. */
  readonly path: string;
  readonly clock: Clock;
  /** Told when nothing can be written any more. */
  readonly onDeath?: (error: Error) => void;
}

export interface SqliteStores {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  /** Deletes some of what has expired; to be called now and then. */
  sweep(): Promise<void>;
}

/**
 * The stores of one machine, in one SQLite file that any number of its processes open. An acknowledged report is on the disk; it and the
 * change that publishes it are one transaction, so there is nothing that could be stored and not published, or the other way round.
 * Reads are made at once, on the calling thread: a range of a B-tree in memory takes less than asking another thread for it.
 * @throws Error when the file is none of ours
 */
export function openSqliteStores({ path, clock, onDeath = () => {} }: SqliteStoreOptions): SqliteStores {
  const db = openSqlite(path);
  const writer = path === IN_MEMORY ? createInlineWriter(db) : createThreadWriter(path, onDeath);
  const reader = createReportReader(db, clock);
  const readChanges = createChangeReader(db, reader.cells);
  const readFlags = createFlagReader(db);
  let sweptTo = "";
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    await writer.close();
    db.close();
  }

  const store: ReportStore = {
    async migrate() {},
    shardFor: () => 0,
    ...putting(writer, reader, clock),
    edit: (id, edit) => writer.write("edit", id, edit, clock.now()),
    get: (id) => reading(() => reader.get(id)),
    getMany: (ids) => reading(() => ids.flatMap((id) => reader.get(id) ?? [])),
    readCell: (cell, range) => reading(() => reader.readCell(cell, range)),
    readNewest: (cell, limit, range) => reading(() => reader.readNewest(cell, limit, range)),
    cells: () => readingEach(reader.cells()),
    isEmpty: () => reading(() => reader.isEmpty()),
    readChanges: (cursor) => reading(() => readChanges(cursor)),
    // Whatever is stored is published.
    async recover() {},
    async confirm() {},
    flag: (reportId, flag) => writer.write("flag", reportId, flag),
    flagsOf: (reportId) => reading(() => readFlags(reportId)),
    ...keeping(writer, clock),
    ping: () =>
      reading(async () => {
        writer.check();
        reader.isEmpty();
        // Whoever asks is sent no writes while it fails, so that nothing else would find out that there is room again.
        if (writer.isFailing()) await writePing(writer, clock);
      }),
    close: () => (closed ??= close()),
  };

  return {
    store,
    derived: createSqliteDerivedStore(db, writer, clock),
    async sweep() {
      sweptTo = (await writer.write("sweep", sweptTo, clock.now())).from;
    },
  };
}

/** A read, with its faults as the port has them. */
async function reading<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw asStoreError(error);
  }
}

async function* readingEach<T>(read: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* read;
  } catch (error) {
    throw asStoreError(error);
  }
}

/** Rows that go to the writer at once: a few milliseconds of its transaction. */
const ROWS_A_WRITE = 2000;

function putting(writer: Writer, reader: ReportReader, clock: Clock): Pick<ReportStore, "append" | "put" | "putMany"> {
  const put: ReportStore["put"] = async (report) => {
    const cell = cellOfReport(report);
    const nowMs = clock.now();
    return writer.write(
      "put",
      cellName(cell),
      rowOf(report),
      isFresh(columnsOfReports([report]), cell.layer, nowMs),
      nowMs,
    );
  };
  return {
    put,
    async append(report) {
      await put(report);
    },
    async putMany(reports, { onMissing } = {}) {
      if (onMissing !== undefined) {
        const missing = await reading(() => reports.filter(({ id }) => !reader.has(id)));
        if (missing.length > 0) await onMissing(missing);
      }
      const cells = Map.groupBy(reports, (report) => cellName(cellOfReport(report)));
      let written = 0;
      for (const batch of batchesOf([...cells].map(([cell, ofCell]) => ({ cell, rows: ofCell.map(rowOf) })))) {
        written += await writer.write("putMany", batch, clock.now());
      }
      return { written, existing: reports.length - written };
    },
  };
}

/** Cuts what is to be put into batches of so many rows at the most. */
function* batchesOf(puts: readonly CellPut[]): Generator<CellPut[]> {
  let batch: CellPut[] = [];
  let room = ROWS_A_WRITE;
  for (const { cell, rows } of puts) {
    for (let at = 0; at < rows.length; ) {
      const taken = rows.slice(at, at + room);
      batch.push({ cell, rows: taken });
      at += taken.length;
      room -= taken.length;
      if (room > 0) continue;
      yield batch;
      [batch, room] = [[], ROWS_A_WRITE];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Takes more pages than a report, or it would find room where that finds none. */
const writePing = (writer: Writer, clock: Clock): Promise<string> => {
  const value = " ".repeat(PING_BYTES);
  return writer.write("keep", { name: PING, value, untilMs: clock.now(), nowMs: clock.now(), replaces: true });
};
const PING_BYTES = 32 * 1024;

/** Names in `kept`. */
const PING = "ping";
export const KEY_CLAIM = "idem#";
export const REMEMBERED = "memo#";

function keeping(writer: Writer, clock: Clock): Pick<ReportStore, "claimKey" | "remember"> {
  return {
    async claimKey(keyHash, { fingerprint, reportId }) {
      const nowMs = clock.now();
      const value = JSON.stringify({ fingerprint, reportId } satisfies KeyClaim);
      const name = KEY_CLAIM + keyHash;
      const untilMs = nowMs + CLAIM_LIFETIME_MS;
      const kept = await writer.write("keep", { name, value, untilMs, nowMs, replaces: false });
      return JSON.parse(kept) as KeyClaim;
    },
    remember: (key, value, { untilMs, replace = false }) =>
      writer.write("keep", { name: REMEMBERED + key, value, untilMs, nowMs: clock.now(), replaces: replace }),
  };
}
