import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { FROM_THE_BEGINNING } from "../../../server/store/keys.ts";
import { rowOf } from "../../../server/store/sqlite/report-rows.ts";
import { IN_MEMORY, openSqlite } from "../../../server/store/sqlite/schema.ts";
import { openSqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { createBatchRunner, type WriteRequest } from "../../../server/store/sqlite/write-batch.ts";
import { createThreadWriter } from "../../../server/store/sqlite/writer.ts";
import { createTestClock } from "../../kit/clock.ts";
import { DAY_MS, makeReport, makeReports } from "../../kit/make-report.ts";

const dir = mkdtempSync(join(tmpdir(), "sqlite-faults-"));
afterAll(() => rmSync(dir, { recursive: true }));
afterEach(() => vi.restoreAllMocks());
let files = 0;
const SCHEMA = new URL("../../../server/store/sqlite/schema.ts", import.meta.url).href;
const newPath = () => join(dir, `${files++}.sqlite`);
const clock = { now: Date.now };

const putOf = (seed: number, askedAtMs = Date.now()): WriteRequest<"put"> => {
  const report = makeReport({ createdAtMs: Date.now(), seed });
  return { n: seed, kind: "put", args: ["safety#9v6kp", rowOf(report), true, Date.now()], askedAtMs };
};
const published = (db: DatabaseSync) =>
  db
    .prepare("SELECT brings FROM changes ORDER BY seq")
    .all()
    .map((row) => row.brings);

describe("a batch of writes", () => {
  it("tells cells in the plain way of what waited for too long", () => {
    const db = openSqlite(IN_MEMORY);
    const answers = createBatchRunner(db)([putOf(1), putOf(2, Date.now() - 3000)]);
    expect(answers).toEqual([1, 2].map((n) => ({ n, value: "created" })));
    // The second one was not brought, and its cell is told again because the answer was late, too.
    expect(published(db)).toEqual([1, 0, 0]);
    db.close();
  });

  /** A database whose commits take so long. */
  function slowDatabase(commitMs: number) {
    const db = openSqlite(IN_MEMORY);
    const run = createBatchRunner(db);
    let lateMs = 0;
    const now = Date.now.bind(Date);
    vi.spyOn(Date, "now").mockImplementation(() => now() + lateMs);
    const exec = db.exec.bind(db);
    vi.spyOn(db, "exec").mockImplementation((sql) => {
      exec(sql);
      if (sql === "COMMIT") lateMs += commitMs;
    });
    return { db, run, exec };
  }

  it("takes back that rows are brought when the disk took too long for it", () => {
    const { db, run } = slowDatabase(4000);
    expect(run([putOf(1)])).toEqual([{ n: 1, value: "created" }]);
    expect(published(db)).toEqual([1, 0]);
    db.close();
  });

  it("acknowledges nothing of which that could not be taken back, and goes on", () => {
    const { db, run, exec } = slowDatabase(4000);
    exec(`CREATE TEMP TRIGGER fails BEFORE INSERT ON changes WHEN EXISTS (SELECT 1 FROM changes) AND NEW.brings = 0
      BEGIN SELECT RAISE(ABORT, 'the disk is away'); END`);
    const put = putOf(1);
    expect(run([put])).toMatchObject([{ n: 1, fault: { message: "the disk is away" } }]);
    exec("DROP TRIGGER fails");
    expect(run([put])).toEqual([{ n: 1, value: "exists" }]);
    expect(published(db).at(-1)).toBe(0);
    db.close();
  });

  it("waits once for another process, not once for each write", () => {
    const path = newPath();
    const [db, other] = [openSqlite(path), openSqlite(path)];
    db.exec("PRAGMA busy_timeout = 0");
    const run = createBatchRunner(db);
    other.exec("BEGIN IMMEDIATE");
    let nowMs = Date.now();
    vi.spyOn(Date, "now").mockImplementation(() => (nowMs += 5000));
    const exec = vi.spyOn(db, "exec");
    const answers = run(Array.from({ length: 50 }, (_, n) => putOf(n)));
    expect(answers.every((answer) => "fault" in answer && answer.fault.code === 5)).toBe(true);
    expect(exec.mock.calls.length).toBeLessThan(20);
    other.exec("ROLLBACK");
    expect(run([putOf(0)])).toEqual([{ n: 0, value: "created" }]);
    db.close();
    other.close();
  });

  it("does all but the one that fails", () => {
    const db = openSqlite(IN_MEMORY);
    const bad = { ...putOf(2), args: [null, ...putOf(2).args.slice(1)] } as unknown as WriteRequest;
    const answers = createBatchRunner(db)([putOf(1), bad, putOf(3)]);
    expect(answers).toMatchObject([{ value: "created" }, { fault: { message: /NOT NULL/ } }, { value: "created" }]);
    db.close();
  });
});

describe("the embedded store", () => {
  it("closes behind the writes under way, and takes none after that", async () => {
    const path = newPath();
    const { store } = openSqliteStores({ path, clock });
    const reports = makeReports(1500, Date.now());
    const puts = Promise.allSettled(reports.map((report) => store.put(report)));
    const closed = store.close();
    const late = makeReport({ createdAtMs: Date.now(), seed: 5000 });
    await expect(store.put(late)).rejects.toThrow(StoreUnavailableError);
    await closed;
    expect((await puts).every(({ status }) => status === "fulfilled")).toBe(true);
    await expect(store.get(late.id)).rejects.toThrow(StoreUnavailableError);
    const again = openSqliteStores({ path, clock }).store;
    expect(await again.getMany(reports.map(({ id }) => id))).toHaveLength(1500);
    expect(await again.get(late.id)).toBeUndefined();
    await again.close();
  });

  it("ends reads under way as unavailable when it is closed", async () => {
    // In memory, where nothing has to be waited for.
    const { store } = openSqliteStores({ path: IN_MEMORY, clock });
    await store.putMany(makeReports(3000, Date.now()));
    const reading = expect(store.readCell({ layer: "safety", geohash5: "9v6kp" })).rejects.toThrow(
      StoreUnavailableError,
    );
    const cells = store.cells()[Symbol.asyncIterator]();
    await store.close();
    await reading;
    await expect(cells.next()).rejects.toThrow(StoreUnavailableError);
  });

  it("says so and is not ready any more when its writing thread has died, and goes on reading", async () => {
    const home = join(dir, "gone");
    mkdirSync(home);
    const died = Promise.withResolvers<Error>();
    const { store } = openSqliteStores({ path: join(home, "reports.sqlite"), clock, onDeath: died.resolve });
    // Before the thread has opened it.
    rmSync(home, { recursive: true });
    const report = makeReport({ createdAtMs: Date.now() });
    await expect(store.put(report)).rejects.toThrow(StoreUnavailableError);
    expect((await died.promise).message).toMatch(/open/);
    await expect(store.put(report)).rejects.toThrow(StoreUnavailableError);
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
    expect(await store.get(report.id)).toBeUndefined();
    await store.close();
  });

  it("fails what is no plain data, and nothing else", async () => {
    const writer = createThreadWriter(newPath(), () => {});
    const bad = { name: "n", value: () => {}, untilMs: 1, nowMs: 0, replaces: false } as never;
    await expect(writer.write("keep", bad)).rejects.toThrow(/cloned/);
    const good = { name: "n", value: "v", untilMs: 1, nowMs: 0, replaces: false };
    expect(await writer.write("keep", good)).toBe("v");
    await writer.close();
  });

  it("stores a derived item as it is when it is asked for, without what lies beside it", async () => {
    const { store, derived } = openSqliteStores({ path: newPath(), clock });
    const buffer = Buffer.from([7, 1, 2, 3, 7]);
    const put = derived.put("g", "a", buffer.subarray(1, 4), { expected: undefined });
    buffer.fill(9);
    await put;
    expect([...((await derived.get("g", "a"))?.body ?? [])]).toEqual([1, 2, 3]);
    await store.close();
  });

  it("tells everything to whoever reads changes that are forgotten meanwhile", async () => {
    const moved = createTestClock();
    const { store } = openSqliteStores({ path: IN_MEMORY, clock: moved });
    for (const report of makeReports(3000, moved.now())) await store.put(report);
    moved.advance(2 * DAY_MS);
    const reading = store.readChanges("0");
    // Between its pages: each takes four old changes away.
    const puts = makeReports(700, moved.now()).map((report) => store.put(report));
    expect((await reading).changes).toEqual([{ layer: "safety", geohash5: "9v6kp", from: FROM_THE_BEGINNING }]);
    await Promise.all(puts);
    await store.close();
  });
});

describe("a file that is not ours to write", () => {
  it("is refused when a later program or another one made it", () => {
    const [later, foreign] = [newPath(), newPath()];
    const db = openSqlite(later);
    db.exec("PRAGMA user_version = 3");
    db.close();
    expect(() => openSqlite(later)).toThrow("its tables are of version 3, this program knows 2");
    const other = new DatabaseSync(foreign);
    other.exec("CREATE TABLE photos (id)");
    expect(() => openSqlite(foreign)).toThrow("it is another program's database");
    expect(other.prepare("SELECT name FROM sqlite_schema").all()).toHaveLength(1);
    other.close();
  });

  /** What opening says in a process that is not root's, for whom no file is read-only. */
  function openInProcess(path: string): string {
    const program = `const { openSqlite } = await import(${JSON.stringify(SCHEMA)});
      if (process.getuid() === 0) process.setuid(65534);
      try { openSqlite(${JSON.stringify(path)}); console.log("opened"); } catch (error) { console.log(error.message); }`;
    return spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }).stdout;
  }

  it.skipIf(process.getuid === undefined)("is refused when this user may only read it, or its directory", () => {
    const home = join(dir, "read-only");
    mkdirSync(home);
    const path = join(home, "reports.sqlite");
    // Another process has it open: its log and its shared memory are there.
    const db = openSqlite(path);
    for (const [name, mode] of [
      [dir, 0o755],
      [path, 0o444],
      [home, 0o555],
    ] as const)
      chmodSync(name, mode);
    expect(openInProcess(path)).toMatch(/EACCES/);
    expect(openInProcess(join(home, "new.sqlite"))).toMatch(/unable to open/);
    chmodSync(home, 0o755);
    db.close();
  });
});

const DISK_BYTES = 8 * 1024 * 1024;
const disk = join(dir, "disk");
mkdirSync(disk);
/** In a namespace of its own, so that nobody must be root for it. */
const onSmallDisk = (command: string) =>
  spawnSync("unshare", ["-rm", "sh", "-c", `mount -t tmpfs -o size=${DISK_BYTES} none '${disk}' && ${command}`], {
    encoding: "utf8",
  });
const mayMount = onSmallDisk("true").status === 0;

describe.skipIf(!mayMount)(`a full disk${mayMount ? "" : " (skipped: no tmpfs can be mounted here)"}`, () => {
  it("makes writes unavailable, loses nothing that was acknowledged, and is over when there is room", () => {
    const script = fileURLToPath(new URL("./sqlite/full-disk-process.ts", import.meta.url));
    const { stdout, stderr } = onSmallDisk(`'${process.execPath}' '${script}' '${disk}' ${DISK_BYTES}`);
    const { errors, ...seen } = JSON.parse(stdout || `{"errors":${JSON.stringify([stderr])}}`);
    expect(errors).not.toEqual([]);
    for (const error of errors)
      expect(error).toMatch(/^StoreUnavailableError: SQLite: (?:database or disk is full|disk I\/O error)/);
    expect(seen).toEqual({ deaths: [], readWhileFull: true, pings: [false, true], failuresAfter: [], lost: 0 });
  });
});
