import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseCommandLine } from "../../../server/import/command-line.ts";
import { importFile } from "../../../server/import/import-file.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { reportsOf } from "../../kit/make-report.ts";

/** Files as cities publish them, by the options that an operator says: what is written, what is rejected, and what is told. */

const clock = { now: () => Date.parse("2026-03-10T12:00:00Z") };
const dir = mkdtempSync(join(tmpdir(), "import-open-"));
afterAll(() => rmSync(dir, { recursive: true }));

const ARGS = ["--time", "opened", "--category", "kind", "--severity", "level", "--layer", "=infrastructure"];

async function run(name: string, content: string | Buffer, args: readonly string[] = []) {
  const path = join(dir, name);
  writeFileSync(path, content);
  const command = parseCommandLine([path, ...ARGS, ...args]);
  if (command === "help" || "runs" in command) throw new Error("no import");
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const summary = await importFile({ ...command, profile: undefined, store, derived, clock });
  const rejects = summary.rejectsPath === undefined ? "" : readFileSync(summary.rejectsPath, "utf8");
  return { ...summary, rejects, told: summary.notes.join("\n"), reports: await reportsOf(store) };
}

const HEADER = "opened,kind,level,lon,lat,note\n";
const line = (fields: Partial<Record<"kind" | "level" | "lon" | "lat" | "note", string>>): string => {
  const { kind = "pothole", level = "3", lon = "-73.95", lat = "40.71", note = "x" } = fields;
  return `2026-03-01T08:00:00Z,${[kind, level, lon, lat, note].map((value) => `"${value.replaceAll('"', '""')}"`).join(",")}\n`;
};
const csv = (...rows: Parameters<typeof line>[0][]): string => HEADER + rows.map(line).join("");

describe("categories of cities", () => {
  const kinds = [
    "THEFT PLAIN - PETTY ($950 & UNDER)",
    "Noise: Loud Music",
    "(null)",
    "HEAT/HOT WATER",
    "BIKE #2",
    "???",
  ];
  const long = "ASSAULT WITH DEADLY WEAPON, AGGRAVATED ASSAULT";
  const content = csv(...[...kinds, long].map((kind) => ({ kind })));

  test("come in with --clean, and are counted", async () => {
    const { written, rejected, told, reports } = await run("kinds.csv", content, ["--clean"]);
    expect([written, rejected]).toEqual([7, 0]);
    expect(told).toContain(
      'Categories cleaned         6  as "THEFT PLAIN - PETTY ($950 & UNDER)" -> "THEFT PLAIN - PETTY 950 & UNDER"',
    );
    expect(reports.map(({ category }) => category).sort()).toEqual([
      ...["ASSAULT WITH DEADLY WEAPON AGGRAVATED", "BIKE 2", "HEAT/HOT WATER", "Noise Loud Music"],
      ...["THEFT PLAIN - PETTY 950 & UNDER", "null", "other"],
    ]);
  });

  test("are listed without it, and the listed options bring them in", async () => {
    const first = await run("kinds2.csv", content);
    expect([first.written, first.rejected]).toEqual([1, 6]);
    const options = first.notes.flatMap((note) => /--map '(.*)'$/.exec(note)?.[1] ?? []);
    expect(options).toHaveLength(6);
    const maps = options.flatMap((option) => ["--map", option]);
    expect(await run("kinds2.csv", content, maps)).toMatchObject({ written: 7, rejected: 0 });
  });
});

describe("places of cities", () => {
  test("in one column come in whatever way each is written", async () => {
    const content =
      'opened,kind,level,Location\n2026-03-01,pothole,3,"(40.71, -73.95)"\n2026-03-01,pothole,3,POINT (-73.96 40.72)\n' +
      '2026-03-01,pothole,3,"100 MAIN ST\nBROOKLYN, NY\n(40.73, -73.97)"\n2026-03-01,pothole,3,\n';
    const { written, reasons, reports } = await run("location.csv", content, ["--point", "Location"]);
    expect([written, [...reasons]]).toEqual([3, [["point is missing", 1]]]);
    expect(reports.map(({ lonDeg, latDeg }) => [lonDeg, latDeg]).sort()).toEqual([
      [-73.95, 40.71],
      [-73.96, 40.72],
      [-73.97, 40.73],
    ]);
  });

  test("come in as the objects of a JSON file", async () => {
    const content = JSON.stringify(
      [
        { type: "Point", coordinates: [-73.95, 40.71] },
        { latitude: "40.71", longitude: "-73.95" },
      ].map((location) => ({ opened: "2026-03-01T08:00:00Z", kind: "pothole", level: "3", location })),
    );
    expect(await run("location.json", content, ["--point", "location"])).toMatchObject({ written: 2, rejected: 0 });
    await expect(run("location.json", content, ["--point", "place"])).rejects.toThrow(
      /no column "place" for --point\. The columns are: opened, kind/,
    );
    await expect(run("location.json", content)).rejects.toThrow(/--lon COLUMN.*--point COLUMN/);
  });

  test("that are swapped are asked about, and rejected by a box", async () => {
    const content = csv(
      { lon: "40.71", lat: "-73.95" },
      { lon: "40.72", lat: "-73.96" },
      { lon: "29.76", lat: "-95.36" },
    );
    const { written, told } = await run("swapped.csv", content);
    expect([written, told]).toEqual([2, expect.stringContaining("Swapped? Then say --lon lat --lat lon.")]);
    const boxed = await run("swapped.csv", content, ["--bbox", "-125,24,-66,50"]);
    expect([boxed.written, boxed.reasons.get("place lies outside --bbox")]).toEqual([0, 2]);
    const turned = ["--lon", "lat", "--lat", "lon", "--bbox", "-125,24,-66,50"];
    expect(await run("swapped.csv", content, turned)).toMatchObject({ written: 3 });
  });

  test("in metres and feet are named, and none of the file is taken for degrees", async () => {
    const content = csv(
      { lon: "-8238354.8", lat: "4970277.2" },
      { lon: "1026839", lat: "190733" },
      { lon: "143.2", lat: "59.1" },
    );
    const { written, rejected, rejects } = await run("metres.csv", content);
    expect([written, rejected]).toEqual([0, 3]);
    expect(rejects.match(/metres or feet/g)).toHaveLength(3);
  });
});

describe("severities of cities", () => {
  const content = csv({ level: "3.0" }, { level: "3.5" }, { level: "true" }, { level: "8" });

  test("are whole numbers from 1 to 5, or a rule is needed", async () => {
    expect(await run("levels.csv", content)).toMatchObject({ written: 1, rejected: 3 });
    const rules = ["severity:>=6=5", "severity:true=4", "severity:*=round"].flatMap((rule) => ["--map", rule]);
    const { reports, told } = await run("levels.csv", content, [...rules, "--map", "severity:high=5"]);
    expect(reports.map(({ severity }) => severity).sort()).toEqual([3, 4, 4, 5]);
    expect(told).toContain('No row has the value of --map "severity:high"');
  });

  test("may have decimal commas where that is said", async () => {
    const comma = csv({ level: "3,0", lon: "-73,950", lat: "40,71" });
    expect(await run("comma.csv", comma)).toMatchObject({ written: 0, rejected: 1 });
    expect(await run("comma.csv", comma, ["--decimal-comma"])).toMatchObject({ written: 1, rejected: 0 });
  });
});

describe("bytes of another encoding in a few rows", () => {
  const good = csv(...Array.from({ length: 300 }, (_, i) => ({ lat: String(40.5 + i / 1000) })));
  /** With one more row, whose text or category ends in a byte that is no UTF-8. */
  const broken = (fields: Parameters<typeof line>[0]): Buffer =>
    Buffer.from(good + line(fields).replace("\u00e9", "\u00ff"), "latin1");
  const text = ["--text", "note"];

  test("cost a text, of which --clean keeps the rest", async () => {
    const content = broken({ note: "caf\u00e9" });
    const { written, told } = await run("bytes.csv", content, text);
    expect([written, told]).toEqual([301, expect.stringContaining("Texts left out             1  text has bytes")]);
    const cleaned = await run("bytes.csv", content, [...text, "--clean"]);
    expect(cleaned.reports.map((report) => report.text)).toContain("caf");
  });

  test("cost nothing where nobody reads them, and their row in a category, which the rejects have byte for byte", async () => {
    expect(await run("bytes.csv", broken({ note: "caf\u00e9" }))).toMatchObject({ written: 301, rejected: 0 });
    const { written, rejectsPath, rejects } = await run("bytes.csv", broken({ kind: "caf\u00e9" }), text);
    expect([written, rejects]).toEqual([300, expect.stringContaining("--encoding names another")]);
    expect(readFileSync(rejectsPath ?? "").includes(Buffer.from("caf\u00ff", "latin1"))).toBe(true);
  });

  test("refuse a file that has many, or are gone on without where its encoding is said", async () => {
    const content = Buffer.from(csv({ note: "caf\u00e9" }, {}), "latin1");
    await expect(run("many.csv", content, text)).rejects.toThrow("say --encoding windows-1252");
    expect(
      (await run("many.csv", content, [...text, "--encoding", "latin1"])).reports.map((report) => report.text).sort(),
    ).toEqual(["café", "x"]);
    expect(await run("many.csv", content, [...text, "--encoding", "utf-8"])).toMatchObject({ written: 2 });
  });
});
