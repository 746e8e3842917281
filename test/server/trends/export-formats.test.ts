import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTextEncoder, csvCell } from "../../../server/trends/export-formats.ts";

describe("csvCell", () => {
  it.each([
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\tx", "'\tx"],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
    [-122.4, "-122.4"],
    [0, "0"],
    [null, ""],
    ["", ""],
  ])("writes %j as %j", (value, expected) => {
    expect(csvCell(value)).toBe(expected);
  });

  it("writes a score with its decimal, and other numbers as they are", () => {
    expect([50, 66.6, 0, 100].map((score) => csvCell(score, "score"))).toEqual(["50.0", "66.6", "0.0", "100.0"]);
    expect([csvCell(3, "count"), csvCell(2.75, "worth"), csvCell(null, "score")]).toEqual(["3", "2.75", ""]);
  });

  it("is read back by the rules of RFC 4180, and never begins as a formula", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const cell = csvCell(text);
        const read = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
        expect(read === text || read === `'${text}`).toBe(true);
        expect(/^[=+\-@\t\r]/.test(read)).toBe(false);
        if (!cell.startsWith('"')) expect(cell).not.toMatch(/[",\r\n]/);
      }),
    );
  });
});

describe("createTextEncoder", () => {
  const columns = [{ name: "geohash", type: "text" }] as const;
  const utf8 = new TextDecoder();

  it("gives the same file however the rows are cut into pages", () => {
    const rows = ["9q8yyk", "9q8yym", "9q8yys"].map((geohash) => ({ geohash }));
    for (const format of ["csv", "geojson", "ndjson"] as const) {
      const files = [[rows], rows.map((row) => [row]), [[], rows.slice(0, 2), [], rows.slice(2)]].map((pages) => {
        const encoder = createTextEncoder(format, columns);
        return [encoder.begin(), ...pages.map((page) => encoder.rows(page)), encoder.end()]
          .map((part) => utf8.decode(part))
          .join("");
      });
      expect(new Set(files).size, format).toBe(1);
    }
  });
});
