import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect } from "vitest";
import { openSqlite } from "../../server/store/sqlite/schema.ts";
import { openSqliteStores, type SqliteStores } from "../../server/store/sqlite/sqlite.ts";
import type { Report } from "../../tiles/report.ts";
import { createTestClock } from "../kit/clock.ts";
import { idsOf } from "../kit/make-report.ts";
import { itKeeps, itReads } from "./golden.ts";
import { NOW_MS, sampleReport } from "./sample.ts";

/** The tables of the embedded store's file, and their rows as the store writes them, and as it reads them from a file that holds these alone. */

const DAY_MS = 86_400_000;
const CELL = { layer: "infrastructure", geohash5: "9v6kp" } as const;

const dir = mkdtempSync(join(tmpdir(), "sqlite-golden-"));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;

type Row = Readonly<Record<string, string | number | null | Uint8Array>>;
type Rows = Readonly<Record<string, readonly Row[]>>;

const austin = (ageMs: number, more: Partial<Parameters<typeof sampleReport>[0]> = {}): Report =>
  sampleReport({
    layer: CELL.layer,
    lonDeg: -97.742123,
    latDeg: 30.271456,
    createdAtMs: NOW_MS - ageMs,
    category: "pothole",
    ...more,
  });

const [PLAIN, REPLACED, HIDDEN, RESTORED, REMOVED] = [1, 2, 3, 4, 5].map((n) =>
  austin(n * DAY_MS, { tail: `0000000${n}`, text: `Nr. ${n} 🚲` }),
) as [Report, Report, Report, Report, Report];
const SHORT_LIVED = { ...austin(6 * DAY_MS), expiresAtMs: NOW_MS + 12_345 };
const SHARDED = austin(7 * DAY_MS, { shard: 15 });
const REPORTED = { ...austin(8 * DAY_MS), reporter: 200 };
const STORED = [PLAIN, REPLACED, HIDDEN, RESTORED, REMOVED, SHORT_LIVED, SHARDED];

/** What the store has written to a new file, of some of its tables. */
async function written(tables: readonly string[], write: (stores: SqliteStores) => Promise<unknown>): Promise<Rows> {
  const path = join(dir, `${files++}.sqlite`);
  const stores = openSqliteStores({ path, clock: createTestClock(NOW_MS) });
  await write(stores);
  await stores.store.close();
  const db = new DatabaseSync(path);
  const rows = tables.map((table) => [
    table,
    db
      .prepare(`SELECT * FROM ${table}`)
      .all()
      // Of columns that came later, what says nothing is left out: files of before have none.
      .map(({ reporter, ...row }) => ({ ...row, ...(reporter == null ? {} : { reporter }) })),
  ]);
  db.close();
  return Object.fromEntries(rows) as Rows;
}

/** What is read from a file with these rows. */
async function reads<T>(rows: Rows, read: (stores: SqliteStores) => Promise<T>, nowMs = NOW_MS): Promise<T> {
  const path = join(dir, `${files++}.sqlite`);
  const db = openSqlite(path);
  db.exec("DELETE FROM versions");
  for (const [table, ofTable] of Object.entries(rows)) {
    for (const row of ofTable) {
      const marks = Object.keys(row).map(() => "?");
      db.prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${marks})`).run(...Object.values(row));
    }
  }
  db.close();
  const stores = openSqliteStores({ path, clock: createTestClock(nowMs) });
  try {
    return await read(stores);
  } finally {
    await stores.store.close();
  }
}

async function writeReports({ store }: SqliteStores): Promise<void> {
  await store.putMany(STORED);
  await store.edit(REPLACED.id, {
    kind: "replace",
    report: { ...REPLACED, category: "flooding", severity: 5, text: "deeper" },
  });
  await store.edit(HIDDEN.id, { kind: "hide" });
  await store.edit(RESTORED.id, { kind: "hide" });
  await store.edit(RESTORED.id, { kind: "restore" });
  await store.edit(REMOVED.id, { kind: "remove" });
}

async function writeChanges({ store }: SqliteStores): Promise<void> {
  await store.append(austin(0, { text: "zwei Löcher" }));
  await store.put(austin(-50, { layer: "safety", lonDeg: 179.9999, latDeg: -85.06, tail: "0000000b" }));
  await store.put(austin(3 * DAY_MS, { tail: "0000000d" }));
  await store.putMany([PLAIN, austin(2 * DAY_MS, { layer: "vibe" })]);
  await store.edit(PLAIN.id, { kind: "hide" });
}

describe("the file of the embedded store", () => {
  /** What a file with these tables, of any version, tells of reports that are written to it. */
  async function readsIn({ version, tables }: { version: number; tables: readonly string[] }): Promise<string[]> {
    const path = join(dir, `${files++}.sqlite`);
    const db = new DatabaseSync(path);
    db.exec(`${tables.join("; ")}; INSERT INTO versions VALUES (0); PRAGMA user_version = ${version}`);
    db.close();
    const stores = openSqliteStores({ path, clock: createTestClock(NOW_MS) });
    await writeReports(stores);
    const { reports } = await stores.store.readCell(CELL);
    await stores.store.put(REPORTED);
    const reported = await stores.store.get(REPORTED.id);
    await stores.store.close();
    expect(reported).toEqual(REPORTED);
    return idsOf(reports);
  }

  itKeeps("sqlite-tables-2", [
    {
      sample: "version 2",
      write: () => {
        const db = openSqlite(":memory:");
        const found = db
          .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
          .all();
        const { user_version: version } = db.prepare("PRAGMA user_version").get() ?? {};
        db.close();
        return { version, tables: found.map(({ sql }) => String(sql).replaceAll(/\s+/g, " ")) };
      },
      read: readsIn,
    },
  ]);
  itReads("sqlite-tables", readsIn);

  itKeeps("sqlite-rows", [
    {
      sample: "reports and edits",
      write: () => written(["reports", "edits"], writeReports),
      read: (rows) =>
        reads(rows, async ({ store }) => ({
          ...(await store.readCell(CELL)),
          newest: idsOf(await store.readNewest(CELL, 3)),
          some: await store.getMany(idsOf(STORED)),
        })),
    },
    {
      sample: "a report of a reporter",
      write: () => written(["reports"], ({ store }) => store.put(REPORTED)),
      read: (rows) => reads(rows, ({ store }) => store.getMany([REPORTED.id])),
    },
    {
      sample: "an edit of a later program, in a state that this one does not know",
      write: async () => {
        const { reports = [], edits = [] } = await written(["reports", "edits"], writeReports);
        return { reports, edits: edits.map((edit) => ({ ...edit, state: "pinned" })) };
      },
      read: (rows) => reads(rows, ({ store }) => store.readCell(CELL)),
    },
    {
      sample: "changes, those of a later program's layer among them",
      write: async () => {
        const { changes = [], ...others } = await written(["reports", "changes"], writeChanges);
        return { ...others, changes: [...changes, { ...changes[0], seq: 7, cell: "noise#9v6kp" }] };
      },
      read: (rows) => reads(rows, ({ store }) => Promise.all(["0", "2"].map((cursor) => store.readChanges(cursor)))),
    },
    {
      sample: "idempotency keys and values",
      write: () =>
        written(["kept"], async ({ store }) => {
          await store.claimKey("ab".repeat(32), { fingerprint: "cd".repeat(32), reportId: PLAIN.id });
          await store.remember("import#key", "1780315200001", { untilMs: NOW_MS + DAY_MS });
        }),
      read: async (rows) => {
        const other = { fingerprint: "other", reportId: SHARDED.id };
        const at = (nowMs: number) =>
          reads(
            rows,
            async ({ store }) => [
              await store.claimKey("ab".repeat(32), other),
              await store.remember("import#key", "other", { untilMs: nowMs + 1 }),
            ],
            nowMs,
          );
        return { held: await at(NOW_MS + DAY_MS - 1), later: await at(NOW_MS + DAY_MS) };
      },
    },
    {
      sample: "flags",
      write: () =>
        written(["flags"], async ({ store }) => {
          await store.flag(PLAIN.id, { flagger: "0123456789abcdef", untilMs: NOW_MS + 5001, reason: "spam" });
          await store.flag(PLAIN.id, { flagger: "fedcba9876543210", untilMs: NOW_MS + 5001 });
        }),
      read: (rows) =>
        reads(rows, async ({ store }) => {
          const flag = async (flagger: string) =>
            (await store.flag(PLAIN.id, { flagger, untilMs: NOW_MS + 5001 })).length;
          return [await flag("0123456789abcdef"), await flag("another")];
        }),
    },
    {
      sample: "derived items that expire and do not",
      write: () =>
        written(["derived", "versions"], async ({ derived }) => {
          const group = "slices/safety/9v6";
          const until = { expected: undefined, expiresAtMs: NOW_MS + 5001 };
          await derived.put(group, "9v6k", Uint8Array.of(1, 2, 255), until);
          await derived.put(group, "9v6m", Uint8Array.of(), { expected: undefined });
        }),
      read: async (rows) => {
        const at = (nowMs: number) => reads(rows, ({ derived }) => derived.list("slices/safety/9v6"), nowMs);
        const put = ({ derived }: SqliteStores) => derived.put("g", "next", Uint8Array.of(), { expected: undefined });
        const next = await reads(rows, async (stores) => (await put(stores)) && stores.derived.get("g", "next"));
        return { now: await at(NOW_MS), later: await at(NOW_MS + 10_000), next };
      },
    },
  ]);
});
