/** @module-tag random */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFieldReader, parseSource } from "../../../../server/import/fields/mapping.ts";
import { placeOfRow } from "../../../../server/import/fields/place.ts";
import { readPoint } from "../../../../server/import/fields/point.ts";
import { runs } from "../../../kit/runs.ts";

const FIELDS = { lon: "", lat: "", time: "", layer: "", category: "", severity: "", text: "" };
const placeOf = (point: string, options = {}) => placeOfRow({ ...FIELDS, point }, options);
const HERE = { lonDeg: -73.95, latDeg: 40.71 };

describe("a point", () => {
  test.each([
    "POINT (-73.95 40.71)",
    "point(-73.95 40.71)",
    "POINT Z (-73.95 40.71 12)",
    "POINTZ(-73.95 40.71 12)",
    "SRID=4326;POINT(-73.95 40.71)",
    "SRID=4269; POINT (-73.95 40.71)",
    "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> Point(-73.95 40.71)",
    '{"type":"Point","coordinates":[-73.95,40.71]}',
    '{"type": "Point", "coordinates": ["-73.95", "40.71", 3]}',
    "[-73.95, 40.71]",
    '{"latitude": "40.71", "longitude": "-73.95"}',
    '{"lng": -73.95, "lat": 40.71}',
    `{'latitude': '40.71', 'longitude': '-73.95', 'human_address': '{"address": "1 LAT ST", "city": ""}'}`,
    "(40.71, -73.95)",
    "40.71,-73.95",
    "40.71 -73.95",
    "40.71;-73.95",
    "40,71; -73,95",
    "40,71, -73,95",
    "lat: 40.71, lon: -73.95",
    "40.71N, 73.95W",
    "73.95W 40.71N",
    "40.71° N 73.95° W",
    "N40.71 W73.95",
    '{"x": -73.95, "y": 40.71, "spatialReference": {"wkid": 4326}}',
    "40°42'36\"N, 73°57'00\"W",
    "123 MAIN ST\nNEW YORK, NY\n(40.71, -73.95)",
    "POINT PLEASANT (40.71, -73.95)",
    "123 MAIN ST (REAR), NEW YORK (40.71°, -73.95°)",
  ])("is read from %j", (text) => {
    const place = placeOf(text);
    if ("message" in place) throw new Error(place.message);
    expect(place.lonDeg).toBeCloseTo(HERE.lonDeg, 9);
    expect(place.latDeg).toBeCloseTo(HERE.latDeg, 9);
  });

  test.each([
    ["", "is missing"],
    ["POINT EMPTY", "is missing"],
    ["somewhere", "is not a point"],
    ["12 MAIN ST, NY 10001", "has a lon that must be a number"],
    ["(40.71)", "is not a point"],
    ["40.71,-73.95,12", "is not a point"],
    ["40,71,-73,95", "is not a point"],
    ["POINT (-73.95)", "is not a point"],
    ["<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(-73.95 40.71)", "is not a point"],
    ["CRS84;POINT(-73.95 40.71)", "is not a point"],
    ["123 MAIN ST POINT (-73.95 40.71)", "is not a point"],
    ["POINT (-73.95, 40.71)", "has a lon that must be a number"],
    ["SRID=2263;POINT (981106 195544)", "is in EPSG:2263"],
    ["POINT (981106 195544)", "metres or feet"],
    ["LINESTRING (1 2, 3 4)", "is not a point"],
    ['{"type":"LineString","coordinates":[[1,2],[3,4]]}', "is not a point but another kind"],
    ["[[1,2],[3,4]]", "is not a point"],
    ['{"latitude": "40.71"}', "is not a point"],
    ["-173.95, 40.71", "has a lat that must be a number"],
    ["(0, 0)", "is 0,0"],
    [`(${"(".repeat(9_000)}`, "is not a point"],
  ])("is not guessed from %.40j", (text, problem) => {
    const place = placeOf(text);
    expect(place).toMatchObject({ field: "point", message: expect.stringContaining(problem) });
  });

  test("has its longitude first where that is said, but for those with an order of their own", () => {
    const options = { lonFirst: true };
    expect(readPoint("(-73.95, 40.71)", options)).toEqual({ lon: "-73.95", lat: "40.71" });
    expect(readPoint("40.71N, 73.95W", options)).toEqual({ lon: "73.95W", lat: "40.71N" });
    expect(readPoint("POINT (-73.95 40.71)", options)).toEqual({ lon: "-73.95", lat: "40.71" });
  });

  test("is found in the columns that a JSON object became, row by row", () => {
    const columns = ["where.type", "where.coordinates"];
    const mapping = { sources: {}, values: {}, point: parseSource("where") };
    const read = createFieldReader(mapping, columns);
    const row = (...values: string[]) => ({ number: 1, values, raw: Buffer.alloc(0) });
    expect(placeOfRow(read(row("Point", "[-73.95,40.71]")), {})).toEqual(HERE);
    columns.push("where.latitude", "where.longitude");
    expect(placeOfRow(read(row("", "", "40.71", " -73.95")), {})).toEqual(HERE);
    expect(placeOfRow(read(row("", "", "40.71", "")), {})).toMatchObject({
      message: "is not a point: (lat, lon), POINT (lon lat), GeoJSON and {latitude, longitude} are read",
    });
    expect(placeOfRow(read(row("")), {})).toMatchObject({ message: "is missing" });
  });
});

test("whatever stands there is a place on earth, or none with a reason", () => {
  const piece = fc.constantFrom(
    ..."0123456789.,;-+°'\"NSEWe ()[]{}:\n",
    ...["POINT", "SRID=4326;", "lat", "lon", "coordinates", "40.71", "-73.95", "null"],
  );
  const texts = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join("").trim());
  fc.assert(
    fc.property(texts, texts, fc.boolean(), (one, other, decimalComma) => {
      for (const values of [
        { ...FIELDS, point: one },
        { ...FIELDS, lon: one, lat: other },
      ]) {
        const place = placeOfRow(values, { decimalComma, allowNullIsland: true });
        if ("message" in place) expect(place.message).not.toBe("");
        else expect([Math.abs(place.lonDeg) <= 180, Math.abs(place.latDeg) <= 90]).toEqual([true, true]);
      }
    }),
    runs(20_000),
  );
});

describe("a place", () => {
  const at = (lon: string, lat: string, options = {}) => placeOfRow({ ...FIELDS, lon, lat }, options);

  test("of 0,0 is none unless it is meant; of one 0 it is", () => {
    expect(at("-0", "0.000")).toMatchObject({
      field: "place",
      message: expect.stringContaining("--allow-null-island"),
    });
    expect(at("0", "0", { allowNullIsland: true })).toEqual({ lonDeg: 0, latDeg: 0 });
    expect(at("0", "51.48")).toEqual({ lonDeg: 0, latDeg: 51.48 });
  });

  test("outside the box is refused, also where the box crosses the 180th meridian", () => {
    const fiji = { bbox: [176, -20, -178, -15] as const };
    expect([at("179", "-18", fiji), at("-179", "-18", fiji)]).toEqual([
      { lonDeg: 179, latDeg: -18 },
      { lonDeg: -179, latDeg: -18 },
    ]);
    for (const [lon, lat] of [
      ["0", "-18"],
      ["179", "-21"],
    ] as const) {
      expect(at(lon, lat, fiji)).toMatchObject({ message: "lies outside --bbox" });
    }
  });

  test("in degrees is refused in a file of metres", () => {
    expect(at("143.2", "59.1", { isProjected: true })).toMatchObject({
      message: expect.stringContaining("metres or feet"),
    });
  });
});
