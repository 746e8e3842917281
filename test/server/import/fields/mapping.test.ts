import { expect, test } from "vitest";
import {
  checkMapping,
  createFieldReader,
  parseSource,
  parseValueMaps,
} from "../../../../server/import/fields/mapping.ts";

const row = (...values: string[]) => ({ number: 1, values, raw: Buffer.alloc(0) });

test("createFieldReader takes columns, constants and columns of the field's own name", () => {
  const sources = { lon: parseSource("x"), layer: parseSource("=safety"), category: parseSource("offense") };
  const read = createFieldReader({ sources, values: {} }, ["offense", "x", "lat"]);
  expect(read(row(" theft ", "1.5", "2"))).toEqual({
    lon: "1.5",
    lat: "2",
    time: "",
    layer: "safety",
    category: "theft",
    severity: "",
    text: "",
  });
});

test("createFieldReader maps the value that was read, with * for any other", () => {
  const values = parseValueMaps(["severity:murder=5", "severity:*=2", "category:a=b=c", "text:="]);
  const sources = { severity: parseSource("offense"), category: parseSource("offense") };
  const read = createFieldReader({ sources, values }, ["offense"]);
  expect(["murder", "theft", "", "a"].map((offense) => read(row(offense)).severity)).toEqual(["5", "2", "2", "2"]);
  expect(["murder", "a"].map((offense) => read(row(offense)).category)).toEqual(["murder", "b=c"]);
});

test("createFieldReader follows a table whose columns grow", () => {
  const columns = ["a"];
  const read = createFieldReader({ sources: { text: parseSource("late") }, values: {} }, columns);
  expect(read(row("1")).text).toBe("");
  columns.push("late");
  expect(read(row("1", "there")).text).toBe("there");
});

test("parseValueMaps refuses what is not field:from=to", () => {
  expect(() => parseValueMaps(["offense:a=b"])).toThrow(/--map offense:a=b .*lon, lat, time/);
  expect(() => parseValueMaps(["category=b"])).toThrow("--map category=b");
});

test("checkMapping names the columns there are", () => {
  const columns = ["when", "lat", "lon", "layer", "category", "severity"];
  const check = (time?: string) =>
    checkMapping({ sources: time === undefined ? {} : { time: parseSource(time) }, values: {} }, columns);
  expect(() => check("when")).not.toThrow();
  expect(() => check("=2024-01-01")).not.toThrow();
  expect(() => check("date")).toThrow(/no column "date" for --time.*when, lat, lon/);
  expect(() => check()).toThrow(/--time COLUMN.*when, lat, lon/);
});

test("createFieldReader tells which fields lost bytes, where the row did", () => {
  const sources = { category: parseSource("a"), text: parseSource("b") };
  const read = createFieldReader({ sources, values: {} }, ["a", "b", "c"]);
  expect(read({ ...row("x", "caf\ufffd", "\ufffd"), hasBadBytes: true }).damaged).toEqual(["text"]);
  // A file may have the character itself.
  expect(read(row("x", "caf\ufffd", ""))).not.toHaveProperty("damaged");
});
