/** @module-tag random */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createGeoJsonReader } from "../../../../server/import/files/geojson.ts";
import type { JsonReaderOptions } from "../../../../server/import/files/json-reading.ts";
import { NOT_JSON } from "../../../../server/import/files/json-row.ts";
import { MAX_ROW_BYTES } from "../../../../server/import/files/row.ts";
import { runs } from "../../../kit/runs.ts";
import { objectOf, readRows } from "./read-rows.ts";

function objectsOf(content: string, chunkBytes?: number, options?: JsonReaderOptions) {
  const reader = createGeoJsonReader(options);
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
const crs = (name: string) => JSON.stringify({ type: "name", properties: { name } });
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
    expect(objectsOf(whole.slice(0, -3))).toEqual([row(1), row(2), "the file ends before its array of rows does"]);
  });

  test("rejects a feature that is too long and reads on", () => {
    const long = JSON.stringify(feature(2, "y".repeat(3 * MAX_ROW_BYTES)));
    expect(objectsOf(collection(text(1), long, text(3)))).toEqual([
      row(1),
      `longer than ${MAX_ROW_BYTES} bytes`,
      row(3),
    ]);
  });

  test("reads one object, or several that follow one another, over lines or not", () => {
    const several = [feature(1), feature(2), feature(3)];
    for (const chunkBytes of [1, 5, 10_000]) {
      expect(objectsOf(text(1), chunkBytes)).toEqual([row(1)]);
      expect(objectsOf(`\uFEFF${JSON.stringify(feature(1), null, 1)}\n`, chunkBytes)).toEqual([row(1)]);
      expect(objectsOf(several.map((one) => JSON.stringify(one, null, 2)).join("\n"), chunkBytes)).toEqual([
        row(1),
        row(2),
        row(3),
      ]);
    }
    const broken = [text(1), text(2).slice(0, -2), text(3)].join("\n");
    expect(objectsOf(broken)).toEqual([row(1), "the file ends inside it", row(3)]);
  });

  test("rejects a Point of more than one, whose whole degrees would read as one with a decimal comma", () => {
    const points = {
      type: "Point",
      coordinates: [
        [10, 59],
        [11, 60],
      ],
    };
    expect(objectsOf(collection(JSON.stringify({ ...feature(1), geometry: points })))).toEqual([
      "geometry has more than one point",
    ]);
  });

  test.each([
    ["issues", '{"meta":{"issues":[1],"n":2},"issues":[{"a":1},{"a":2}],"more":[{"a":3}]}'],
    ["result.records", '{"records":[{"a":0}],"result":{"x":[{"a":0}],"records":[{"a":1},{"a":2}]}}'],
    ["ümläut", '{"ümläut":[{"a":1},{"a":2}]}'],
  ])("reads the rows in a member %s that is named, and names members that may be meant", (rowsIn, content) => {
    expect(objectsOf(content, 3, { rowsIn })).toEqual([{ a: "1" }, { a: "2" }]);
    expect(() => objectsOf(content)).toThrow(`--rows-in ${rowsIn}`);
    expect(() => objectsOf(content, 3, { rowsIn: "other" })).toThrow(`--rows-in ${rowsIn}`);
  });

  test.each([
    ["no features", "a,b\n1,2\n", "no array of features"],
    ["a cut-off beginning", '{"type":"FeatureCollection","fea', "cut off"],
    ["Socrata's rows.json", '{"meta":{"view":{"columns":[{"name":"id"}]}},"data":[["row-1",1],', "Socrata"],
    ["TopoJSON", '{"type":"Topology","objects":{}}', "TopoJSON"],
    ["metres", collection(text(1)).replace("{", `{"crs":${crs("urn:ogc:def:crs:EPSG::3857")},`), "EPSG::3857"],
    ["metres, told at the end", collection(text(1)).replace(/\}$/, `,"crs":${crs("EPSG:25832")}}`), "EPSG:25832"],
    ["feet, told as Esri does", '{"spatialReference":{"wkid":102100,"latestWkid":2263},"features":[]}', "EPSG:2263"],
  ])("refuses a file with %s", (_name, content, sentence) => {
    expect(() => objectsOf(content, 7)).toThrow(sentence);
  });

  test("takes degrees by all their names", () => {
    const names = ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4269", "OGC:CRS84"];
    for (const name of names) {
      expect(objectsOf(collection(text(1)).replace("{", `{"crs":${crs(name)},`))).toEqual([row(1)]);
    }
    const esri = '{"spatialReference":{"wkid":4326},"features":[{"attributes":{"n":1},"geometry":{"x":2,"y":3}}]}';
    expect(objectsOf(esri)).toEqual([{ "attributes.n": "1", "geometry.x": "2", "geometry.y": "3" }]);
  });

  test.each(["{\n", '{"a":[\n', '{"type":"Feature","a":[{"b":'])("takes linear time for a file of %j", (piece) => {
    const content = Buffer.from(`{"features":[\n${piece.repeat(40_000)}`);
    const reader = createGeoJsonReader();
    const rows = readRows(reader, content);
    expect(rows.length).toBeGreaterThanOrEqual(40_000);
    expect(reader.scannedBytes).toBeLessThan(8 * content.length + 2 ** 25);
  });

  test("says what is no JSON about NaN", () => {
    expect(objectsOf('[{"a":NaN},{"a":1}]')).toEqual([`${NOT_JSON}: it has no NaN`, { a: "1" }]);
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
