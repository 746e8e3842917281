import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { houstonCsv, incidentsCsv } from "./houston-file.ts";
import { readDataFrame } from "./r-data.ts";

const HAS_ATTRIBUTES = 0x200;
const HAS_TAG = 0x400;
const END = integers(254);

/** `save(crime, file = "crime.rda", version = 2)` of a data frame with a factor, texts, numbers, and what is not known. */
function saved(frame: Buffer, { magic = "RDX2\nX\n", version = 2 } = {}): Buffer {
  return Buffer.concat([
    Buffer.from(magic),
    integers(version, 0x030500, 0x020300),
    ...pair(symbol("crime"), frame),
    END,
  ]);
}

const FRAME = vector(
  19,
  [
    vector(14, [reals(1_262_325_600, 1_262_329_200, 1_262_329_201)], 3, [symbol("class"), texts("POSIXct")]),
    vector(13, [integers(2, 1, -(2 ** 31))], 3, [symbol("levels"), texts("theft", "auto theft")]),
    texts('bar "Joe\'s", night club', undefined, "café"),
    vector(14, [reals(-95.49310439999999, Number.NaN, -95)], 3),
    vector(14, [reals(29.6190251, Number.NaN, 30)], 3),
    // A symbol that was met before goes by its number: `class` was the second.
  ],
  5,
  [symbol("names"), texts("time", "offense", "location", "lon", "lat")],
  [integers(0x2ff), texts("data.frame")],
);

describe("a data frame of R", () => {
  it("is read by column, a factor as its labels, and NA as undefined or NaN", () => {
    const frame = readDataFrame(saved(FRAME), "crime");
    expect(Object.fromEntries(frame)).toEqual({
      time: [1_262_325_600, 1_262_329_200, 1_262_329_201],
      offense: ["auto theft", "theft", undefined],
      location: ['bar "Joe\'s", night club', undefined, "café"],
      lon: [-95.49310439999999, Number.NaN, -95],
      lat: [29.6190251, Number.NaN, 30],
    });
  });

  it("becomes CSV as R writes it, with what the file means quoted", () => {
    expect(incidentsCsv(gzipSync(saved(FRAME)))).toBe(
      [
        "occurred_at,offense,premise,lon,lat",
        '2010-01-01T06:00:00Z,auto theft,"bar ""Joe\'s"", night club",-95.4931044,29.6190251',
        "2010-01-01T07:00:00Z,theft,NA,NA,NA",
        "2010-01-01T07:00:01Z,NA,café,-95,30",
        "",
      ].join("\n"),
    );
  });

  it("of another content than the benches were run with is refused", () => {
    expect(() => houstonCsv(gzipSync(saved(FRAME)))).toThrow(/other incidents .* SHA-256 [0-9a-f]{64}$/);
  });

  it.each([
    ["another format", saved(FRAME, { magic: "RDX3\nX\n" }), "not a file of R's format RDX2"],
    ["another version", saved(FRAME, { version: 3 }), "version 3"],
    ["a kind of item that is not read", saved(integers(25)), "kind that is not read here: 25"],
    ["no data frame of that name", saved(END), "no data frame crime among crime"],
  ])("is refused in %s", (_, file, message) => {
    expect(() => readDataFrame(file, "crime")).toThrow(message);
  });
});

function integers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => void bytes.writeInt32BE(value | 0, 4 * i));
  return bytes;
}

function reals(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => void bytes.writeDoubleBE(value, 8 * i));
  return bytes;
}

function characters(value: string | undefined): Buffer {
  if (value === undefined) return integers(9, -1);
  return Buffer.concat([integers(9, Buffer.byteLength(value)), Buffer.from(value)]);
}

function texts(...values: readonly (string | undefined)[]): Buffer {
  return Buffer.concat([integers(16, values.length), ...values.map(characters)]);
}

function symbol(name: string): Buffer {
  return Buffer.concat([integers(1), characters(name)]);
}

function pair(tag: Buffer, value: Buffer): Buffer[] {
  return [integers(2 | HAS_TAG), tag, value];
}

/** Items of a vector with its attributes, each a tag and a value. */
function vector(kind: number, items: readonly Buffer[], length: number, ...attributes: [Buffer, Buffer][]): Buffer {
  const flags = attributes.length === 0 ? kind : kind | HAS_ATTRIBUTES;
  const pairs = attributes.flatMap(([tag, value]) => pair(tag, value));
  return Buffer.concat([integers(flags, length), ...items, ...pairs, ...(pairs.length === 0 ? [] : [END])]);
}
