import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { parseEncoding } from "../../../../server/import/files/encoding.ts";
import { openSource, type SourceOptions } from "../../../../server/import/files/source.ts";
import { zipOf } from "../../../kit/zip.ts";
import { objectOf } from "./read-rows.ts";

const dir = mkdtempSync(join(tmpdir(), "source-"));
afterAll(() => rmSync(dir, { recursive: true }));

let count = 0;
async function readFile(content: string | Buffer, ending: string, options?: SourceOptions) {
  const path = join(dir, `${count++}.${ending}`);
  writeFileSync(path, content);
  const source = await openSource(path, options);
  const reader = source.rows();
  const rows: ReturnType<typeof objectOf>[] = [];
  for await (const chunk of source.read(() => {})) {
    for (const row of reader.push(chunk)) rows.push(objectOf(row, reader.columns));
  }
  for (const row of reader.end()) rows.push(objectOf(row, reader.columns));
  await source.close();
  return rows;
}

const CSV = "a,b\n1,é’\n2,x\n";
const ROWS = [
  { a: "1", b: "é’" },
  { a: "2", b: "x" },
];
const utf16be = Buffer.from(`\uFEFF${CSV}`, "utf16le").swap16();
const cp1252 = Buffer.from(CSV.replace("’", "\x92"), "latin1");

describe("a file", () => {
  test.each<[string, string | Buffer, string, SourceOptions?]>([
    ["UTF-8", CSV, "csv"],
    ["UTF-8 with a mark, whatever is named", `\uFEFF${CSV}`, "csv", { encoding: parseEncoding("windows-1252") }],
    ["UTF-16 with a mark", Buffer.from(`\uFEFF${CSV}`, "utf16le"), "csv"],
    ["UTF-16 in the other order with a mark", utf16be, "csv"],
    ["UTF-16 that is named", Buffer.from(CSV, "utf16le"), "csv", { encoding: parseEncoding("UTF-16") }],
    ["Windows-1252 that is named", cp1252, "csv", { encoding: parseEncoding("CP1252") }],
    ["Latin 1 that is named", cp1252, "csv", { encoding: parseEncoding("ISO-8859-1") }],
    ["lines that end with carriage returns", CSV.replaceAll("\n", "\r"), "csv"],
    ["tabs, by its name", CSV.replaceAll(",", "\t"), "tab"],
    ["tabs, by its format", CSV.replaceAll(",", "\t"), "txt", { format: "tsv" }],
    ["lines before the header", `x\n\ny,"\n${CSV}`, "csv", { skipLines: 3 }],
    ["gzip without the name", gzipSync(CSV), "csv"],
    ["ZIP", zipOf({ "data/": "", "data/x.csv": CSV, "__MACOSX/data/._x.csv": "?" }), "zip"],
    ["ZIP of a flat folder of a Mac", zipOf({ "x.csv": CSV, "._x.csv": "?", ".DS_Store": "?" }), "zip"],
    ["ZIP without deflation", zipOf({ "x.csv": CSV }, { isStored: true }), "zip"],
    ["ZIP whose member has no ending", zipOf({ rows: CSV }), "csv.zip"],
    ["JSON on lines", '{"a":1,"b":"é’"}\n{"a":2,"b":"x"}\n', "jsonl"],
    ["JSON in an array, called lines", '[{"a":1,"b":"é’"},\n{"a":2,"b":"x"}]\n', "ndjson"],
    ["JSON over lines", '{\n "a": 1,\n "b": "é’"\n}\n{\n "a": 2,\n "b": "x"\n}\n', "ndjson"],
    ["JSON texts behind separators", '\x1e{"a":1,\n"b":"é’"}\n\x1e{"a":2,"b":"x"}\n', "geojsonseq"],
    [
      "JSON with rows in a member",
      '{"n":1,"results":[{"a":1,"b":"é’"},{"a":2,"b":"x"}]}',
      "json",
      { rowsIn: "results" },
    ],
  ])("of %s is read", async (_name, content, ending, options) => {
    expect(await readFile(content, ending, options)).toEqual(ROWS);
  });

  test("with a collection on a line is read, though its name says lines", async () => {
    const feature = '{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"a":1}}';
    const collection = `{"type":"FeatureCollection","features":[${feature}]}`;
    expect(await readFile(collection, "geojsonl")).toEqual([{ a: "1", lon: "1", lat: "2" }]);
  });

  const zip = zipOf({ "x.csv": CSV });
  test.each<[string, string | Buffer, string, string, SourceOptions?]>([
    ["UTF-32", Buffer.from("\xff\xfe\0\0a\0\0\0", "latin1"), "csv", "is UTF-32"],
    ["UTF-32 in the other order", Buffer.from("\0\0\xfe\xff\0\0\0a", "latin1"), "csv", "is UTF-32"],
    ["UTF-16 without a mark", Buffer.from(CSV.repeat(5), "utf16le"), "csv", "--encoding utf-16le"],
    ["Windows-1252", cp1252, "csv", '"1,é’", say --encoding windows-1252'],
    ["another encoding", Buffer.from("a,b\n\x81\x8d,1\n", "latin1"), "csv", "such as windows-1251"],
    ["several files", zipOf({ "a.csv": CSV, "b.csv": CSV }), "zip", "2 files in it (a.csv, b.csv)"],
    ["no files", zipOf({ "data/": "" }), "zip", "no file in it"],
    ["an encrypted file", zipOf({ "x.csv": CSV }, { flags: 1 }), "zip", "encrypted"],
    ["a file packed by another method", zipOf({ "x.csv": CSV }, { method: 12 }), "zip", "method 12"],
    ["half an archive", zip.subarray(0, 40), "zip", "damaged or cut-off ZIP"],
    ["an archive with another checksum", zipOf({ "x.csv": CSV }, { crc: 1 }), "zip", "checksum"],
    ["an archive that unpacks to more than it tells", zipOf({ "x.csv": CSV }, { size: 3 }), "zip", "longer"],
    ["a workbook", zipOf({ "[Content_Types].xml": "", "xl/a.xml": "" }), "csv", "office document"],
    ["an archive of archives", gzipSync(gzipSync(CSV)), "csv.gz", "packed twice"],
    ["a tar archive", gzipSync(Buffer.concat([Buffer.alloc(257), Buffer.from("ustar")])), "csv.gz", "tar archive"],
    ["XML", '<?xml version="1.0"?><requests/>', "xml", "is XML"],
    ["a web page", "<!DOCTYPE html><html>", "csv", "web page"],
    ["Parquet", "PAR1....", "parquet", "Parquet"],
    ["an unknown ending", CSV, "dat", "--format csv, tsv, ndjson or geojson"],
    ["fewer lines than are to be skipped", CSV, "csv", "has 3 lines", { skipLines: 9 }],
  ])("of %s is refused", async (_name, content, ending, sentence, options) => {
    await expect(readFile(content, ending, options)).rejects.toThrow(sentence);
  });

  test("of UTF-8 with few rows that are broken is read, and so is one that was said to be", async () => {
    const rows = await readFile(Buffer.concat([Buffer.from(`a,b\n${"1,2\n".repeat(200)}`), cp1252]), "csv");
    expect(rows.filter((row) => typeof row === "object" && row.b?.includes("\uFFFD"))).toHaveLength(1);
    expect(await readFile(cp1252, "csv", { encoding: "utf-8" })).toHaveLength(2);
  });
});

test("a source says which options have the columns that are wanted", async () => {
  const adviceOn = async (content: string, wanted: string[], options?: SourceOptions) => {
    const path = join(dir, `${count++}.csv`);
    writeFileSync(path, content);
    const source = await openSource(path, options);
    return source.adviseOn(wanted);
  };
  expect(await adviceOn("id;lon;lat\n1;2;3\n", ["lon", "lat"])).toBe(
    'The header has 3 fields between ";": say --delimiter ";".',
  );
  expect(await adviceOn("id\tx\ty\n1\t2\t3\n", ["lon", "lat"])).toContain("--delimiter tab");
  const preamble = "City of X\nMade, today\n\nid,lon,lat\n1,2,3\n";
  expect(await adviceOn(preamble, ["lon", "lat"])).toBe('Line 4 has 3 fields between ",": say --skip-lines 3.');
  expect(await adviceOn(preamble, ["lon", "lat"], { skipLines: 1 })).toContain("--skip-lines 3");
  expect(await adviceOn(preamble.replaceAll(",", "|"), ["lon", "lat"])).toContain('--skip-lines 3 --delimiter "|"');
  expect(await adviceOn("id,x,y\n1,2,3\n", ["lon", "lat"])).toBeUndefined();
});

test("says that there is no file where the path leads nowhere", async () => {
  const file = join(dir, "plain.csv");
  writeFileSync(file, CSV);
  symlinkSync(join(dir, "loop.csv"), join(dir, "loop.csv"));
  for (const path of [join(dir, "loop.csv"), join(file, "x.csv"), join(dir, "none.csv")])
    await expect(openSource(path)).rejects.toThrow(`There is no file ${path}.`);
});
