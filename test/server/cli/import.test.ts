import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { parseCommandLine } from "../../../server/import/command-line.ts";
import { importFile } from "../../../server/import/import-file.ts";
import type { ImportOptions } from "../../../server/import/import-options.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { readConfig } from "../../../server/runtime/config.ts";
import { openStores } from "../../../server/runtime/stores/stores.ts";
import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { HOUSTON_MISSING, houstonFile } from "../../kit/cities/houston-file.ts";
import { idsOf, reportsOf } from "../../kit/make-report.ts";
import { startTcpProxy } from "../../kit/tcp-proxy.ts";

const CLI = fileURLToPath(new URL("../../../server/cli/import.ts", import.meta.url));
const HOUSTON = houstonFile();
/** Of each piece that is sent: 480 requests of 25 rows, a few at a time, then take seconds on any machine. */
const SLOW_MS = 100;
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

const openTable = (table: string): ReportStore => createDynamoStore({ client: openClient(), table, clock });
const openDerived = (table: string) => createDynamoDerivedStore({ client: openClient(), table, clock });
const openClient = () =>
  createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS, requestTimeoutMs: 20_000 });

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

function start(
  table: string,
  args: readonly string[],
  at = endpoint,
): { process: ChildProcess; ended: Promise<Ended> } {
  const env = { PATH: process.env.PATH, DYNAMODB_ENDPOINT: at, DYNAMODB_TABLE: table };
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
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
  test("ends on Ctrl-C with what it has, and completes on the next run", { tags: "slow" }, async () => {
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

  test("leaves after a SIGKILL half way and a second run what one run leaves", { tags: "slow" }, async () => {
    const store = openTable("killed");
    const proxy = await startTcpProxy(Number(new URL(endpoint).port), { slowMs: SLOW_MS });
    proxy.set("slow");
    const killed = start("killed", [small, ...ARGS], `http://127.0.0.1:${proxy.port}`);
    await untilSomeAreStored(store);
    // From here on nothing more is stored, however fast it is.
    proxy.set("swallow");
    killed.process.kill("SIGKILL");
    expect(await killed.ended).toMatchObject({ code: null, signal: "SIGKILL" });
    await proxy.close();

    const second = await start("killed", [small, ...ARGS]).ended;
    const [read, written = 0, existing = 0, rejected] = countsOf(second.output);
    expect([second.code, read, written + existing, rejected]).toEqual([0, 12_001, 12_000, 1]);
    expect([written > 0, existing > 0], "it was killed half way").toEqual([true, true]);

    // The one run that nothing disturbed, dated as the killed one was.
    const memory = createMemoryStore({ clock });
    const remember: ReportStore["remember"] = (key, value, options) => store.remember(key, value, options);
    const command = parseCommandLine([small, ...ARGS]) as Omit<ImportOptions, "store" | "derived" | "clock">;
    await importFile({ ...command, store: { ...memory, remember }, derived: openDerived("killed"), clock });
    expect(await idsIn(store)).toEqual(await idsIn(memory));
    await store.close();
  });

  test("ends with 1 when no row was imported, with the counts and why", { tags: "slow" }, async () => {
    const none = join(dir, "none.csv");
    writeFileSync(none, "lon,lat,time,what\nNA,30,2010-01-10,noise\nNA,30,2010-01-11,noise\n");
    const { code, output, errors } = await start("none", [none, ...ARGS]).ended;
    expect([code, countsOf(output)]).toEqual([1, [2, 0, 0, 2]]);
    expect(errors).toMatch(/^None of the 2 rows can be imported: lon "NA" must be/m);
  });

  test("says what to do instead of showing a stack", async () => {
    const wrong = await start("wrong", [small, "--time", "when"]).ended;
    expect(wrong).toEqual({
      code: 1,
      signal: null,
      output: "",
      errors:
        'There is no column "when" for --time: name another, or give every row the same one with --time =VALUE, or the moment of ' +
        "the file's first import with --time =now. The columns are: lon, lat, time, what, text.\n",
    });
  });
});

const skipped = HOUSTON === undefined ? ` (skipped: ${HOUSTON_MISSING})` : "";

describe.skipIf(HOUSTON === undefined)(`Houston's 86 314 incidents${skipped}`, { tags: "slow" }, () => {
  const path = join(dir, "houston.csv.gz");
  const command = () => parseCommandLine([path, ...HOUSTON_ARGS]) as Omit<ImportOptions, "store" | "derived" | "clock">;
  beforeAll(() => {
    copyFileSync(HOUSTON ?? "", path);
  });

  test("are stored but for five, and once", async () => {
    const store = createMemoryStore({ clock });
    const derived = createMemoryDerivedStore({ clock });
    const summary = await importFile({ ...command(), store, derived, clock });
    expect(summary).toMatchObject({ rowsRead: 86_314, written: 86_309, existing: 0, rejected: 5 });
    expect([...summary.reasons]).toEqual([["lon must be a number from -180 to 180", 5]]);
    expect(await importFile({ ...command(), store, derived, clock })).toMatchObject({
      written: 0,
      existing: 86_309,
      rejected: 5,
    });
  });
});
