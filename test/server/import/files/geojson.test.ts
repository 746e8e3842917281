/** @module-tag random */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createGeoJsonReader } from "../../../../server/import/files/geojson.ts";
import { MAX_ROW_BYTES } from "../../../../server/import/files/row.ts";
import { runs } from "../../../kit/runs.ts";
import { objectOf, readRows } from "./read-rows.ts";

function objectsOf(content: string, chunkBytes?: number) {
  const reader = createGeoJsonReader();
  const rows = readRows(reader, content, chunkBytes);
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, i) => i + 1));
  return rows.map((row) => objectOf(row, reader.columns));
}

const feature = (n: number, a = "x") => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: [n, -n] },
  properties: { n, a },
});
const row = (n: number, a = "x") => ({ n: String(n), a, lon: String(n), lat: String(-n) });
const collection = (...features: string[]) => `{"type":"FeatureCollection","features":[\n${features.join(",\n")}\n]}`;
const text = (n: number) => JSON.stringify(feature(n));

describe("createGeoJsonReader", () => {
  test("reads a collection written in any way, in chunks of any size", () => {
    const a = 'br{ack}et]s, "quotes" \\ and 🌊\n';
    const features = [feature(1, a), feature(2), feature(3, a)];
    const whole = {
      name: "features",
      crs: { features: [{ no: 1 }] },
      type: "FeatureCollection",
      features,
      bbox: [1, 2, 3, 4],
    };
    for (const content of [
      JSON.stringify(whole),
      JSON.stringify(whole, null, 2),
      collection(...features.map((f) => JSON.stringify(f))),
    ]) {
      for (const chunkBytes of [1, 3, 64, 10_000]) {
        expect(objectsOf(content, chunkBytes)).toEqual([row(1, a), row(2), row(3, a)]);
      }
    }
  });

  test("reads a plain array of objects, and collections one after the other", () => {
    expect(objectsOf('[{"a":1},{"a":2}]')).toEqual([{ a: "1" }, { a: "2" }]);
    expect(objectsOf(collection(text(1)) + collection(text(2)))).toEqual([row(1), row(2)]);
  });

  test("reads a collection without features as no rows", () => {
    expect(objectsOf('{"features":[]}')).toEqual([]);
  });

  test.each([
    ["a brace lost", (f: string) => f.slice(0, -1)],
    ["a brace too many", (f: string) => `${f}}`],
    ["a quote lost", (f: string) => f.replace('"x"', '"x')],
    ["a bare word", (f: string) => f.replace('"x"', "NaN")],
    ["a line cut off", (f: string) => f.slice(0, 60)],
    ["a bracket too many", (f: string) => `${f}]`],
  ])("loses nothing but the feature with %s", (_name, mangle) => {
    const objects = objectsOf(collection(text(1), mangle(text(2)), text(3), text(4)));
    const good = objects.filter((object) => typeof object === "object");
    expect(good.filter((object) => object.n !== "2")).toEqual([row(1), row(3), row(4)]);
    expect(good.length < objects.length || mangle(text(2)).endsWith("]")).toBe(true);
  });

  test("says that a file was cut off", () => {
    const whole = collection(text(1), text(2));
    expect(objectsOf(whole.slice(0, -20))).toEqual([row(1), "the file ends inside it"]);
    expect(objectsOf(whole.slice(0, -3))).toEqual([row(1), row(2), "the file ends before its array of features does"]);
  });

  test("rejects a feature that is too long and reads on", () => {
    const long = JSON.stringify(feature(2, "y".repeat(3 * MAX_ROW_BYTES)));
    expect(objectsOf(collection(text(1), long, text(3)))).toEqual([
      row(1),
      `longer than ${MAX_ROW_BYTES} bytes`,
      row(3),
    ]);
  });

  test("says when a file has no features", () => {
    expect(() => objectsOf('{"a":1}\n{"a":2}\n')).toThrow("--format ndjson");
    expect(() => objectsOf("a,b\n1,2\n")).toThrow("no array of features");
  });

  test("survives any damage and reads the same in chunks of any size", () => {
    const whole = collection(text(1), text(2), JSON.stringify(feature(3), null, 1), text(4));
    const damage = fc.array(
      fc.tuple(
        fc.integer({ min: 45, max: whole.length - 1 }),
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom("", "{", "}", "]", "[", '"', "\\", ",", "\n"),
      ),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(damage, fc.integer({ min: 1, max: 50 }), (cuts, chunkBytes) => {
        let content = whole;
        for (const [at, length, put] of cuts) content = content.slice(0, at) + put + content.slice(at + length);
        expect(objectsOf(content, chunkBytes)).toEqual(objectsOf(content));
      }),
      runs(300),
    );
  });
});
