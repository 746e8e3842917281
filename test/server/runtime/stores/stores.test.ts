import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import type { ReportStore } from "../../../../server/ports/report-store.ts";
import { type Config, readConfig } from "../../../../server/runtime/config.ts";
import { openDynamo } from "../../../../server/runtime/stores/open-dynamo.ts";
import { openReports } from "../../../../server/runtime/stores/open-reports.ts";
import { POSTGRES_MAJOR } from "../../../../server/runtime/stores/postgres-files.ts";
import { openStores, type Stores } from "../../../../server/runtime/stores/stores.ts";
import { makeReport } from "./report.ts";

const root = mkdtempSync(join(tmpdir(), "stratum-stores-"));
const prepared = join(root, "prepared");
const OWNER = fileURLToPath(new URL("./owner.ts", import.meta.url));
let count = 0;
const children = new Set<ChildProcessByStdio<null, Readable, null>>();
const opened = new Set<Stores>();

const configOf = (dataDir: string): Config => readConfig({ DATA_DIR: dataDir });
const newDir = () => join(root, String(count++));

/** PostgreSQL's first boot takes seconds: made once, then copied. */
function preparedDir(): string {
  const dir = newDir();
  cpSync(prepared, dir, { recursive: true });
  return dir;
}

function open(dataDir: string, role: "server" | "command" = "server"): Stores {
  const stores = openStores(configOf(dataDir), { role, log: silentLog });
  opened.add(stores);
  return stores;
}

/** Starts another process on the directory; `said` fills with what it prints. */
function startOwner(dataDir: string, idle = false) {
  const env = { ...process.env, DATA_DIR: dataDir, ...(idle ? { IDLE: "1" } : {}) };
  const child = spawn(process.execPath, [OWNER], { env, stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  const said: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => said.push(line));
  return {
    said,
    async until(condition: () => boolean): Promise<void> {
      while (!condition()) {
        if (child.exitCode !== null) throw new Error(`the owner ended with code ${child.exitCode}`);
        await sleep(5);
      }
    },
    async kill(): Promise<void> {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}

const clock = { now: Date.now };

async function openStore(stores: Stores): Promise<ReportStore> {
  return (await openReports(stores, { clock, log: silentLog })).store;
}

async function query<T>(stores: Stores, sql: string, values: unknown[] = []): Promise<T[]> {
  const client = new Client({ connectionString: (await stores.database()).url });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  const stores = openStores(configOf(prepared), { role: "server", log: silentLog });
  await stores.database();
  await stores.close();
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  for (const stores of opened) await stores.close();
  opened.clear();
});
afterAll(() => rmSync(root, { recursive: true }));

describe("openStores", () => {
  it("has every acknowledged write after its owner was killed, twice", { tags: "slow" }, async () => {
    const dir = preparedDir();
    for (let round = 0; round < 2; round++) {
      const owner = startOwner(dir);
      await owner.until(() => owner.said.filter((line) => /^[rn]/.test(line)).length > 200);
      await owner.kill();
      const stores = open(dir);
      const store = await openStore(stores);
      for (const line of owner.said.filter((line) => line.startsWith("r "))) {
        expect(await store.get(line.slice(2)), line).toBeDefined();
      }
      const rows = await query<{ n: number }>(stores, "SELECT n FROM acknowledged ORDER BY n");
      const lastRow = Number(owner.said.findLast((line) => line.startsWith("n "))?.slice(2));
      expect(rows.length).toBeGreaterThanOrEqual(lastRow + 1);
      await query(stores, "DELETE FROM acknowledged");
      await store.close();
      await stores.close();
    }
  });

  it("makes PostgreSQL's files anew when their making was killed", { tags: "slow" }, async () => {
    const dir = newDir();
    const owner = startOwner(dir);
    await owner.until(() => existsSync(join(dir, "postgres.new", "PG_VERSION")));
    await owner.kill();
    const stores = open(dir);
    expect(await query(stores, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(existsSync(join(dir, "postgres.new"))).toBe(false);
  });

  it("becomes the owner when a live one ends before its PostgreSQL is open", async () => {
    const dir = preparedDir();
    const owner = open(dir);
    await owner.claim();
    const attached = open(dir);
    const opening = attached.database();
    expect(await attached.ownsDataDir()).toBe(false);
    await owner.close();
    await opening;
    expect(await query(attached, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(await attached.ownsDataDir()).toBe(true);
  });

  it("gives up a PostgreSQL that is still opening when it closes, and makes it anew later", async () => {
    const dir = newDir();
    const first = open(dir);
    const opening = first.database();
    const failed = opening.then(
      () => "opened",
      (error: Error) => error.message,
    );
    const isMaking = () => existsSync(join(dir, "postgres.new", "PG_VERSION"));
    await expect.poll(isMaking, { interval: 5, timeout: 60_000 }).toBe(true);
    await first.close();
    expect(await failed).toMatch(/^the thread ended/);
    expect(existsSync(join(dir, "owner.json"))).toBe(false);
    expect(await query(open(dir), "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("uses the stores of a live owner, as a command and as another server", async () => {
    const dir = preparedDir();
    const owner = startOwner(dir, true);
    await owner.until(() => owner.said.includes("open"));
    const first = open(dir, "command");
    const second = open(dir, "server");
    const store = await openStore(first);
    const report = makeReport(1);
    await store.put(report);
    expect(await (await openStore(second)).get(report.id)).toEqual(report);
    await query(first, "INSERT INTO acknowledged VALUES (1, '')");
    expect(await query(second, "SELECT n FROM acknowledged")).toEqual([{ n: 1 }]);
    await first.close();
    expect(await query(second, "SELECT 1 AS one"), "the owner's stores outlive a command").toHaveLength(1);
  });

  it("takes over from a dead owner although its process id lives on in another process", async () => {
    const dir = preparedDir();
    const dead = {
      pid: process.pid,
      role: "server",
      started_at: "2020-01-01T00:00:00.000Z",
      endpoints: { dynamodb: "http://127.0.0.1:9", postgres: "postgres://postgres@127.0.0.1:9/postgres" },
    };
    writeFileSync(join(dir, "owner.json"), JSON.stringify(dead));
    const stores = open(dir);
    expect(await query(stores, "SELECT 1 AS one")).toHaveLength(1);
    const owner = JSON.parse(readFileSync(join(dir, "owner.json"), "utf8"));
    expect(owner).toMatchObject({ pid: process.pid, endpoints: { postgres: (await stores.database()).url } });
    expect(owner.started_at).not.toBe(dead.started_at);
  });

  it("outlives a client that dies in the middle of a request", async () => {
    const { endpoint = "" } = await open(newDir()).dynamo();
    const { hostname, port } = new URL(endpoint);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once("connect", resolve));
    const half = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf";
    await new Promise((resolve) => socket.write(half, resolve));
    const closed = once(socket, "close");
    socket.resetAndDestroy();
    await closed;
    expect((await fetch(endpoint)).status).toBe(200);
  });

  it("gives the directory back when it closes", async () => {
    const dir = newDir();
    const stores = open(dir);
    await stores.dynamo();
    await stores.close();
    expect(existsSync(join(dir, "owner.json"))).toBe(false);
    await open(dir).dynamo();
  });

  it("starts no store that is not asked for", async () => {
    const dir = newDir();
    await open(dir).dynamo();
    expect(existsSync(join(dir, "postgres.new"))).toBe(false);
    expect(existsSync(join(dir, "postgres"))).toBe(false);
  });

  it("touches no directory when both stores are elsewhere", async () => {
    const dir = newDir();
    const env = {
      DATA_DIR: dir,
      DYNAMODB_ENDPOINT: "http://h:1",
      DATABASE_URL: "postgres://h/d",
      AWS_REGION: "eu-west-1",
    };
    const stores = openStores(readConfig(env), { role: "server", log: silentLog });
    expect(await stores.dynamo()).toMatchObject({ endpoint: "http://h:1", region: "eu-west-1", tableName: "stratum" });
    expect(await stores.database()).toEqual({ url: "postgres://h/d", embedded: false });
    await stores.close();
    expect(existsSync(dir)).toBe(false);
  });

  it("has files of the PostgreSQL version that it says", () => {
    expect(readFileSync(join(prepared, "postgres", "PG_VERSION"), "utf8").trim()).toBe(POSTGRES_MAJOR);
  });

  it("finishes a table whose making was killed after dynalite acknowledged it", async () => {
    const dir = newDir();
    const before = open(dir);
    const { store } = openDynamo(await before.dynamo(), { clock });
    await store.migrate();
    await store.close();
    await before.close();
    await setTableStatus(join(dir, "dynamodb"), "CREATING");
    const again = openDynamo(await open(dir).dynamo(), { clock });
    expect(await again.store.put(makeReport(1))).toBe("created");
  });
});

describe("openStores says what to do", () => {
  const postgres = (dir: string) => join(dir, "postgres");

  it.each<[string, (dir: string) => void, RegExp]>([
    ["DATA_DIR is a file", (dir) => writeFileSync(dir, ""), /is a file: set DATA_DIR to another path/],
    [
      "the lock is no lock",
      (dir) => mkdirSync(join(dir, "owner.lock"), { recursive: true }),
      /owner\.lock cannot be locked/,
    ],
    ["another PostgreSQL made the files", (dir) => fakePostgres(postgres(dir), "19"), /made by version 19.*pg_dump/],
    ["PG_VERSION is missing", (dir) => fakePostgres(postgres(dir)), /lack PG_VERSION.*backup.*empty database/],
    [
      "PostgreSQL's place is a file",
      (dir) => {
        mkdirSync(dir);
        writeFileSync(postgres(dir), "");
      },
      /is a file.*move it away/,
    ],
    [
      "PostgreSQL's control file is cut",
      (dir) => fakePostgres(postgres(dir), POSTGRES_MAJOR),
      /cannot be opened.*backup/,
    ],
  ])("when %s", async (_name, prepare, expected) => {
    const dir = newDir();
    prepare(dir);
    const database = open(dir).database();
    await expect(database).rejects.toThrow(expected);
    await expect(database).rejects.toMatchObject({ name: "OperatorError" });
  });

  it("when LevelDB's files are not LevelDB's", async () => {
    const dir = newDir();
    mkdirSync(join(dir, "dynamodb"), { recursive: true });
    writeFileSync(join(dir, "dynamodb", "CURRENT"), "MANIFEST-000009\n");
    await expect(open(dir).dynamo()).rejects.toThrow(/DynamoDB files in .* cannot be opened .*backup.*start empty/);
  });

  it("and starts anew where initdb did not get far, keeping what was there", async () => {
    const dir = newDir();
    mkdirSync(postgres(dir), { recursive: true });
    writeFileSync(join(postgres(dir), "PG_VERSION"), POSTGRES_MAJOR);
    expect(await query(open(dir), "SELECT 1 AS one")).toHaveLength(1);
    expect(existsSync(join(dir, "postgres.incomplete", "PG_VERSION"))).toBe(true);
  });
});

function fakePostgres(dir: string, version?: string): void {
  mkdirSync(join(dir, "global"), { recursive: true });
  writeFileSync(join(dir, "global", "pg_control"), "");
  if (version !== undefined) writeFileSync(join(dir, "PG_VERSION"), `${version}\n`);
}

async function setTableStatus(dir: string, status: string): Promise<void> {
  const { createRequire } = await import("node:module");
  const { Level } = createRequire(import.meta.resolve("dynalite"))("level");
  const level = new Level(dir, { valueEncoding: "json" });
  const table = await level.get("table~stratum");
  await level.put("table~stratum", { ...table, TableStatus: status });
  await level.close();
}
