import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Random, randomOf } from "../../kit/random.ts";
import { scaled } from "../../kit/runs.ts";
import { acknowledgementsIn } from "./sqlite/acknowledgement.ts";
import type { FileCheck } from "./sqlite/check-file.ts";
import { filesAfterCut, writeFiles } from "./sqlite/power-cut.ts";
import { checkInFreshProcess, WRITING_PROCESS } from "./sqlite/processes.ts";
import { type FileCall, recordCalls, whyNoTrace } from "./sqlite/system-calls.ts";

const dir = mkdtempSync(join(tmpdir(), "sqlite-cut-"));
afterAll(() => rmSync(dir, { recursive: true }));

const CUTS = scaled(100, 10);
const CUTS_A_PROCESS = 10;
/** The log is moved into the file, and begins anew, some times while so many writes are acknowledged. */
const ACKNOWLEDGED = scaled(1500, 400);
const FILE = "reports.sqlite";
const ACKNOWLEDGEMENTS = "acknowledged";

/** What so many processes that write to one file did to it, from its beginning until they had closed it. */
function record(name: string, processes: number): FileCall[] {
  const recorded = join(dir, name);
  mkdirSync(recorded);
  const quoted = [process.execPath, WRITING_PROCESS, join(recorded, FILE)].map((word) => `'${word}'`).join(" ");
  const most = Math.ceil(ACKNOWLEDGED / processes);
  const each = Array.from(
    { length: processes },
    (_, n) => `${quoted} '${name} ${n}' ${most} '${recorded}/${ACKNOWLEDGEMENTS}' & p${n}=$!`,
  );
  const ended = each.map((_, n) => `wait $p${n}`);
  const calls = recordCalls(recorded, `${each.join("; ")}; ${ended.join(" && ")}`, join(dir, `${name}.strace`));
  expect(calls.filter(({ kind }) => kind === "sync").length).toBeGreaterThan(10);
  return calls;
}

/** Around a synchronisation, or in the midst of a process's work. */
function randomCut(calls: readonly FileCall[], random: Random): number {
  const syncs = calls.flatMap(({ kind }, n) => (kind === "sync" ? [n] : []));
  return random.chance(0.75) ? random.pick(syncs) + random.below(2) : random.below(calls.length + 1);
}

/** Cuts the power at random; says what a fresh process misses each time. */
function cutPower(
  calls: readonly FileCall[],
  name: string,
  cuts = CUTS,
): { readonly faults: string[]; readonly acknowledged: number } {
  const faults: string[] = [];
  let acknowledged = 0;
  for (let first = 0; first < cuts; first += CUTS_A_PROCESS) {
    const checks = Array.from({ length: Math.min(CUTS_A_PROCESS, cuts - first) }, (_, n): FileCheck => {
      const random = randomOf(`${name} ${first + n}`);
      const cut = randomCut(calls, random);
      const files = filesAfterCut(calls, cut, random);
      const directory = join(dir, `${name} ${first + n}`);
      writeFiles(directory, withoutMemory(files, random));
      const said = calls
        .slice(0, cut)
        .flatMap((call) => (call.kind === "append" && call.file === ACKNOWLEDGEMENTS ? [call.data] : []));
      return {
        path: join(directory, FILE),
        acknowledged: acknowledgementsIn(Buffer.concat(said).toString()),
        cursor: "0",
      };
    });
    acknowledged += checks.reduce((sum, check) => sum + check.acknowledged.length, 0);
    const found = checkInFreshProcess(join(dir, "job.json"), checks);
    faults.push(...found.flatMap((ofCut, n) => ofCut.map((fault) => `cut ${first + n}: ${fault}`)));
  }
  return { faults, acknowledged };
}

/** `-shm` is memory that processes share: of it a power cut leaves anything. */
function withoutMemory(files: Map<string, Buffer>, random: Random): Map<string, Buffer> {
  const memory = files.get(`${FILE}-shm`);
  if (memory !== undefined && random.chance(0.3)) files.delete(`${FILE}-shm`);
  else for (let i = 0; i < (memory?.length ?? 0); i++) memory?.writeUInt8(random.below(256), i);
  files.delete(ACKNOWLEDGEMENTS);
  return files;
}

describe("the replay", () => {
  const write = { kind: "write", file: FILE, at: 0, data: Buffer.from("a"), until: 2 } as const;
  const fileAfter = (...calls: FileCall[]) =>
    Array.from({ length: 20 }, (_, n) =>
      filesAfterCut(
        [{ kind: "create", file: FILE }, ...calls, { kind: "sync", file: ".", since: calls.length + 1 }],
        9,
        randomOf(`${n}`),
      )
        .get(FILE)
        ?.toString(),
    );

  it("takes nothing back when a synchronisation ends that began before another", () => {
    const [later, earlier] = [2, 1].map((since) => ({ kind: "sync", file: FILE, since }) as const);
    expect(new Set(fileAfter(write, later as FileCall, earlier as FileCall))).toEqual(new Set(["a"]));
  });

  it("relies on no write that was under way when the synchronisation began", () => {
    const sync = { kind: "sync", file: FILE, since: 2 } as const;
    expect(new Set(fileAfter({ ...write, until: 3 }, sync)).size).toBeGreaterThan(1);
  });
});

const why = whyNoTrace();

describe.skipIf(why !== undefined)(`after a power cut${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  const tags = ["slow"];

  it.each([1, 2])(
    `all that %i writing processes had acknowledged is there, once, ${CUTS} times`,
    { tags },
    (processes) => {
      const { faults, acknowledged } = cutPower(record(`of ${processes}`, processes), `cut of ${processes}`);
      expect(faults).toEqual([]);
      expect(acknowledged).toBeGreaterThan(CUTS * 20);
    },
  );

  it("something is missed if the log is not synchronised, which shows that the test can fail", { tags }, () => {
    const calls = record("unsynchronised", 1).filter(({ kind, file }) => kind !== "sync" || !file.endsWith("-wal"));
    expect(cutPower(calls, "lost", CUTS_A_PROCESS).faults.length).toBeGreaterThan(0);
  });
});
