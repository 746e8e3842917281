import { expect, test } from "vitest";
import { createNdjsonReader, createSequenceReader } from "../../../../server/import/files/ndjson.ts";
import { objectOf, readRows } from "./read-rows.ts";

function objectsOf(content: string | Buffer, chunkBytes?: number) {
  const reader = createNdjsonReader();
  const rows = readRows(reader, content, chunkBytes);
  return rows.map((row) => objectOf(row, reader.columns));
}

test("reads objects with different keys, nested ones by dotted names", () => {
  const content = '\uFEFF{"a":1,"place":{"name":"x","at":[1,2]}}\r\n\n{"b":true,"a":null,"place":{"name":"y"}}';
  for (const chunkBytes of [1, 7, 1000]) {
    expect(objectsOf(content, chunkBytes)).toEqual([
      { a: "1", "place.name": "x", "place.at": "[1,2]" },
      { b: "true", "place.name": "y" },
    ]);
  }
});

test("keeps all digits of whole numbers that JavaScript would round", () => {
  const ids = '{"id":1234567890123456781,"of":{"id":-98765432109876543210},"lat":40.71234567890123999,"n":1e20}';
  const kept = {
    id: "1234567890123456781",
    "of.id": "-98765432109876543210",
    lat: "40.71234567890124",
    n: "100000000000000000000",
  };
  expect(objectsOf(ids)).toEqual([kept]);
  const rejected = { reject_row: 1, reject_reason: "x", reject_raw: ids };
  expect(objectsOf(JSON.stringify(rejected))).toEqual([kept]);
});

test("reads a Feature on a line by its geometry and properties", () => {
  const feature = {
    type: "Feature",
    id: 7,
    geometry: { type: "Point", coordinates: [1.5, -2, 9] },
    properties: { a: "x", lon: 0 },
  };
  expect(objectsOf(JSON.stringify(feature))).toEqual([{ id: "7", a: "x", lon: "1.5", lat: "-2" }]);
});

test("rejects lines that are no row, and only them", () => {
  const deep = `{"a":${'{"b":'.repeat(30)}1${"}".repeat(30)}}`;
  const brackets = `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  const polygon = '{"type":"Feature","geometry":{"type":"Polygon","coordinates":[]},"properties":{}}';
  const lines = ['{"a":1', "[1]", "7", deep, brackets, polygon, '{"a":2}'];
  expect(objectsOf(lines.join("\n"))).toEqual([
    "not valid JSON",
    "not a JSON object",
    "not a JSON object",
    "nested more than 16 deep",
    "nested more than 16 deep",
    "geometry is a Polygon, not a Point",
    { a: "2" },
  ]);
  expect(objectsOf(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]))).toEqual([
    { a: "\uFFFD" },
  ]);
});

test("bounds the number of columns", () => {
  const lines = Array.from({ length: 1100 }, (_, i) => `{"key${i}":1}`);
  const objects = objectsOf(lines.join("\n"));
  expect(objects[0]).toEqual({ key0: "1" });
  expect(objects.at(-1)).toBe("the file has more than 1024 different keys");
});

test("reads sequences of JSON texts, on lines or over them", () => {
  const content = '\u001e{"a":1}\n\u001e{\n "a": 2\n}\n\u001e{"a":\n\u001e{"a":4}';
  for (const chunkBytes of [1, 6, 1000]) {
    const reader = createSequenceReader();
    const rows = readRows(reader, content, chunkBytes);
    expect(rows.map((row) => objectOf(row, reader.columns))).toEqual([
      { a: "1" },
      { a: "2" },
      "not valid JSON",
      { a: "4" },
    ]);
    expect(reader.blankLines).toBe(0);
  }
});
