import { crc32, deflateRawSync, gzipSync } from "node:zlib";

/** A small file of a kind that real downloads have, and what becomes of it. */
export interface ImportCase {
  readonly name: string;
  readonly content: string | Buffer;
  /** Besides those that every case has. */
  readonly options?: readonly string[];
  /** What it comes to, or the sentence that it is refused with. */
  readonly comesTo: { readonly written: number; readonly rejected: number } | RegExp;
  /** What the summary says about it besides. */
  readonly says?: RegExp;
}

const HEADER = "ref,opened,kind,level,lon,lat,note";
const ROWS = [
  "R1,2026-02-20T08:00:00Z,pothole,3,10.7522,59.9139,first",
  "R2,2026-02-21T09:30:00Z,street light,2,10.7533,59.9144,second",
  "R3,2026-02-22T10:45:00Z,graffiti,1,10.7541,59.9151,third",
];
const PLAIN = [HEADER, ...ROWS];
const lines = (all: readonly string[], end = "\n"): string => all.map((line) => line + end).join("");
const csv = (...rows: readonly string[]): string => lines([HEADER, ...rows]);
const dated = (time: string): string => `X,"${time}",pothole,3,10.7522,59.9139,x`;
const placed = (lon: string, lat: string): string => `X,2026-02-20T08:00:00Z,pothole,3,"${lon}","${lat}",x`;
const all = (count: number) => ({ written: count, rejected: 0 });
const none = (count: number) => ({ written: 0, rejected: count });

const properties = (n: number) => ({ opened: `2026-02-2${n}T08:00:00Z`, kind: "pothole", level: 3, n });
const feature = (n: number, geometry: unknown = { type: "Point", coordinates: [10.75 + n / 1000, 59.91] }) => ({
  type: "Feature",
  geometry,
  properties: properties(n),
});
const collection = (features: readonly unknown[], members: object = {}): string =>
  JSON.stringify({ type: "FeatureCollection", ...members, features });
const crs = (name: string) => ({ crs: { type: "name", properties: { name } } });
const object = (n: number, more: object = {}) => ({ ...properties(n), lon: 10.75 + n / 1000, lat: 59.91, ...more });

export const CASES: readonly ImportCase[] = [
  // CSV: its ends of lines, marks, and quotes.
  { name: "plain.csv", content: lines(PLAIN), comesTo: all(3) },
  { name: "bom.csv", content: `\ufeff${lines(PLAIN)}`, comesTo: all(3) },
  { name: "crlf.csv", content: lines(PLAIN, "\r\n"), comesTo: all(3) },
  { name: "cr-only.csv", content: lines(PLAIN, "\r"), comesTo: all(3) },
  { name: "no-last-line-end.csv", content: lines(PLAIN).trimEnd(), comesTo: all(3) },
  {
    name: "bom-crlf-quoted.csv",
    content: `\ufeff"ref","opened","kind","level","lon","lat","note"\r\n${ROWS.map((row) => `"${row.replaceAll(",", '","').replace(/[a-z]+$/, 'two\r\nlines, ""quoted""')}"\r\n`).join("")}`,
    comesTo: all(3),
  },
  { name: "identical-rows.csv", content: csv(ROWS[0] ?? "", ROWS[0] ?? "", ROWS[0] ?? ""), comesTo: all(3) },
  {
    name: "backslash-quote.csv",
    content: csv(
      'R1,2026-02-20T08:00:00Z,pothole,3,10.75,59.91,"said \\"now\\" to me"',
      'R2,2026-02-21T08:00:00Z,pothole,3,10.76,59.92,"C:\\"',
      "R3,2026-02-22T08:00:00Z,pothole,3,10.77,59.93,fine",
    ),
    comesTo: { written: 2, rejected: 1 },
  },
  {
    name: "quote-inside.csv",
    content: csv(
      'R1,2026-02-20T08:00:00Z,pothole,3,10.75,59.91,the 4" main',
      'R2,2026-02-21T08:00:00Z,pothole,3,10.76,59.92,"4" main"',
      "R3,2026-02-22T08:00:00Z,pothole,3,10.77,59.93,fine",
    ),
    comesTo: { written: 2, rejected: 1 },
  },
  { name: "trailing-comma-header.csv", content: lines([`${HEADER},`, ...ROWS]), comesTo: all(3) },
  { name: "trailing-comma-rows.csv", content: lines([HEADER, ...ROWS.map((row) => `${row},`)]), comesTo: all(3) },
  {
    name: "short-rows.csv",
    content: csv(...ROWS.map((row) => row.replace(/,[a-z]+$/, ""))),
    comesTo: all(3),
  },
  {
    name: "duplicate-header.csv",
    content: lines(["ref,opened,kind,level,lon,lat,kind", ROWS[0] ?? ""]),
    comesTo: all(1),
  },
  {
    name: "header-with-blanks.csv",
    content: lines([" Ref , Opened At ,Sort Of Thing,LEVEL,Longitude,Latitude", (ROWS[0] ?? "").replace(",first", "")]),
    options: "--time|Opened At|--category|Sort Of Thing|--severity|LEVEL|--lon|Longitude|--lat|Latitude".split("|"),
    comesTo: all(1),
  },
  // Delimiters, preambles.
  { name: "semicolon.csv", content: lines(PLAIN).replaceAll(",", ";"), options: ["--delimiter", ";"], comesTo: all(3) },
  { name: "semicolon-unsaid.csv", content: lines(PLAIN).replaceAll(",", ";"), comesTo: /--delimiter ["']?;/ },
  { name: "pipe.csv", content: lines(PLAIN).replaceAll(",", "|"), options: ["--delimiter", "|"], comesTo: all(3) },
  { name: "pipe-unsaid.csv", content: lines(PLAIN).replaceAll(",", "|"), comesTo: /--delimiter ["']?\|/ },
  { name: "tab.tsv", content: lines(PLAIN).replaceAll(",", "\t"), comesTo: all(3) },
  { name: "tab-unsaid.csv", content: lines(PLAIN).replaceAll(",", "\t"), comesTo: /--delimiter tab/ },
  { name: "sep-line.csv", content: lines(["sep=,", ...PLAIN]), comesTo: all(3) },
  {
    name: "sep-semicolon.csv",
    content: lines(["sep=;", ...PLAIN.map((line) => line.replaceAll(",", ";"))]),
    comesTo: all(3),
  },
  {
    name: "preamble.csv",
    content: lines(["Open data of a town", "Exported 2026-03-01", "", ...PLAIN]),
    options: ["--skip-lines", "3"],
    comesTo: all(3),
  },
  {
    name: "preamble-unsaid.csv",
    content: lines(["Open data of a town", "Exported 2026-03-01", "", ...PLAIN]),
    comesTo: /--skip-lines 3/,
  },
  // Encodings.
  {
    name: "windows-1252.csv",
    content: Buffer.from(csv("R1,2026-02-20T08:00:00Z,pothole,3,10.75,59.91,it\x92s \x93deep\x94"), "latin1"),
    options: ["--encoding", "windows-1252"],
    comesTo: all(1),
  },
  {
    name: "windows-1252-unsaid.csv",
    content: Buffer.from(csv("R1,2026-02-20T08:00:00Z,pothole,3,10.75,59.91,it\x92s \x93deep\x94"), "latin1"),
    comesTo: /--encoding windows-1252/,
  },
  {
    name: "latin1.csv",
    content: Buffer.from(lines(PLAIN).replace("first", "d\xe9j\xe0"), "latin1"),
    options: ["--encoding", "latin1"],
    comesTo: all(3),
  },
  {
    name: "latin1-unsaid.csv",
    content: Buffer.from(lines(PLAIN).replace("first", "d\xe9j\xe0"), "latin1"),
    comesTo: /--encoding (latin1|windows-1252|iso-8859-1)/,
  },
  { name: "utf16le-bom.csv", content: Buffer.from(`\ufeff${lines(PLAIN)}`, "utf16le"), comesTo: all(3) },
  { name: "utf16be-bom.csv", content: Buffer.from(`\ufeff${lines(PLAIN)}`, "utf16le").swap16(), comesTo: all(3) },
  { name: "utf16le-no-bom.csv", content: Buffer.from(lines(PLAIN), "utf16le"), comesTo: /--encoding utf-16/ },
  {
    name: "utf16le-no-bom-said.csv",
    content: Buffer.from(lines(PLAIN), "utf16le"),
    options: ["--encoding", "utf-16le"],
    comesTo: all(3),
  },
  {
    name: "nul-bytes.csv",
    content: csv(
      "R1,2026-02-20T08:00:00Z,pothole,3,10.75,59.91,x",
      "R2,2026-02-20T08:00:00Z,pot\0hole,3,10.75,59.91,x",
      "R3,2026-02-20T08:00:00Z,pothole,3,10.75,59.91,x",
    ),
    comesTo: { written: 2, rejected: 1 },
  },
  // Containers.
  { name: "packed.csv.gz", content: gzipSync(lines(PLAIN)), comesTo: all(3) },
  {
    name: "two-members.csv.gz",
    content: Buffer.concat([gzipSync(lines(PLAIN.slice(0, 2))), gzipSync(lines(PLAIN.slice(2)))]),
    comesTo: all(3),
  },
  {
    name: "trailing-zeros.csv.gz",
    content: Buffer.concat([gzipSync(lines(PLAIN)), Buffer.alloc(512)]),
    comesTo: all(3),
  },
  { name: "cut.csv.gz", content: gzipSync(lines(PLAIN)).subarray(0, 90), comesTo: /cut.off/ },
  { name: "one-file.zip", content: zipOf([["inside.csv", lines(PLAIN)]]), comesTo: all(3) },
  {
    name: "two-files.zip",
    content: zipOf([
      ["a.csv", lines(PLAIN)],
      ["b.csv", lines(PLAIN)],
    ]),
    comesTo: /a\.csv/,
  },
  // JSON.
  { name: "array.ndjson", content: JSON.stringify([object(1)]), comesTo: all(1) },
  { name: "objects.json", content: JSON.stringify([object(1), object(2)]), comesTo: all(2) },
  { name: "pretty.ndjson", content: JSON.stringify(feature(1), null, 1), comesTo: all(1) },
  { name: "lines.geojsonl", content: lines([1, 2, 3].map((n) => JSON.stringify(feature(n)))), comesTo: all(3) },
  {
    name: "sequence.geojsons",
    content: [1, 2, 3].map((n) => `\x1e${JSON.stringify(feature(n))}\n`).join(""),
    comesTo: all(3),
  },
  { name: "bom.geojson", content: `\ufeff${collection([feature(1)])}`, comesTo: all(1) },
  { name: "single-feature.geojson", content: JSON.stringify(feature(1)), comesTo: all(1) },
  { name: "empty-collection.geojson", content: collection([]), comesTo: all(0) },
  {
    name: "features-first.geojson",
    content: JSON.stringify({ features: [feature(1), feature(2)], type: "FeatureCollection" }),
    comesTo: all(2),
  },
  {
    name: "foreign-members.geojson",
    content: collection([feature(1), { ...feature(2), bbox: [10, 59, 11, 60], id: 7 }], {
      metadata: { features: [1, 2, 3], note: '"features":[{' },
      ...crs("urn:ogc:def:crs:OGC:1.3:CRS84"),
    }),
    comesTo: all(2),
  },
  {
    name: "web-mercator.geojson",
    content: collection(
      [feature(1, { type: "Point", coordinates: [1197000.5, 8380000.1] }), feature(2)],
      crs("urn:ogc:def:crs:EPSG::3857"),
    ),
    comesTo: /3857/,
  },
  {
    name: "names-of-systems.geojson",
    content: collection([
      feature(1),
      { ...feature(2), ...crs("\x1b[31mX") },
      { ...feature(3), ...crs("Y".repeat(100_000)) },
      feature(4, { type: "Z".repeat(100_000) }),
    ]),
    comesTo: { written: 1, rejected: 3 },
    says: /(?=.*has places in \\u001b\[31mX,)(?=.*has places in Y{100},)(?=.*geometry is not a Point\n)/s,
  },
  {
    name: "kinds-of-geometry.geojson",
    content: collection([
      feature(1),
      feature(2, {
        type: "LineString",
        coordinates: [
          [10.7, 59.9],
          [10.8, 59.9],
        ],
      }),
      feature(3, {
        type: "Polygon",
        coordinates: [
          [
            [10.7, 59.9],
            [10.8, 59.9],
            [10.8, 60],
            [10.7, 59.9],
          ],
        ],
      }),
      feature(4, null),
      feature(5, { type: "Point", coordinates: [] }),
      feature(6, { type: "Point", coordinates: [10.75, 59.91, 12.5] }),
    ]),
    comesTo: { written: 2, rejected: 4 },
    says: /LineString/,
  },
  {
    name: "not-a-number.geojson",
    content: `{"type":"FeatureCollection","features":[\n${JSON.stringify(feature(1)).replace("10.751", "NaN")},\n${JSON.stringify(feature(2))}\n]}`,
    comesTo: { written: 1, rejected: 1 },
  },
  {
    name: "epochs.geojson",
    content: collection(
      [1771574400000, -86400000, null].map((opened, n) => ({
        ...feature(n + 1),
        properties: { ...properties(1), opened },
      })),
    ),
    comesTo: { written: 1, rejected: 2 },
  },
  {
    name: "numbers-as-text.ndjson",
    content: lines([
      JSON.stringify(object(1, { lon: "10.75", lat: "59.91", level: "3" })),
      JSON.stringify(object(2, { opened: 1771574400, kind: 7, level: 3.0 })),
      JSON.stringify(object(3, { level: "3.5" })),
      JSON.stringify(object(4, { level: true })),
    ]),
    comesTo: { written: 2, rejected: 2 },
  },
  {
    name: "issues.json",
    content: JSON.stringify({ metadata: { pages: 1 }, issues: [object(1), object(2)] }),
    options: ["--rows-in", "issues"],
    comesTo: all(2),
  },
  {
    name: "open311.xml",
    content: '<?xml version="1.0"?><service_requests><request><lat>59.91</lat></request></service_requests>',
    comesTo: /JSON|CSV/,
  },
  {
    name: "socrata-rows.json",
    content: JSON.stringify({
      meta: { view: { columns: [{ name: "opened" }] } },
      data: [["row-1", "2026-02-20T08:00:00"]],
    }),
    comesTo: /CSV|GeoJSON/,
  },
  {
    name: "esri.json",
    content: JSON.stringify({
      spatialReference: { wkid: 102100, latestWkid: 3857 },
      features: [
        { attributes: { OPENED: 1771574400000, KIND: "pothole", LEVEL: 3 }, geometry: { x: 1197000, y: 8380000 } },
      ],
    }),
    options:
      "--lon|geometry.x|--lat|geometry.y|--time|attributes.OPENED|--category|attributes.KIND|--severity|attributes.LEVEL".split(
        "|",
      ),
    comesTo: /3857|102100/,
  },
  // Times.
  {
    name: "unambiguous-times.csv",
    content: csv(
      ...[
        "2026-02-20T08:00:00.000",
        "2026-02-20 08:00:00 UTC",
        "2026-02-20 08:00:00+00",
        "2026-02-20T08:00:00-0500",
        "2026-02-20T24:00:00Z",
        "1771574400",
        "1771574400000",
        "1771574400.5",
        "1771574400000.0",
        "20260220T080000Z",
        "2026/02/20 08:00:00",
        "2026/02/20 08:00",
        "2026-02-20",
        "20.02.2026 08:00",
      ].map(dated),
    ),
    comesTo: all(14),
    says: /--timezone/,
  },
  {
    name: "american-times.csv",
    content: csv(...["02/20/2026 08:00:00 AM", "02/21/2026 11:59:00 PM", "2/1/2026 8:05", "2/1/26"].map(dated)),
    options: ["--time-format", "us"],
    comesTo: all(4),
  },
  {
    name: "american-times-unsaid.csv",
    content: csv(...["02/20/2026 08:00:00 AM", "02/21/2026 11:59:00 PM"].map(dated)),
    comesTo: /--time-format us/,
  },
  {
    name: "ambiguous-times.csv",
    content: csv(...["02/03/2026 08:00", "01/02/2026 09:00"].map(dated)),
    comesTo: /--time-format/,
  },
  {
    name: "european-times.csv",
    content: csv(...["20/02/2026 08:00", "1/2/2026 8:05"].map(dated)),
    options: ["--time-format", "eu"],
    comesTo: all(2),
  },
  {
    name: "excel-times.csv",
    content: csv(dated("46073.3333333333")),
    options: ["--time-format", "excel"],
    comesTo: all(1),
  },
  { name: "excel-times-unsaid.csv", content: csv(dated("46073.3333333333")), comesTo: /--time-format excel/ },
  { name: "no-times.csv", content: csv(dated(""), dated("soon")), comesTo: /time/ },
  {
    name: "hours-of-a-zone.csv",
    content: csv(...["2026-02-20 00:30:00", "2026-02-20 01:30:00"].map(dated)),
    options: ["--timezone", "Europe/Oslo"],
    comesTo: all(2),
  },
  {
    name: "no-time-column.csv",
    content: "kind,lon,lat\npothole,10.75,59.91\ngraffiti,10.76,59.92\n",
    options: ["--severity", "=3"],
    comesTo: /--time =/,
  },
  {
    name: "time-is-now.csv",
    content: "kind,lon,lat\npothole,10.75,59.91\ngraffiti,10.76,59.92\n",
    options: ["--severity", "=3", "--time", "=now"],
    comesTo: all(2),
  },
  // Places.
  {
    name: "shapes-of-degrees.csv",
    content: csv(
      placed("10.75°", "59.91°"),
      placed("10.75E", "59.91N"),
      placed(" 10.75 ", " 59.91 "),
      placed("+1.5", "+2.5"),
      placed("1.075e1", "5.991E+1"),
      placed("10,75", "59,91"),
      placed("10.75.0", "59.91"),
      placed("1e400", "59.91"),
      placed("0x10", "59.91"),
      placed("181", "59.91"),
      placed("10.75", "90.5"),
      placed("Infinity", "59.91"),
    ),
    comesTo: { written: 6, rejected: 6 },
  },
  {
    name: "null-island.csv",
    content: csv(placed("0", "0"), placed("0.0", "-0"), ROWS[0] ?? ""),
    comesTo: { written: 1, rejected: 2 },
  },
  {
    name: "boxed.csv",
    content: csv(...ROWS, placed("-95.36", "29.76")),
    options: ["--bbox", "10,59,11,60"],
    comesTo: { written: 3, rejected: 1 },
  },
  {
    name: "location-column.csv",
    content: lines([
      "ref,opened,kind,level,Location",
      'R1,2026-02-20T08:00:00Z,pothole,3,"(59.91, 10.75)"',
      "R2,2026-02-20T08:00:00Z,pothole,3,POINT (10.76 59.92)",
      'R3,2026-02-20T08:00:00Z,pothole,3,"1 MAIN ST\nOSLO\n(59.93, 10.77)"',
      'R4,2026-02-20T08:00:00Z,pothole,3,"{""type"":""Point"",""coordinates"":[10.78,59.94]}"',
      'R5,2026-02-20T08:00:00Z,pothole,3,"59.95,10.79"',
    ]),
    options: ["--point", "Location"],
    comesTo: all(5),
  },
  {
    name: "location-objects.json",
    content: JSON.stringify([
      { ...properties(1), location: { type: "Point", coordinates: [10.75, 59.91] } },
      { ...properties(2), location: { latitude: "59.91", longitude: "10.75" } },
    ]),
    options: ["--point", "location"],
    comesTo: all(2),
  },
  {
    name: "projected.csv",
    content: csv(placed("1197000.5", "8380000.1"), placed("262000", "6649000"), placed("143.2", "59.1")),
    comesTo: none(3),
    says: /metres|projected/,
  },
  {
    name: "swapped.csv",
    content: csv(placed("40.71", "-73.95"), placed("40.72", "-73.96"), placed("29.76", "-95.36")),
    comesTo: { written: 2, rejected: 1 },
    says: /swapped/,
  },
  // Values.
  {
    name: "categories.csv",
    content: csv(
      ...[
        '"ASSAULT WITH DEADLY WEAPON, AGGRAVATED ASSAULT"',
        "THEFT ($950 & UNDER)",
        "Noise: Loud",
        "(null)",
        "HEAT/HOT WATER",
        "Voirie > Nid",
        '"Kerb, side"',
        "BIKE #2",
        "100% wet",
        "???",
      ].map((kind) => `X,2026-02-20T08:00:00Z,${kind},3,10.75,59.91,x`),
    ),
    options: ["--clean"],
    comesTo: all(10),
  },
  {
    name: "categories-unclean.csv",
    content: csv("X,2026-02-20T08:00:00Z,THEFT ($950),3,10.75,59.91,x", ROWS[0] ?? ""),
    comesTo: { written: 1, rejected: 1 },
    says: /--map .*category:/,
  },
  {
    name: "unfit-text.csv",
    content: csv("X,2026-02-20T08:00:00Z,pothole,3,10.75,59.91,bell\x07 and \x85"),
    options: ["--text", "note"],
    comesTo: all(1),
  },
  {
    name: "long-text.csv",
    content: csv(`X,2026-02-20T08:00:00Z,pothole,3,10.75,59.91,${"long ".repeat(200)}`),
    options: ["--text", "note", "--truncate-text"],
    comesTo: all(1),
  },
  {
    name: "severity-of-whole-number.csv",
    content: csv("X,2026-02-20T08:00:00Z,pothole,3.0,10.75,59.91,x"),
    comesTo: all(1),
  },
];

/** A ZIP file (PKWARE's APPNOTE) of these files, deflated. */
function zipOf(files: readonly (readonly [name: string, content: string])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, tail, Buffer.from(name)]));
    offset += local.length;
    parts.push(local);
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, Buffer.from("PK\x05\x06", "latin1"), end]);
}
