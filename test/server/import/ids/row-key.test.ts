import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createRowDigest, formerTailsOfRow, tailOfRow } from "../../../../server/import/ids/row-ids.ts";
import { importFile } from "../../../../server/import/import-file.ts";
import type { ImportOptions } from "../../../../server/import/import-options.ts";
import { type ReportStore, StoreUnavailableError } from "../../../../server/ports/report-store.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { keptPlace, keptTime } from "../../../../tiles/kept.ts";
import { createTestClock } from "../../../kit/clock.ts";
import { idsOf, reportsOf } from "../../../kit/make-report.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2026-03-01T12:00:00Z");
const MINUTE_MS = 60_000;
const COLUMNS = ["lon", "lat", "time", "layer", "category", "severity"];

const dir = mkdtempSync(join(tmpdir(), "row-key-"));
afterAll(() => rmSync(dir, { recursive: true }));

const valuesOf = (lon: number, lat: number, atMs: number): string[] => {
  const time = `${new Date(atMs).toISOString().slice(0, 16)}Z`;
  return [lon.toFixed(5), lat.toFixed(5), time, "safety", "assault", "3"];
};
const SECRET = { lon: -95.41234, lat: 29.71234, atMs: Date.parse("2026-02-28T10:07:00Z") };
const path = join(dir, "rows.csv");
const line = valuesOf(SECRET.lon, SECRET.lat, SECRET.atMs).join(",");
// Twice, so that it recurs.
writeFileSync(path, `${COLUMNS.join(",")}\n${line}\n${line}\n`);

const run = (store: ReportStore, clock = createTestClock(START_MS), options: Partial<ImportOptions> = {}) =>
  importFile({
    path,
    mapping: { sources: {}, values: {} },
    store,
    derived: createMemoryDerivedStore({ clock }),
    clock,
    retryMs: 1,
    ...options,
  });

const openMemory = (clock = createTestClock(START_MS)) => createMemoryStore({ clock });
const tailsIn = async (store: ReportStore) => idsOf(await reportsOf(store)).map((id) => id.slice(17));

/** Ends of the ids of every row that would be kept as this one: a hundred places a hundredth of a millidegree apart, and all minutes. */
function guesses(rowKey: string): { readonly keyed: Set<string>; readonly bare: Set<string> } {
  const digestOf = createRowDigest(
    COLUMNS.map((name) => [name, name]),
    COLUMNS,
  );
  const [keyed, bare] = [new Set<string>(), new Set<string>()];
  const quarterMs = keptTime("safety", "assault", SECRET.atMs);
  for (let place = 0; place < 100; place++) {
    const lon = SECRET.lon + ((place % 10) - 5) * 1e-5;
    const lat = SECRET.lat + (Math.floor(place / 10) - 5) * 1e-5;
    for (let minute = 0; minute < 15; minute++) {
      const values = valuesOf(lon, lat, quarterMs + minute * MINUTE_MS);
      const digest = digestOf({ number: 1, values, raw: Buffer.from("") });
      for (const occurrence of [0, 1]) {
        keyed.add(tailOfRow(rowKey, digest, occurrence));
        bare.add(formerTailsOfRow(rowKey, digest, occurrence).bare);
      }
    }
  }
  return { keyed, bare };
}

test("a row's exact place and minute cannot be tried out on its id", async () => {
  const keys: string[] = [];
  const memory = openMemory();
  const remember: ReportStore["remember"] = async (...kept) => {
    const value = await memory.remember(...kept);
    if (kept[0] === "import-row-key") keys.push(value);
    return value;
  };
  await run({ ...memory, remember });
  const [report] = await reportsOf(memory);
  const { lonDeg, latDeg } = keptPlace("safety", "assault", SECRET.lon, SECRET.lat);
  expect([report?.lonDeg, report?.latDeg]).toEqual([lonDeg, latDeg]);
  const tails = await tailsIn(memory);
  expect([tails.length, keys.length]).toEqual([2, 1]);
  // Who had the key would find it, so the right row is among the guesses.
  const { keyed, bare } = guesses(keys[0] ?? "");
  expect(tails.filter((tail) => keyed.has(tail))).toEqual(tails);
  const { keyed: byAnother } = guesses("0".repeat(64));
  expect(tails.filter((tail) => bare.has(tail) || byAnother.has(tail))).toEqual([]);
});

test("two stores give a row different ids, one store always the same", async () => {
  const clock = createTestClock(START_MS);
  const [one, other] = [openMemory(clock), openMemory(clock)];
  for (const store of [one, other]) expect(await run(store, clock)).toMatchObject({ written: 2 });
  const tails = await tailsIn(one);
  expect(new Set([...tails, ...(await tailsIn(other))]).size).toBe(4);
  clock.advance(80 * DAY_MS);
  expect(await run(one, clock)).toMatchObject({ written: 0, existing: 2 });
  expect(await tailsIn(one)).toEqual(tails);
});

test("the key is made once, by the first of several imports, and is there a century later", async () => {
  const clock = createTestClock(START_MS);
  const store = openMemory(clock);
  const found: string[] = [];
  const remember: ReportStore["remember"] = async (name, value, options) => {
    const kept = await store.remember(name, value, options);
    if (name === "import-row-key") found.push(`${name} ${kept}`);
    return kept;
  };
  await Promise.all(["a", "b"].map((name) => run({ ...store, remember }, clock, { rejectsPath: join(dir, name) })));
  expect(await reportsOf(store)).toHaveLength(2);
  clock.advance(36_525 * DAY_MS);
  await run({ ...store, remember }, clock);
  expect(found).toHaveLength(3);
  expect(new Set(found).size).toBe(1);
  expect(found[0]).toMatch(/^import-row-key [0-9a-f]{64}$/);
});

test("a dry run makes none", async () => {
  const store = openMemory();
  const remember: ReportStore["remember"] = () => Promise.reject(new Error("asked"));
  for (const intoLastMs of [undefined, DAY_MS]) {
    expect(await run({ ...store, remember }, undefined, { dryRun: true, intoLastMs })).toMatchObject({ written: 2 });
  }
});

test("a store that does not answer is waited for, and what stays away is said", async () => {
  const store = openMemory();
  let failures = 3;
  const remember: ReportStore["remember"] = async (...kept) => {
    if (failures-- > 0) throw new StoreUnavailableError("throttled");
    return store.remember(...kept);
  };
  expect(await run({ ...store, remember })).toMatchObject({ written: 2 });
  failures = 1000;
  await expect(run({ ...store, remember })).rejects.toThrow(/stopped answering \(throttled\).*same command again/);
});
