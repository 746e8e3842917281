import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { checkAreas, slugOf } from "../../../server/area-import/check-areas.ts";
import { parseAreasCommand } from "../../../server/area-import/command-line.ts";
import { cityOfAreas } from "../../../server/area-import/import-areas.ts";
import { readFeatures } from "../../../server/area-import/read-features.ts";
import { formatChecked } from "../../../server/area-import/summary.ts";

type Position = readonly [number, number];

/** A square, counterclockwise and closed. */
const square = (west: number, south: number, size = 0.01): Position[] => [
  [west, south],
  [west + size, south],
  [west + size, south + size],
  [west, south + size],
  [west, south],
];
const polygon = (...coordinates: readonly (readonly Position[])[]) => ({ type: "Polygon", coordinates });
const multi = (...coordinates: readonly (readonly (readonly Position[])[])[]) => ({
  type: "MultiPolygon",
  coordinates,
});
const feature = (name: unknown, geometry: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  properties: { name, ...more },
  geometry,
});

const check = (...features: { properties: Readonly<Record<string, unknown>>; geometry: unknown }[]) =>
  checkAreas(features, { city: "oslo", kind: "neighborhood", nameProperty: "name" });

describe("what is wrong with a feature is told in a sentence", () => {
  const bowTie: Position[] = [
    [0, 0],
    [0.01, 0.01],
    [0.01, 0],
    [0, 0.02],
    [0, 0],
  ];
  const evenBowTie: Position[] = [
    [0, 0],
    [0.01, 0.01],
    [0.01, 0],
    [0, 0.01],
    [0, 0],
  ];
  it.each([
    ["no name", feature("  ", polygon(square(0, 0))), /^Feature 1 has no name: no text under name; it has name\.$/],
    ["no geometry", feature("A", null), /^Feature 1 \(A\) has no geometry\.$/],
    ["a point", feature("A", { type: "Point", coordinates: [0, 0] }), /is a Point: areas are Polygons/],
    ["nothing", feature("A", polygon()), /is empty: it has no polygon with an area/],
    [
      "a line",
      feature(
        "A",
        polygon([
          [0, 0],
          [1, 1],
          [0, 0],
        ]),
      ),
      /is empty/,
    ],
    ["a self-crossing", feature("A", polygon(bowTie)), /^Feature 1 \(A\) crosses itself at about 0/],
    ["swapped coordinates", feature("A", polygon(square(37.7, -122.4))), /latitude -122.4: .*swapped/],
    ["metres", feature("A", polygon(square(551_000, 4_180_000, 100))), /outside WGS 84, at 551000, 4180000/],
    ["the antimeridian", feature("A", polygon(square(-179, 0, 358))), /outside WGS 84|more than 90 degrees/],
    [
      "a hole elsewhere",
      feature("A", polygon(square(0, 0), square(1, 1, 0.001))),
      /hole outside its outer ring, at 1, 1/,
    ],
    ["crossing rings", feature("A", polygon(square(0, 0), square(0.005, 0.005))), /crosses itself/],
    ["two equal lobes", feature("A", multi([evenBowTie], [square(1, 0)])), /crosses itself at about 0.005, 0.005/],
    [
      "a polygon told twice",
      feature("A", multi([square(0, 0)], [square(0, 0)])),
      /ring upon or inside another.* at 0, 0/,
    ],
    ["a polygon in a polygon", feature("A", multi([square(0, 0)], [square(0.002, 0.002, 0.001)])), /at 0.002, 0.002/],
    ["a hole that is all", feature("A", polygon(square(0, 0), square(0, 0))), /ring upon or inside another/],
    [
      "a hole in a hole",
      feature("A", polygon(square(0, 0), square(0.001, 0.001, 0.008), square(0.002, 0.002, 0.001))),
      /ring upon or inside another/,
    ],
    [
      "lists for numbers",
      feature("A", polygon([[JSON.parse("[".repeat(9000) + "]".repeat(9000)), 0]])),
      /\["a list",0\]/,
    ],
    ["no Latin letter", feature("東京", polygon(square(0, 0))), /id without a letter or digit/],
    ["text for a number", feature("A", polygon([["0", 0] as never, [1, 0], [1, 1]])), /not two numbers: \["0",0\]/],
  ])("%s", (_, one, sentence) => {
    const { areas, faults } = check(one);
    expect(areas).toEqual([]);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(sentence);
  });

  it("two with one id, unless they are the same", () => {
    const same = feature("Sentrum", polygon(square(0, 0)));
    const { areas, faults, repairs } = check(same, same, feature("SENTRUM", polygon(square(1, 0))));
    expect(areas.map(({ id }) => id)).toEqual(["oslo-n-sentrum"]);
    expect(faults).toEqual([
      "Feature 3 (SENTRUM) has the same id as feature 1, oslo-n-sentrum: say --id PROPERTY, or mend the file.",
    ]);
    expect([...repairs]).toEqual([["left out a copy of another feature", 1]]);
  });
});

describe("what can be mended is mended, and told", () => {
  it("rings that are wound the other way, that are not closed, and that have no area", () => {
    const clockwise = square(0, 0).toReversed();
    const open = square(1, 0).slice(0, -1);
    const sliver: Position[] = [
      [1.002, 0.002],
      [1.004, 0.004],
      [1.002, 0.002],
    ];
    const { areas, faults, repairs } = check(
      feature("Wound", polygon(clockwise)),
      feature("Open", polygon(open, sliver)),
    );
    expect(faults).toEqual([]);
    expect([...repairs.keys()].sort()).toEqual([
      "closed a ring",
      "left out a hole without area",
      "turned a ring the right way",
    ]);
    expect(areas.map(({ polygons }) => polygons[0]?.map((ring) => [...ring]))).toEqual([
      [[1_000_000, 0, 1_010_000, 0, 1_010_000, 10_000, 1_000_000, 10_000]],
      [[10_000, 0, 10_000, 10_000, 0, 10_000, 0, 0]],
    ]);
  });

  it("a ring that touches itself in a corner is whole", () => {
    const eight: Position[] = [
      [0, 0],
      [0.01, 0],
      [0.005, 0.005],
      [0.01, 0.01],
      [0, 0.01],
      [0.005, 0.005],
      [0, 0],
    ];
    expect(check(feature("Eight", polygon(eight))).faults).toEqual([]);
  });

  it("polygons that share a part of a border, and one in a hole of another, are whole", () => {
    const beside = multi([square(0, 0)], [square(0.01, 0.003, 0.004)], [square(-0.01, 0)]);
    const island = multi([square(0, 0), square(0.001, 0.001, 0.008)], [square(0.001, 0.001, 0.004)]);
    expect(check(feature("Beside", beside), feature("Island", island)).faults).toEqual([]);
  });

  it("names are one line of what can be seen, and end with a whole character", () => {
    const names = ["A\u0000B", "C\u202Egnp\u2066.exe", "D\nE,\tF", `${"g".repeat(119)}😀😀`, "h\ud83d"];
    const { areas } = check(...names.map((name, i) => feature(name, polygon(square(i, 0)))));
    expect(areas.map(({ name }) => name)).toEqual(["AB", "Cgnp.exe", "D E, F", `${"g".repeat(119)}😀`, "h\ufffd"]);
  });

  it("an overlap is told, with who counts", () => {
    const checked = check(feature("A", polygon(square(0, 0))), feature("B", polygon(square(0.005, 0))));
    expect(checked.overlaps).toEqual([["A", "B"]]);
    expect(formatChecked(checked)).toMatch(/such as A and B: a report in both counts for the one whose id sorts first/);
    expect(check(feature("A", polygon(square(0, 0))), feature("B", polygon(square(0.01, 0)))).overlaps).toEqual([]);
  });
});

describe("ids", () => {
  it("are of city, kind and name, or of the property that is said, ascending", () => {
    const features = [
      feature("Grünerløkka", polygon(square(0, 0)), { nr: 7 }),
      feature("Sankt Hanshaugen", polygon(square(1, 0)), { nr: 3 }),
    ];
    const idsWith = (options: object) =>
      checkAreas(features, { city: "oslo", kind: "neighborhood", nameProperty: "name", ...options }).areas.map(
        ({ id }) => id,
      );
    expect(idsWith({})).toEqual(["oslo-n-grunerl-kka", "oslo-n-sankt-hanshaugen"]);
    expect(idsWith({ idProperty: "nr", kind: "ward" })).toEqual(["oslo-ward-3", "oslo-ward-7"]);
    expect(slugOf("  St. Mary's Park / Cañada ")).toBe("st-mary-s-park-canada");
  });
});

describe("the city", () => {
  const { areas } = check(feature("A", polygon(square(10.7, 59.9))));

  it("is made of the areas when it is new", () => {
    expect(cityOfAreas({ id: "oslo-vest" }, areas)).toEqual({
      id: "oslo-vest",
      name: "Oslo Vest",
      bbox: [10.7, 59.9, 10.71, 59.91],
      timezone: "Etc/GMT-1",
    });
    const options = { id: "oslo", name: "Oslo", timezone: "Europe/Oslo", bbox: [10, 59, 11, 60] as const };
    expect(cityOfAreas(options, areas)).toEqual(options);
  });

  it("must be where the areas are when it is known", () => {
    expect(() => cityOfAreas({ id: "austin" }, areas)).toThrow(/not in Austin: another --city, or are longitude/);
  });
});

describe("files", () => {
  const folder = mkdtempSync(join(tmpdir(), "areas-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const one = { type: "Feature", properties: { name: "A" }, geometry: polygon(square(0, 0)) };
  const write = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it("are FeatureCollections, Features, or Features on lines, compressed or not", async () => {
    const collection = JSON.stringify({ type: "FeatureCollection", features: [one, one] });
    expect(await readFeatures(write("a.geojson", collection))).toHaveLength(2);
    expect(await readFeatures(write("b.geojson", JSON.stringify(one)))).toHaveLength(1);
    const lines = `${JSON.stringify(one)}\n\n\u001e${JSON.stringify(one)}\n`;
    expect(await readFeatures(write("c.ndjson.gz", gzipSync(lines)))).toHaveLength(2);
  });

  it("that are something else are told apart", async () => {
    await expect(readFeatures(write("d.geojson", "{"))).rejects.toThrow(/is not JSON/);
    await expect(readFeatures(write("e.geojson", "[1]"))).rejects.toThrow(/has no features/);
    const deep = `${'{"type":"FeatureCollection","features":['.repeat(9000)}${"]}".repeat(9000)}`;
    await expect(readFeatures(write("f.geojson", deep))).rejects.toThrow(/collections more than 8 deep/);
    await expect(readFeatures(join(folder, "none.geojson"))).rejects.toThrow(/There is no file/);
  });
});

describe("the command line", () => {
  const parse = (line: string) => parseAreasCommand(line.split(" ").filter((word) => word !== ""));

  it("says what to do", () => {
    expect(parse("import f.geojson --city oslo --name navn --id nr --kind ward --bbox 10,59,11,60")).toMatchObject({
      command: "import",
      path: "f.geojson",
      city: { id: "oslo", bbox: [10, 59, 11, 60] },
      kind: "ward",
      nameProperty: "navn",
      idProperty: "nr",
    });
    expect(parse("remove --city oslo")).toEqual({ command: "remove", city: "oslo", kind: "neighborhood" });
    expect(parse("")).toEqual({ command: "help" });
  });

  it.each([
    ["import --city oslo --name n", /Name the file/],
    ["import f.geojson --name n", /Say --city/],
    ["import f.geojson --city Oslo --name n", /small letters/],
    ["import f.geojson --city oslo", /Say --name/],
    ["import f.geojson --city oslo --name n --timezone Mars", /not a time zone/],
    ["import f.geojson --city oslo --name n --bbox 3,2,1,4", /west,south,east,north/],
    ["export", /is not one of import, list, remove/],
    ["list --all", /The options are/],
  ])("refuses %s", (line, sentence) => {
    expect(() => parse(line)).toThrow(sentence);
  });
});
