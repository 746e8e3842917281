import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { parseCommandLine } from "../../../server/import/command-line.ts";
import { type ImportOptions, importFile } from "../../../server/import/import-file.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { readConfig } from "../../../server/runtime/config.ts";
import { openStores } from "../../../server/runtime/stores/stores.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { HOUSTON_MISSING, houstonFile } from "../../kit/cities/houston-file.ts";
import { idsOf, reportsOf } from "../../kit/make-report.ts";

const CLI = fileURLToPath(new URL("../../../server/cli/import.ts", import.meta.url));
const HOUSTON = houstonFile();
/** Of them, what is enough to be killed in the middle of. */
const PART_ROWS = 25_000;
/** The command of docs/operations.md. */
const HOUSTON_ARGS = [
  ...["--lon", "lon", "--lat", "lat", "--time", "occurred_at", "--layer", "=safety"],
  ...["--category", "offense", "--severity", "offense", "--into-last", "89d"],
  ...["murder=5", "rape=5", "aggravated assault=4", "robbery=4", "burglary=3", "auto theft=3", "theft=2"].flatMap(
    (map) => ["--map", `severity:${map}`],
  ),
];

const clock = { now: () => Date.now() };
const dir = mkdtempSync(join(tmpdir(), "import-cli-"));
/** The embedded DynamoDB, which also survives clients that are killed in the middle of a request. */
const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
let endpoint = "";
beforeAll(async () => {
  endpoint = (await stores.dynamo()).endpoint ?? "";
});
afterAll(async () => {
  await stores.close();
  rmSync(dir, { recursive: true });
});

function openTable(table: string): ReportStore {
  const client = createDocumentClient({
    endpoint: endpoint,
    credentials: EMULATOR_CREDENTIALS,
    requestTimeoutMs: 20_000,
  });
  return createDynamoStore({ client, table, clock });
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

function start(table: string, args: readonly string[]): { process: ChildProcess; ended: Promise<Ended> } {
  const env = { PATH: process.env.PATH, DYNAMODB_ENDPOINT: endpoint, DYNAMODB_TABLE: table };
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (errors += data));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, output, errors }));
  });
  return { process: child, ended };
}

const idsIn = async (store: ReportStore): Promise<string[]> => idsOf(await reportsOf(store));

/** Resolves when the import has stored something and most likely has more to store. */
async function untilSomeAreStored(store: ReportStore): Promise<void> {
  for (;;) {
    if (!(await store.isEmpty().catch(() => true))) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Resolves when a line of progress tells that something was written: some seconds in, long before the end. */
function untilProgress(process: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    process.stderr?.on("data", (data) => {
      if (/ [1-9][\d ]* new/.test(String(data))) resolve();
    });
  });
}

/** Four numbers of a summary: rows read, written, already there, rejected. */
function countsOf(output: string): number[] {
  return ["Rows read", "written", "already there", "rejected"].map((label) => {
    const [, digits = ""] = new RegExp(`^ *${label} +([\\d ]+?)(?:  |$)`, "m").exec(output) ?? [];
    return digits === "" ? Number.NaN : Number(digits.replaceAll(" ", ""));
  });
}

const rows = Array.from(
  { length: 12_000 },
  (_, i) => `${-97 - (i % 100) / 1000},30.2,2010-01-${10 + (i % 20)},noise,${i}\n`,
);
const ARGS = ["--layer", "=vibe", "--severity", "=1", "--category", "what", "--into-last", "10d"];
const small = join(dir, "small.csv");
writeFileSync(small, `lon,lat,time,what,text\n${rows.join("")}NA,30,2010-01-10,noise,\n`);

describe("the import command", () => {
  test("ends on Ctrl-C with what it has, and completes on the next run", async () => {
    const store = openTable("interrupted");
    const first = start("interrupted", [small, ...ARGS]);
    await untilSomeAreStored(store);
    first.process.kill("SIGINT");
    // As npm passes it on.
    setTimeout(() => first.process.kill("SIGINT"), 20);
    const { code, output } = await first.ended;
    const [read = 0, written = 0, existing, rejected] = countsOf(output);
    expect([code, existing, rejected]).toEqual([130, 0, 0]);
    expect(output).toContain("Run the same command again");
    expect(read).toBe(written);
    expect(await idsIn(store)).toHaveLength(written);

    const second = await start("interrupted", [small, ...ARGS]).ended;
    expect([second.code, countsOf(second.output)]).toEqual([0, [12_001, 12_000 - written, written, 1]]);
    expect(readFileSync(`${small}.rejects.csv`, "utf8")).toContain('12001,"lon');
    await store.close();
  });

  test("says what to do instead of showing a stack", async () => {
    const wrong = await start("wrong", [small, "--time", "when"]).ended;
    expect(wrong).toEqual({
      code: 1,
      signal: null,
      output: "",
      errors: 'There is no column "when" for --time. The columns are: lon, lat, time, what, text.\n',
    });
  });
});

const skipped = HOUSTON === undefined ? ` (skipped: ${HOUSTON_MISSING})` : "";

describe.skipIf(HOUSTON === undefined)(`Houston's 86 314 incidents${skipped}`, { tags: "slow" }, () => {
  const path = join(dir, "houston.csv.gz");
  const part = join(dir, "part-of-houston.csv");
  const command = (file = path) => parseCommandLine([file, ...HOUSTON_ARGS]) as Omit<ImportOptions, "store" | "clock">;
  beforeAll(() => {
    copyFileSync(HOUSTON ?? "", path);
    const lines = gunzipSync(readFileSync(path))
      .toString()
      .split("\n", PART_ROWS + 1);
    writeFileSync(part, `${lines.join("\n")}\n`);
  });

  test("are stored but for five, and once", async () => {
    const store = createMemoryStore({ clock });
    const summary = await importFile({ ...command(), store, clock });
    expect(summary).toMatchObject({ rowsRead: 86_314, written: 86_309, existing: 0, rejected: 5 });
    expect([...summary.reasons]).toEqual([["lat must be a number from -90 to 90", 5]]);
    expect(await importFile({ ...command(), store, clock })).toMatchObject({
      written: 0,
      existing: 86_309,
      rejected: 5,
    });
  });

  test("are the same after a SIGKILL half way and a second run as after one run", async () => {
    const store = openTable("houston");
    const killed = start("houston", [part, ...HOUSTON_ARGS]);
    await untilProgress(killed.process);
    killed.process.kill("SIGKILL");
    expect(await killed.ended).toMatchObject({ code: null, signal: "SIGKILL" });
    const stored = (await idsIn(store)).length;

    const second = await start("houston", [part, ...HOUSTON_ARGS]).ended;
    const [read, written = 0, existing = 0] = countsOf(second.output);
    expect([second.code, read]).toEqual([0, PART_ROWS]);
    expect(written, "it was killed half way").toBeGreaterThan(0);
    // What was on its way when the process died may have been stored since.
    expect(existing).toBeGreaterThanOrEqual(stored);

    // The one run that nothing disturbed, dated as the killed one was.
    const memory = createMemoryStore({ clock });
    const remember: ReportStore["remember"] = (key, value, options) => store.remember(key, value, options);
    const undisturbed = await importFile({ ...command(part), store: { ...memory, remember }, clock });
    expect(undisturbed).toMatchObject({ rowsRead: PART_ROWS, written: written + existing });
    expect(await idsIn(store)).toEqual(await idsIn(memory));
    await store.close();
  });
});
