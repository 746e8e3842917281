import { expect, test } from "vitest";
import { parseCommandLine } from "../../../server/import/command-line.ts";

test("reads the whole of a command line", () => {
  const args =
    "f.csv.gz --lon x --lat y --time when --layer =safety --category offense --severity offense --map severity:murder=5 " +
    "--map category:a=b --into-last 89d --new-anchor --truncate-text --limit 10 --dry-run --format csv --delimiter tab --rejects r.csv";
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
    limit: 10,
    dryRun: true,
    place: {},
    truncateText: 280,
    rejectsPath: "r.csv",
  });
  expect(parseCommandLine(["--help"])).toBe("help");
});

test.each([
  ["", /npm run import -- FILE/],
  ["a.csv b.csv", /One file at a time/],
  ["a.csv --lng x", /--lng.*The options are: --lon --lat/],
  ["a.csv --into-last soon", /--into-last soon is not a span/],
  ["a.csv --into-last 91d", /expire after 90d/],
  ["a.csv --new-anchor", /goes with --into-last/],
  ["a.csv --limit 0", /--limit 0/],
  ["a.csv --format xls", /csv, ndjson, geojson/],
  ["a.csv --delimiter ab", /one ASCII character/],
  ["a.csv --map theft=1", /field:value=new value/],
])("says what is wrong with %j", (line, message) => {
  expect(() => parseCommandLine(line.split(" ").filter((word) => word !== ""))).toThrow(message);
});
