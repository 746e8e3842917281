import { existsSync, linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JSON_REJECTS } from "../../../server/import/files/json-rejects.ts";
import type { ImportOptions } from "../../../server/import/import-options.ts";
import { openRejects } from "../../../server/import/rejects.ts";
import { useImport } from "./import-fixture.ts";

const world = useImport();
const { run, write } = world;
const read = (name: string): string => readFileSync(join(world.dir, name), "utf8");

const HEADER = "lon,lat,time,layer,category,severity,text\n";
const GOOD = "-95.4,29.7,2026-02-28T10:00:00Z,safety,theft,3,a bike\n";
const BAD = "-95.4,29.7,2026-02-28T10:00:00Z,safety,theft,9,\n";
const CSV = HEADER + GOOD + BAD;

describe("what was not written by an import is left alone", () => {
  test.each([false, true])(
    "the imported file itself, by its name, a link and a hard link; dry run: %s",
    async (dryRun) => {
      const path = write("in.csv", CSV);
      symlinkSync(path, join(world.dir, "soft.csv"));
      linkSync(path, join(world.dir, "hard.csv"));
      for (const name of ["in.csv", "soft.csv", "hard.csv"]) {
        await expect(run(path, { rejectsPath: join(world.dir, name), dryRun })).rejects.toThrow("the file to import");
      }
      expect(read("in.csv")).toBe(CSV);
      expect(readdirSync(world.dir)).toHaveLength(3);
    },
  );

  test("another file, under the name of the rejects too", async () => {
    const path = write("in.csv", CSV);
    for (const name of ["notes.txt", "in.csv.rejects.csv"]) {
      write(name, "a,b\n1,2\n");
      const named = name === "notes.txt" ? { rejectsPath: join(world.dir, name) } : {};
      await expect(run(path, named)).rejects.toThrow("left alone");
      expect(read(name)).toBe("a,b\n1,2\n");
    }
    await expect(run(path, { rejectsPath: world.dir })).rejects.toThrow("is no file");
    await expect(run(path, { rejectsPath: join(world.dir, "no/x.csv") })).rejects.toThrow(
      "name another file with --rejects",
    );
  });

  test("rejects that were mended: the next run's go beside them, and are its own", async () => {
    const path = write("in.csv", CSV);
    const rejectsPath = `${path}.rejects.csv`;
    expect(await run(path)).toMatchObject({ rejectsPath });
    const mended = read("in.csv.rejects.csv").replace(",9,", ",4,");
    writeFileSync(rejectsPath, mended);
    for (const _ of [1, 2]) {
      const summary = await run(path);
      expect(summary.rejectsPath).toBe(join(world.dir, "in.csv.rejects-2.csv"));
      expect(summary.notes.join()).toContain("was changed since");
    }
    expect(read("in.csv.rejects.csv")).toBe(mended);
    expect(readdirSync(world.dir).sort()).toEqual(["in.csv", "in.csv.rejects-2.csv", "in.csv.rejects.csv"]);
    expect(await run(rejectsPath)).toMatchObject({ rowsRead: 1, written: 1, rejected: 0 });
  });

  test("a file that came while the import ran", async () => {
    const target = { path: join(world.dir, "r.ndjson") };
    const written = { has: async () => false, add: async () => {} };
    const rejects = openRejects({ target, format: JSON_REJECTS, written });
    await rejects.add({ number: 1, values: [], raw: Buffer.from("{}") }, "x");
    write("r.ndjson", "mine");
    expect(await rejects.finish()).toBe(join(world.dir, "r-2.ndjson"));
    expect(read("r.ndjson")).toBe("mine");
  });
});

test("rejects that nobody has changed are replaced, and go away when there are none", async () => {
  const path = write("in.csv", CSV);
  await run(path);
  writeFileSync(path, `${CSV}x\n`);
  expect(await run(path)).toMatchObject({ rejected: 2, rejectsPath: `${path}.rejects.csv` });
  expect(read("in.csv.rejects.csv").split("\n")).toHaveLength(4);
  writeFileSync(path, HEADER + GOOD);
  expect(await run(path)).not.toHaveProperty("rejectsPath");
  expect(readdirSync(world.dir)).toEqual(["in.csv"]);
});

test("a dry run writes rejects only where it is told to, and says so", async () => {
  const path = write("in.csv", CSV);
  const summary = await run(path, { dryRun: true });
  expect(summary).not.toHaveProperty("rejectsPath");
  expect(summary.notes.join()).toContain("--rejects FILE");
  expect(readdirSync(world.dir)).toEqual(["in.csv"]);
  const rejectsPath = join(world.dir, "r.csv");
  expect(await run(path, { dryRun: true, rejectsPath })).toMatchObject({ rejectsPath });
});

test("what a killed run left behind is cleaned away, and of a running one is not", async () => {
  const path = write("in.csv", CSV);
  write("in.csv.rejects.csv.2147483646.part", "left");
  write(`in.csv.rejects.csv.${process.ppid}.part`, "running");
  write("in.csv.rejects.csv.old.part", "no import's");
  await run(path);
  expect(readdirSync(world.dir).sort()).toEqual([
    "in.csv",
    "in.csv.rejects.csv",
    `in.csv.rejects.csv.${process.ppid}.part`,
    "in.csv.rejects.csv.old.part",
  ]);
});

test("an import that fails leaves the rejects as they were", async () => {
  const path = write("in.csv", CSV);
  const broken = { ...world.store, putMany: () => Promise.reject(new Error("broken")) };
  await expect(run(path, { store: broken })).rejects.toThrow("broken");
  expect(readdirSync(world.dir)).toEqual(["in.csv"]);
});

test("a hundred thousand rejects add no listeners", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  const target = { path: join(world.dir, "r.ndjson") };
  const rejects = openRejects({
    target,
    format: JSON_REJECTS,
    written: { has: async () => false, add: async () => {} },
  });
  const raw = Buffer.from(`{"a":"${"x".repeat(50)}"}`);
  for (let number = 1; number <= 100_000; number++) await rejects.add({ number, values: [], raw }, "no reason");
  await rejects.finish();
  await new Promise(setImmediate);
  process.off("warning", note);
  expect(warnings).toEqual([]);
  expect(readFileSync(target.path, "latin1").split("\n")).toHaveLength(100_001);
});

describe("rejects are imported again by the same options", () => {
  const feature = (severity: unknown, more = "") =>
    `{"type":"Feature","geometry":{"type":"Point","coordinates":[-95.4,29.7]},"properties":{"time":"2026-02-28T10:00:00Z","layer":"vibe","category":"noise","severity":${severity}${more}}}`;
  const object = (severity: unknown) =>
    `{"lon":-95.4,"lat":29.7,"time":"2026-02-28T10:00:00Z","layer":"vibe","category":"noise","severity":${severity}}`;

  interface Case {
    readonly name: string;
    readonly content: string | Buffer;
    readonly options?: Partial<ImportOptions>;
    /** What the operator mends; the last of it is what no program could read. */
    readonly mend: readonly (readonly [from: string, to: string])[];
    readonly rejects: string;
  }
  const unreadable = '-95.4,29.7,2026-02-28T10:00:00Z,safety,theft,3,"lost\n';
  const cases: Case[] = [
    {
      name: "in.csv",
      content: HEADER + GOOD + BAD + unreadable,
      mend: [
        [",9,,", ",4,,"],
        ['""lost', "found"],
      ],
      rejects: "in.csv.rejects.csv",
    },
    {
      name: "in.tsv",
      content: `Made today\n${(HEADER + GOOD + BAD + unreadable).replaceAll(",", "\t")}`,
      options: { skipLines: 1 },
      mend: [
        ["\t9\t\t", "\t4\t\t"],
        ['""lost', "found"],
      ],
      rejects: "in.tsv.rejects.tsv",
    },
    {
      name: "in16.csv",
      content: Buffer.from(`\uFEFFsep=;\n${(HEADER + GOOD + BAD + unreadable).replaceAll(",", ";")}`, "utf16le"),
      options: { encoding: "windows-1252" },
      mend: [
        [";9;;", ";4;;"],
        ['""lost', "féund"],
      ],
      rejects: "in16.csv.rejects.csv",
    },
    {
      name: "in.ndjson",
      content: `${object(3)}\n${object(9)}\n${object('"lost')}\n`,
      mend: [
        ['"severity":9', '"severity":4'],
        ['\\"lost', "5"],
      ],
      rejects: "in.ndjson.rejects.ndjson",
    },
    {
      name: "in.geojson",
      content: `{"type":"FeatureCollection","features":[\n${feature(3)},\n${feature(9, ',"n":\n1')},\n${feature('"lost')}\n]}`,
      options: { format: "geojson" },
      mend: [
        ['"severity":9', '"severity":4'],
        ['\\"lost', "5"],
      ],
      rejects: "in.geojson.rejects.ndjson",
    },
  ];

  test.each(cases)("of $name", async ({ name, content, options, mend, rejects }) => {
    const path = write(name, content);
    const first = await run(path, options);
    expect(first).toMatchObject({ rowsRead: 3, written: 1, rejected: 2, rejectsPath: join(world.dir, rejects) });
    const text = read(rejects);
    const again = await run(join(world.dir, rejects), options);
    const unchanged = readFileSync(again.rejectsPath ?? "", "utf8");
    const third = await run(again.rejectsPath ?? "", options);
    expect(readFileSync(third.rejectsPath ?? "", "utf8")).toBe(unchanged);
    let mended = text;
    for (const [from, to] of mend) mended = mended.replace(from, to);
    writeFileSync(join(world.dir, rejects), mended);
    expect(await run(join(world.dir, rejects), options)).toMatchObject({ rowsRead: 2, written: 2, rejected: 0 });
    expect(existsSync(path)).toBe(true);
  });

  test("with their columns first, and rows that cannot be read whole in the first", async () => {
    const path = write("in.csv", HEADER + GOOD + BAD + unreadable);
    await run(path);
    expect(read("in.csv.rejects.csv").split("\n")).toEqual([
      `${HEADER.trim()},reject_row,reject_reason`,
      `${BAD.trim()},2,"severity ""9"" must be an integer from 1 to 5"`,
      `"${unreadable.trim().replaceAll('"', '""')}",,,,,,,3,a quote is opened and never closed`,
      "",
    ]);
  });
});
