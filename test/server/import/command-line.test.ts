import { expect, test } from "vitest";
import { parseCommandLine } from "../../../server/import/command-line.ts";

test("reads the whole of a command line", () => {
  const args =
    "f.csv.gz --lon x --lat y --time when --layer =safety --category offense --severity offense --map severity:murder=5 " +
    "--map category:a=b --into-last 89d --anchor houston-2010 --new-anchor --max-rejects 2.5% --truncate-text --limit 10 --dry-run --format csv --delimiter tab --rejects r.csv";
  expect(parseCommandLine(args.split(" "))).toEqual({
    path: "f.csv.gz",
    format: "csv",
    delimiter: "\t",
    mapping: {
      sources: {
        lon: { column: "x" },
        lat: { column: "y" },
        time: { column: "when" },
        layer: { constant: "safety" },
        category: { column: "offense" },
        severity: { column: "offense" },
      },
      values: { severity: new Map([["murder", "5"]]), category: new Map([["a", "b"]]) },
    },
    intoLastMs: 89 * 86_400_000,
    newImportEpoch: true,
    anchor: "houston-2010",
    maxRejects: { share: 0.025 },
    limit: 10,
    dryRun: true,
    place: {},
    truncateText: 280,
    rejectsPath: "r.csv",
  });
  expect(parseCommandLine(["--help"])).toBe("help");
});

test("reads how a file is written", () => {
  const line = ["-", "--format", "TSV", "--encoding", "Latin1", "--skip-lines", "3", "--rows-in", "result.records"];
  expect(parseCommandLine(line)).toMatchObject({
    path: "-",
    format: "tsv",
    encoding: "windows-1252",
    skipLines: 3,
    rowsIn: "result.records",
  });
});

test("reads how times are written", () => {
  const line = ["a.csv", "--time-format", "US", "--timezone", "america/new_york"];
  expect(parseCommandLine(line)).toMatchObject({ timeFormat: "us", timezone: "America/New_York" });
});

test.each([
  ["", /npm run import -- FILE/],
  ["a.csv b.csv", /One file at a time/],
  ["a.csv --lng x", /--lng.*The options are: --lon --lat/],
  ["a.csv --into-last soon", /--into-last soon is not a span/],
  ["a.csv --into-last 91d", /expire after 90d/],
  ["a.csv --new-anchor", /--new-anchor goes with --into-last or --time =now/],
  ["a.csv --anchor x", /--anchor goes with --into-last or --time =now/],
  ["a.csv --into-last 1d --anchor a/b", /--anchor a\/b is no name/],
  ["a.csv --into-last 1d --time =now", /leave out --into-last/],
  ["a.csv --max-rejects many", /--max-rejects many is neither/],
  ["a.csv --max-rejects 101%", /--max-rejects 101% is neither/],
  ["a.csv --limit 0", /--limit 0/],
  ["a.csv --every 10m", /--every goes with --watch/],
  ["a.csv --watch b.csv", /One file at a time/],
  ["--watch b.csv --every 59s", /too often: 1m is the least/],
  ["--watch b.csv --every 1y", /not a span of time/],
  ["--watch b.csv --every 3w", /too seldom/],
  ["a.csv --profile socrata --source bonn/mitte", /--source bonn.mitte is no name/],
  ["a.csv --profile open311 --source b%", /--source b% is no name/],
  ["a.csv --time-format american", /not one of iso, us, eu, ymd, unix, unix-ms, excel/],
  ["a.csv --timezone EST", /--timezone EST is not the name of a time zone: say America\/New_York\./],
  ["a.csv --format xls", /csv, ndjson, geojson/],
  ["a.csv --encoding klingon", /--encoding klingon is not known.*windows-1252/],
  ["a.csv --skip-lines few", /--skip-lines few is not a number of lines/],
  ["a.csv --delimiter ab", /one ASCII character/],
  ["a.csv --map theft=1", /field:value=new value/],
])("says what is wrong with %j", (line, message) => {
  expect(() => parseCommandLine(line.split(" ").filter((word) => word !== ""))).toThrow(message);
});

test("runs are asked for alone, and sources and ids are named", () => {
  expect(parseCommandLine(["--runs"])).toEqual({ runs: "list" });
  expect(parseCommandLine(["--undo", "260301-120000-kdp"])).toEqual({ runs: { undo: "260301-120000-kdp" } });
  expect(parseCommandLine(["x.csv", "--id", "unique_key", "--source", "nyc311"])).toMatchObject({
    mapping: { id: { column: "unique_key" } },
    source: "nyc311",
  });
  for (const args of [
    ["--runs", "x.csv"],
    ["--undo", "a", "--dry-run"],
    ["--runs", "--undo", "a"],
  ])
    expect(() => parseCommandLine(args)).toThrow("goes alone");
  expect(() => parseCommandLine(["--undo", "a/b"])).toThrow("no run's id");
  expect(() => parseCommandLine(["x.csv", "--source", "a/b"])).toThrow("no name");
});
