import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCsvReader } from "../../../../server/import/files/csv.ts";
import { MAX_ROW_BYTES } from "../../../../server/import/files/row.ts";
import { readRows } from "./read-rows.ts";

const valuesOf = (content: string | Buffer, delimiter?: string) =>
  readRows(createCsvReader(delimiter), content).map(({ values, problem }) => problem ?? values);

const UNCLOSED = "a quote is opened and never closed";
const MIDDLE = "a quote is closed in the middle of a field";

describe("createCsvReader", () => {
  test.each<[string, string, (string | string[])[]]>([
    [
      "reads plain rows",
      "a,b\n1,2\n3,4\n",
      [
        ["1", "2"],
        ["3", "4"],
      ],
    ],
    ["reads a last row without a line feed", "a,b\n1,2", [["1", "2"]]],
    ["reads CRLF", "a,b\r\n1,2\r\n", [["1", "2"]]],
    ["drops a byte order mark, before a quote too", '\uFEFF"a",b\n1,2\n', [["1", "2"]]],
    [
      "keeps empty fields",
      "a,b,c\n,,\n1,,\n",
      [
        ["", "", ""],
        ["1", "", ""],
      ],
    ],
    ["unquotes", 'a,b\n"1,5","say ""hi"""\n', [["1,5", 'say "hi"']]],
    [
      "reads a field over lines",
      'a,b\n"one\ntwo\r\nthree",x\n1,2\n',
      [
        ["one\ntwo\r\nthree", "x"],
        ["1", "2"],
      ],
    ],
    ["takes a quote inside a field as it is", 'a,b\n5" pipe,2\n', [['5" pipe', "2"]]],
    [
      "skips empty lines",
      "a,b\n\n1,2\n  \n\r\n3,4\n\n",
      [
        ["1", "2"],
        ["3", "4"],
      ],
    ],
    [
      "reads short rows, passes empty fields that are too many, and tells others",
      "a,b\n1\n1,2,3\n4,5,, \n",
      [["1"], "3 fields where the header has 2", ["4", "5"]],
    ],
    ["loses one row to a quote that never closes", 'a,b\n"1,2\n3,4\n5,6\n', [UNCLOSED, ["3", "4"], ["5", "6"]]],
    ["loses one row to a quote that meets a later one", 'a,b\n"1,2\n3,4\n"x",6\n', [MIDDLE, ["3", "4"], ["x", "6"]]],
    ["loses one row to text behind a quote", 'a,b\n"1"x,2\n3,4\n', [MIDDLE, ["3", "4"]]],
    [
      "takes a short last line without an end for cut off",
      "a,b\n1,2\n3",
      [["1", "2"], "1 field where the header has 2"],
    ],
    ["unless others are as short", "a,b\n1\n3", [["1"], ["3"]]],
    [
      "names the column behind a comma too many",
      "a,b,\n1,2\n3,4,5\n",
      [
        ["1", "2"],
        ["3", "4", "5"],
      ],
    ],
    ["reads the line that tells the delimiter", "\uFEFFsep=;\r\na;b\r\n1,5;2\r\n", [["1,5", "2"]]],
    ["rejects NUL characters", "a,b\n1,\0\n\0\0\n3,4\n", ["has a NUL character", "has a NUL character", ["3", "4"]]],
    [
      "reads a field over lines in a row with an empty field too many",
      'a,b\n1,"x\ny",\n3,4\n',
      [
        ["1", "x\ny"],
        ["3", "4"],
      ],
    ],
    [
      "reads the rows that a quoted field swallowed",
      'a,b\n"1,2\n3,4\n5,6"\n7,8\n',
      ["1 field where the header has 2", ["3", "4"], ["5", '6"'], ["7", "8"]],
    ],
  ])("%s", (_name, content, expected) => {
    expect(valuesOf(content)).toEqual(expected);
  });

  test("names columns that have no name or the same one", () => {
    const reader = createCsvReader();
    readRows(reader, "a, a ,,a\n");
    expect(reader.columns).toEqual(["a", "a_2", "column_3", "a_3"]);
  });

  test("takes as many columns as a line holds", () => {
    const reader = createCsvReader();
    readRows(reader, `${",".repeat(500_000)}last\n`);
    expect([reader.columns.length, reader.columns.at(-1)]).toEqual([500_001, "last"]);
  });

  test("marks a row that has bytes that are no UTF-8, and keeps them", () => {
    const bad = Buffer.from([0x31, 0x2c, 0xff]);
    const reader = createCsvReader();
    const rows = readRows(reader, Buffer.concat([Buffer.from("a,b\n"), bad, Buffer.from("\n3,4\n")]));
    expect(rows.map(({ values, hasBadBytes }) => [values, hasBadBytes])).toEqual([
      [["1", "\ufffd"], true],
      [["3", "4"], undefined],
    ]);
    expect(rows[0]?.raw).toEqual(bad);
    // As it stood there, for whoever knows the encoding; and marked again when it is read from the rejects.
    const rejected = Buffer.concat([
      reader.rejects.head(),
      ...rows.slice(0, 1).map((row) => reader.rejects.line(row, "why")),
    ]);
    expect(rejected).toEqual(Buffer.from('a,b,reject_row,reject_reason\n"1,\u00ff",,1,why\n', "latin1"));
    expect(readRows(createCsvReader(), rejected)).toMatchObject([{ values: ["1", "\ufffd"], hasBadBytes: true }]);
  });

  test("rejects a line without end instead of holding it", () => {
    const rows = readRows(createCsvReader(), `a,b\n${"x".repeat(3 * MAX_ROW_BYTES)}\n3,4\n`);
    expect(rows.map(({ problem, values }) => problem ?? values)).toEqual([
      `longer than ${MAX_ROW_BYTES} bytes`,
      ["3", "4"],
    ]);
    expect(rows[0]?.raw.length).toBeLessThan(10_000);
  });

  test("gives up a quote that swallows more than a row may hold", () => {
    const rest = Array.from({ length: 40_000 }, (_, i) => `${i},${"y".repeat(60)}`);
    const values = valuesOf(`a,b\n"0,lost\n${rest.join("\n")}\n`);
    expect(values[0]).toBe(UNCLOSED);
    expect(values.slice(1)).toEqual(rest.map((row) => row.split(",")));
  });

  test("reads other delimiters", () => {
    expect(valuesOf('a;b\n"1;5";2,5\n', ";")).toEqual([["1;5", "2,5"]]);
  });

  test("says what is wrong with a file that is no CSV", () => {
    expect(() => valuesOf("")).toThrow("empty");
    expect(() => valuesOf('"a,b\n1,2\n')).toThrow("header");
    expect(() => valuesOf(Buffer.from("a,\xe9\n", "latin1"))).toThrow("--encoding");
  });

  test("reads back any table, in chunks of any size", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "é", "🌊", '"', ",", "\n", "\r", " "), maxLength: 6 });
    const table = fc.array(fc.tuple(fc.constant("x"), cell, cell), { maxLength: 12 });
    fc.assert(
      fc.property(
        table,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom("\n", "\r\n"),
        (rows, chunkBytes, lineEnd) => {
          const lines = [["n", "p", "q"], ...rows].map((row) =>
            row.map((v) => `"${v.replaceAll('"', '""')}"`).join(","),
          );
          const read = readRows(createCsvReader(), lines.join(lineEnd), chunkBytes);
          expect(read.map(({ values }) => values)).toEqual(rows);
          expect(read.map(({ number }) => number)).toEqual(rows.map((_, i) => i + 1));
        },
      ),
    );
  });

  test("loses no line of any mangled file and reads the same in chunks of any size", () => {
    const line = fc.string({ unit: fc.constantFrom("a", '"', ",", '",', ',"', "é"), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.integer({ min: 1, max: 30 }), (lines, chunkBytes) => {
        const content = `a,b\n${lines.join("\n")}\n`;
        const reader = createCsvReader();
        const rows = readRows(reader, content, chunkBytes);
        const linesOfRows = rows.reduce((sum, { raw }) => sum + raw.toString().split("\n").length, 0);
        expect(linesOfRows + reader.blankLines).toBe(Math.max(1, lines.length));
        expect(rows).toEqual(readRows(createCsvReader(), content));
      }),
    );
  });
});
