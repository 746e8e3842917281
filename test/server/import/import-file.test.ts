/** @module-tag random */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSource, parseValueMaps } from "../../../server/import/fields/mapping.ts";
import { splitFields } from "../../../server/import/files/csv-fields.ts";
import { createFormerDigest, formerTailsOfRow } from "../../../server/import/ids/row-ids.ts";
import { StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { formatReportId } from "../../../tiles/report-id.ts";
import { reportsOf } from "../../kit/make-report.ts";
import { runs } from "../../kit/runs.ts";
import { useImport } from "./import-fixture.ts";

const DAY_MS = 86_400_000;
const world = useImport();
const { clock, run } = world;
const START_MS = clock.now();

let fileCount = 0;
const writeFile = (content: string | Buffer, ending = "csv"): string =>
  world.write(`${fileCount++}.${ending}`, content);

const allReports = (from = world.store): Promise<Report[]> => reportsOf(from);

/** A rejected row's fields, and its own text where it could not be read. */
function readReject(line: string): { readonly values: readonly string[]; readonly original?: string } {
  const values = splitFields(line, ",");
  return { values, ...(values.slice(1, 7).every((value) => value === "") && { original: values[0] ?? "" }) };
}

const HEADER = "lon,lat,time,layer,category,severity,text\n";
const GOOD = "-95.4,29.7,2026-02-28T10:00:00Z,safety,theft,3,a bike\n";

describe("rows", () => {
  test("become reports", async () => {
    const summary = await run(writeFile(HEADER + GOOD));
    expect(summary).toMatchObject({ rowsRead: 1, written: 1, existing: 0, rejected: 0, interrupted: false });
    const createdAtMs = Date.parse("2026-02-28T10:00:00Z");
    expect(await allReports()).toEqual([
      {
        id: expect.any(String),
        layer: "safety",
        category: "theft",
        severity: 3,
        // Of the cell of about 100 m around.
        lonDeg: -95.40047,
        latDeg: 29.69982,
        text: "a bike",
        createdAtMs,
        expiresAtMs: createdAtMs + 90 * DAY_MS,
      },
    ]);
  });

  test.each([
    ["with the millisecond", true],
    ["that no key went into", false],
  ])("are not stored again that a program stored under ids %s, shown or hidden", async (_, isFine) => {
    const columns = HEADER.trim().split(",");
    const rows = ["23.457", "24.001"].map((seconds) => {
      const time = `2026-02-28T10:07:${seconds}Z`;
      return { time, values: ["-95.4123456", "29.7123456", time, "safety", "theft", "3", ""] };
    });
    const path = writeFile(HEADER + rows.map(({ values }) => `${values.join(",")}\n`).join(""));
    await run(path);
    const [kept] = await allReports();
    if (kept === undefined) throw new Error("nothing was imported");
    // As they were stored then.
    world.store = createMemoryStore({ clock });
    const digestOf = createFormerDigest(columns);
    const former = rows.map(({ time, values }): Report => {
      const fine = { lonDeg: -95.412346, latDeg: 29.712346, createdAtMs: Date.parse(time) };
      const report = { ...kept, ...(isFine && fine) };
      const tail = formerTailsOfRow("", digestOf({ number: 1, values, raw: Buffer.from("") }), 0).bare;
      const geohash5 = encodeGeohash(report.lonDeg, report.latDeg, 5);
      return { ...report, id: formatReportId({ ...report, geohash5, shard: 0, tail }) };
    });
    await world.store.putMany(former);
    await world.store.edit(former[1]?.id ?? "", { kind: "hide" });
    expect(await run(path)).toMatchObject({ written: 0, existing: 2 });
    expect((await allReports()).map(({ id }) => id)).toEqual([former[0]?.id]);
  });

  test.each([
    ["NA,29.7,2026-02-28,safety,theft,3,", 'lon "NA" must be a number from -180 to 180'],
    ["181,29.7,2026-02-28,safety,theft,3,", 'lon "181" must be a number from -180 to 180'],
    ["-95.4,,2026-02-28,safety,theft,3,", "lat is missing"],
    ["-95.4,0x10,2026-02-28,safety,theft,3,", 'lat "0x10" must be a number from -90 to 90'],
    ["-95.4,29.7,soon,safety,theft,3,", 'time "soon" is not a time'],
    ["-95.4,29.7,,safety,theft,3,", "time is missing"],
    ["-95.4,29.7,2026-03-02,safety,theft,3,", 'time "2026-03-02" is in the future'],
    ["-95.4,29.7,2025-11-01,safety,theft,3,", 'time "2025-11-01" is more than 90 days ago, so it has expired'],
    ["-95.4,29.7,0001-01-01,safety,theft,3,", 'time "0001-01-01" is more than 90 days ago, so it has expired'],
    ["-95.4,29.7,2026-02-28,crime,theft,3,", 'layer "crime" must be one of safety, vibe, infrastructure, opportunity'],
    ["-95.4,29.7,2026-02-28,safety,,3,", "category is missing"],
    ["-95.4,29.7,2026-02-28,safety,theft,6,", 'severity "6" must be an integer from 1 to 5'],
    ["-95.4,29.7,2026-02-28,safety,theft,2.5,", 'severity "2.5" must be an integer from 1 to 5'],
    [
      "0,0.0,2026-02-28,safety,theft,3,",
      'place "0.0, 0" is 0,0, which stands for an unknown place; --allow-null-island takes it as one',
    ],
    ["-95.4,29.7,2026-02-28,safety,theft,3,a,b", "8 fields where the header has 7"],
  ])("such as %j are rejected by name and value", async (line, reason) => {
    const path = writeFile(`${HEADER}${GOOD}${line}\n`);
    expect(await run(path)).toMatchObject({ rowsRead: 2, written: 1, rejected: 1, rejectsPath: `${path}.rejects.csv` });
    const [header, reject = "", ...rest] = readFileSync(`${path}.rejects.csv`, "utf8").trim().split("\n");
    expect([header, rest]).toEqual([`${HEADER.trim()},reject_row,reject_reason`, []]);
    const { values, original = values.slice(0, 7).join(",") } = readReject(reject);
    expect([original.replace(/,*$/, ""), values[7]]).toEqual([line.replace(/,*$/, ""), "2"]);
    expect(values[8]).toMatch(reason);
  });

  test("go into the rejects byte for byte, and an earlier run's rejects go away", async () => {
    const bad = Buffer.from([0x31, 0x22, 0xff, 0x2c]);
    const path = writeFile(Buffer.concat([Buffer.from(HEADER), bad]));
    await run(path);
    expect(readFileSync(`${path}.rejects.csv`).includes(Buffer.from([0x22, 0x31, 0x22, 0x22, 0xff, 0x2c, 0x22]))).toBe(
      true,
    );
    writeFileSync(path, HEADER + GOOD);
    expect(await run(path)).not.toHaveProperty("rejectsPath");
    expect(() => readFileSync(`${path}.rejects.csv`)).toThrow("ENOENT");
  });

  test.each([
    ["e".repeat(281), "text must have at most 280 characters: --truncate-text keeps their beginnings"],
    ["a\u009bb", "text must have no control characters but line ends: --clean makes them fit"],
  ])("with an unfit text are taken without it, and counted", async (text, note) => {
    const path = writeFile(`${HEADER}${GOOD}-95.4,29.7,2026-02-28,safety,theft,3,${text}\n`);
    const { written, notes } = await run(path);
    expect([written, notes.filter((line) => line.startsWith("Texts"))]).toEqual([
      2,
      [`Texts left out             1  ${note}`],
    ]);
    expect((await allReports()).map((report) => report.text).sort()).toEqual(["a bike", undefined]);
  });

  test("with a longer text are taken when it may be cut", async () => {
    const path = writeFile(`${HEADER}-95.4,29.7,2026-02-28,safety,theft,3,${"🌊".repeat(300)}\n`);
    await run(path, { truncateText: 280 });
    expect((await allReports())[0]?.text).toBe(`${"🌊".repeat(279)}…`);
  });

  test("are read up to a limit, and not stored in a dry run", async () => {
    const path = writeFile(HEADER + GOOD.repeat(5));
    expect(await run(path, { dryRun: true })).toMatchObject({ rowsRead: 5, written: 5 });
    expect(await allReports()).toEqual([]);
    expect(await run(path, { limit: 2 })).toMatchObject({ rowsRead: 2, written: 2, interrupted: false });
    expect(await run(path)).toMatchObject({ rowsRead: 5, written: 3, existing: 2 });
  });
});

describe("times", () => {
  const aboutTimes = ({ notes }: { notes: readonly string[] }) => notes.filter((note) => / time/.test(note));
  const localFile = (...times: string[]): string =>
    writeFile(HEADER + times.map((time) => GOOD.replace("2026-02-28T10:00:00Z", time)).join(""));

  test("are of the format and the zone that are said, and of UTC with a note", async () => {
    const path = localFile("02/28/2026 10:00:00 AM", "2/13/26 1:30 PM", "2026-02-20T10:00:00Z");
    const rejected = await run(path);
    expect(rejected).toMatchObject({ written: 1, rejected: 2 });
    expect(aboutTimes(rejected)).toContainEqual(
      expect.stringMatching(/^2 times could not be read\..*say --time-format us\.$/),
    );
    expect([...rejected.reasons.keys()].join()).toMatch(/say --time-format us.*say --time-format us/);

    const asUtc = await run(path, { timeFormat: "us", dryRun: true });
    expect(aboutTimes(asUtc)).toEqual([
      "2 times without a zone read as UTC: say --timezone AREA/CITY if they are of another.",
    ]);
    const summary = await run(path, { timeFormat: "us", timezone: "America/New_York" });
    expect(summary).toMatchObject({ written: 2, existing: 1, rejected: 0 });
    expect(aboutTimes(summary)).toEqual([]);
    const moments = (await allReports()).map(({ createdAtMs }) => new Date(createdAtMs).toISOString());
    expect(moments.sort()).toEqual([
      "2026-02-13T18:30:00.000Z",
      "2026-02-20T10:00:00.000Z",
      "2026-02-28T15:00:00.000Z",
    ]);
  });

  test("give the span that --into-last maps, by the same format and zone", async () => {
    const path = localFile("07/01/2024 10:00", "07/02/2024 10:00");
    const { span } = await run(path, { timeFormat: "us", timezone: "America/New_York", intoLastMs: DAY_MS });
    expect(span).toEqual({
      oldestMs: Date.parse("2024-07-01T14:00:00Z"),
      newestMs: Date.parse("2024-07-02T14:00:00Z"),
    });
  });
});

describe("identity", () => {
  test("a row that stands there three times is three reports, whatever the order of rows and columns", async () => {
    const other = "-95.5,29.7,2026-02-28T10:00:00Z,safety,theft,3,\n";
    await run(writeFile(HEADER + GOOD + other + GOOD + GOOD));
    const reports = await allReports();
    expect(new Set(reports.map(({ id }) => id)).size).toBe(4);
    const turned = "lat,lon,text,severity,layer,category,time\n";
    const row = "29.7,-95.4,a bike,3,safety,theft,2026-02-28T10:00:00Z\n";
    expect(await run(writeFile(turned + row + row))).toMatchObject({ written: 0, existing: 2 });
  });

  test("mending the mapping of another field does not double the reports", async () => {
    const path = writeFile(HEADER + GOOD);
    const mapping = { sources: {}, values: parseValueMaps(["category:theft=larceny"]) };
    await run(path, { intoLastMs: DAY_MS });
    clock.advance(60_000);
    expect(await run(path, { intoLastMs: DAY_MS, mapping })).toMatchObject({ written: 0, existing: 1 });
  });
});

describe("old data", () => {
  const old = `${HEADER}1,1,2010-01-01,vibe,noise,1,\n1,1,2010-01-02,vibe,noise,1,\n1,1,2010-01-05,vibe,noise,1,\n`;
  const ages = async () => (await allReports()).map(({ createdAtMs }) => (clock.now() - createdAtMs) / DAY_MS);

  test("is mapped onto the last days, once", async () => {
    const path = writeFile(old);
    await run(path, { intoLastMs: 80 * DAY_MS });
    expect(await ages()).toEqual([80, 60, 0]);
    clock.advance(5 * DAY_MS);
    expect(await run(path, { intoLastMs: 80 * DAY_MS })).toMatchObject({
      written: 0,
      existing: 3,
      importEpochMs: START_MS,
    });
    const copy = writeFile(gzipSync(old), "csv.gz");
    expect(await run(copy, { intoLastMs: 80 * DAY_MS })).toMatchObject({ written: 0, existing: 3 });
  });

  test("that has expired since is rejected, not dated anew", async () => {
    const path = writeFile(old);
    await run(path, { intoLastMs: 80 * DAY_MS });
    clock.advance(30 * DAY_MS);
    expect(await run(path, { intoLastMs: 80 * DAY_MS })).toMatchObject({ written: 0, existing: 2, rejected: 1 });
  });

  test("is dated anew on demand, and by its new date from then on", async () => {
    const path = writeFile(old);
    await run(path, { intoLastMs: 80 * DAY_MS });
    clock.advance(DAY_MS);
    expect(await run(path, { intoLastMs: 80 * DAY_MS, newImportEpoch: true })).toMatchObject({
      written: 3,
      importEpochMs: clock.now(),
    });
    expect(await run(path, { intoLastMs: 80 * DAY_MS })).toMatchObject({ written: 0, existing: 3 });
  });

  test("is mapped by the whole file's span when only some rows are read", async () => {
    await run(writeFile(old), { intoLastMs: 80 * DAY_MS, limit: 2 });
    expect(await ages()).toEqual([80, 60]);
  });
});

describe("failures", () => {
  test("of the store are waited out", async () => {
    let calls = 0;
    const flaky = {
      ...world.store,
      putMany: async (reports: readonly Report[]) => {
        if (calls++ % 3 !== 2) throw new StoreUnavailableError("throttled");
        return world.store.putMany(reports);
      },
    };
    expect(await run(writeFile(HEADER + GOOD.repeat(4500)), { store: flaky })).toMatchObject({ written: 4500 });
  });

  test("of a store that stays away end the import; a later run completes it", async () => {
    const path = writeFile(HEADER + GOOD.repeat(8000));
    let left = 3;
    const dying = {
      ...world.store,
      putMany: async (reports: readonly Report[]) => {
        if (left-- <= 0) throw new StoreUnavailableError("gone");
        return world.store.putMany(reports);
      },
    };
    await expect(run(path, { store: dying })).rejects.toThrow(/gone.* 6000 reports .*same command again/);
    expect(await run(path)).toMatchObject({ written: 2000, existing: 6000 });
  });

  test("an interruption stores what was read; a later run completes it", async () => {
    const path = writeFile(HEADER + GOOD.repeat(3000));
    const abort = new AbortController();
    const interrupting = {
      ...world.store,
      putMany: async (reports: readonly Report[]) => {
        abort.abort();
        return world.store.putMany(reports);
      },
    };
    const first = await run(path, { store: interrupting, signal: abort.signal });
    expect(first.interrupted).toBe(true);
    expect(first.rowsRead).toBeLessThan(3000);
    expect(first.written).toBe(first.rowsRead);
    expect(await run(path)).toMatchObject({ written: 3000 - first.written, existing: first.written });
  });

  test("of the file are told before anything is stored", async () => {
    const whole = gzipSync(HEADER + GOOD.repeat(10));
    await expect(run(writeFile(whole.subarray(0, -12), "csv.gz"))).rejects.toThrow(/damaged or cut-off gzip/);
    await expect(run(join(world.dir, "none.csv"))).rejects.toThrow(/no file/);
    await expect(run(world.dir, { format: "csv" })).rejects.toThrow(/not a file/);
    await expect(run(writeFile("", "xls"))).rejects.toThrow(/--format/);
    const mapping = { sources: { time: parseSource("when") }, values: {} };
    await expect(run(writeFile(HEADER + GOOD), { mapping })).rejects.toThrow(/The columns are: lon, lat, time/);
    await expect(run(writeFile('{"a":1}', "ndjson"))).rejects.toThrow(/The columns are: a/);
    expect(await allReports()).toEqual([]);
  });
});

interface Signal {
  readonly lon: number;
  readonly lat: number;
  readonly time: string;
  readonly layer: string;
  readonly category: string;
  readonly severity: number;
  readonly text: string;
}

const records = fc.array(
  fc.record<Signal>({
    lon: fc.integer({ min: -180_000_000, max: 180_000_000 }).map((n) => n / 1e6),
    lat: fc.integer({ min: -90_000_000, max: 90_000_000 }).map((n) => n / 1e6),
    time: fc.integer({ min: START_MS - 89 * DAY_MS, max: START_MS }).map((ms) => new Date(ms).toISOString()),
    layer: fc.constantFrom(...REPORT_LAYERS),
    category: fc.constantFrom("theft", "new coffee shop", "R&B", "café"),
    severity: fc.integer({ min: 1, max: 5 }),
    text: fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "🌊", "é", "'", "{", "]"), maxLength: 12 }),
  }),
  { maxLength: 25 },
);

const quoted = (value: string | number) => `"${String(value).replaceAll('"', '""')}"`;
const toCsv = (rows: readonly Signal[]) =>
  HEADER +
  rows.map((r) => [r.lon, r.lat, r.time, r.layer, r.category, r.severity, r.text].map(quoted).join(",")).join("\r\n");
const toNdjson = (rows: readonly Signal[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const toGeojson = (rows: readonly Signal[]) =>
  JSON.stringify({
    type: "FeatureCollection",
    features: rows.map(({ lon, lat, ...properties }) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [lon, lat] },
      properties,
    })),
  });

const FIRST: Signal = {
  lon: 1,
  lat: 2,
  time: "2026-02-28T10:00:00Z",
  layer: "vibe",
  category: "noise",
  severity: 1,
  text: "first",
};

describe("every format", () => {
  test("of the same table gives the same reports", async () => {
    await fc.assert(
      fc.asyncProperty(records, async (table) => {
        // Twice, so that rows recur.
        const rows = [...table, ...table.slice(0, 5)];
        const files = [
          writeFile(toCsv(rows)),
          writeFile(gzipSync(toCsv(rows)), "csv.gz"),
          writeFile(toNdjson(rows), "ndjson"),
          writeFile(gzipSync(toNdjson(rows)), "jsonl.gz"),
          writeFile(toGeojson(rows), "geojson"),
        ];
        const results: Report[][] = [];
        for (const path of files) {
          // Of one key: else the ids would differ.
          const fresh = { ...createMemoryStore({ clock }), remember: world.store.remember };
          expect(await run(path, { store: fresh })).toMatchObject({ rowsRead: rows.length, written: rows.length });
          results.push(await allReports(fresh));
          rmSync(path);
        }
        for (const result of results) expect(result).toEqual(results[0]);
      }),
      runs(25),
    );
  });

  test.each([
    ["csv", toCsv],
    ["ndjson", toNdjson],
    ["geojson", toGeojson],
  ] as const)("as damaged %s never fails, and its rows add up", async (ending, write) => {
    const damage = fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        fc.uint8Array({ maxLength: 4 }),
      ),
      { minLength: 1, maxLength: 6 },
    );
    // The header or the first row stays whole, so that the columns are there.
    const intact = write([FIRST]).replace(/\]\}$/, "").length;
    await fc.assert(
      fc.asyncProperty(records, damage, async (table, cuts) => {
        const whole = Buffer.from(write([FIRST, ...table]));
        let tail = whole.subarray(intact);
        for (const [share, length, put] of cuts) {
          const at = Math.floor(share * tail.length);
          tail = Buffer.concat([tail.subarray(0, at), put, tail.subarray(at + length)]);
        }
        const path = writeFile(Buffer.concat([whole.subarray(0, intact), tail]), ending);
        const fresh = createMemoryStore({ clock });
        const summary = await run(path, { store: fresh, encoding: "utf-8" });
        expect(summary.written + summary.existing + summary.rejected).toBe(summary.rowsRead);
        expect(await allReports(fresh)).toHaveLength(summary.written);
        const again = await run(path, { store: fresh, encoding: "utf-8" });
        expect(again).toMatchObject({ rowsRead: summary.rowsRead, written: 0, existing: summary.written });
        rmSync(path);
      }),
      runs(40),
    );
  });
});
