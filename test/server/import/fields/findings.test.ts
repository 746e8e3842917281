import { describe, expect, test } from "vitest";
import { createFindings } from "../../../../server/import/fields/findings.ts";
import { type FieldValues, parseSource } from "../../../../server/import/fields/mapping.ts";
import { type RowReportOptions, toldByRow } from "../../../../server/import/fields/row-report.ts";
import { createTimeReader } from "../../../../server/import/fields/time-reader.ts";
import { idTail } from "../../../../tiles/report-id.ts";

const TAIL = idTail(Buffer.alloc(32));
const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const OPTIONS: RowReportOptions = { nowMs: NOW_MS, readTime: createTimeReader(), mapTime: (timeMs) => timeMs };
const GOOD: FieldValues = {
  ...{
    lon: "-95.4",
    lat: "29.7",
    time: "2026-02-28T10:00:00Z",
    layer: "vibe",
    category: "noise",
    severity: "1",
    text: "",
  },
};

/** The notes about rows that differ from a good one by so much. */
function notesOf(
  rows: readonly Partial<FieldValues>[],
  {
    sources = {},
    clean = false,
    unmet = [] as string[],
    ...options
  }: Partial<RowReportOptions> & { sources?: object; unmet?: string[] } = {},
): string[] {
  const findings = createFindings({ mapping: { sources, values: {} }, clean });
  for (const row of rows) {
    const told = toldByRow({ ...GOOD, ...row }, { tail: TAIL }, { ...OPTIONS, clean, ...options });
    if ("kind" in told) findings.rejected(told);
    else findings.accepted(told);
  }
  return findings.notes(unmet);
}

describe("places", () => {
  const at = (lon: string, lat: string) => ({ lon, lat });

  test("are told by their box and centre", () => {
    expect(notesOf([at("-95.88", "29.52"), at("-95.01", "30.11")])).toEqual([
      "Places           29.52..30.11 N, 95.88..95.01 W, centre 29.81 N, 95.44 W",
    ]);
    expect(notesOf([at("-1.5", "-0.5"), at("2", "1")])).toEqual([
      "Places           0.50 S..1.00 N, 1.50 W..2.00 E, centre 0.25 N, 0.25 E",
    ]);
    expect(notesOf([at("179", "-18"), at("-179.5", "-17")])).toEqual([
      "Places           18.00..17.00 S, 179.00 E..179.50 W, centre 17.50 S, 179.75 E",
    ]);
    expect(notesOf([])).toEqual([]);
  });

  test("that are swapped are asked about, with the option that turns them", () => {
    const [, note] = notesOf([at("40.71", "-73.95"), at("40.72", "-73.96")], {
      sources: { lon: parseSource("Geo X"), lat: parseSource("y") },
    });
    expect(note).toMatch(
      /near New York with longitude and latitude swapped\. Swapped\? Then say --lon y --lat 'Geo X'\.$/,
    );
    expect(notesOf([at("29.76", "-95.36")])).toEqual([
      "Latitudes beyond 90 that would do as longitudes: 1. Swapped? Then say --lon lat --lat lon.",
    ]);
  });

  test("that are right but for one in a hundred are not asked about", () => {
    const good = Array.from({ length: 200 }, () => ({}));
    expect(notesOf([...good, at("29.76", "-95.36")])).toHaveLength(1);
  });

  test("that are few and far from all others are told", () => {
    const good = Array.from({ length: 300 }, (_, i) => at("-95.4", String(29.7 + (i % 9))));
    const [, note, ...more] = notesOf([...good, at("143.2", "59.1"), at("-73.9", "40.7")]);
    expect(note).toBe(
      "Further than 1000 km from where most places are (about 29.50 N, 95.50 W): 2, the furthest at about 59.50 N, 143.50 E. --bbox keeps such places out.",
    );
    expect(more).toEqual([]);
    expect(notesOf([...good.slice(0, 20), at("143.2", "59.1")])).toHaveLength(1);
    expect(notesOf([...good, at("180", "90"), at("-180", "-90")])).toHaveLength(2);
  });

  test("in degrees beside some in metres are to be checked", () => {
    expect(notesOf([{}, at("-8238354.8", "4970277.2")])[1]).toMatch(
      /metres or feet: 1\. Others were read as degrees, 1/,
    );
  });
});

describe("values", () => {
  test("that are rejected most often have an option to paste, safe in a shell", () => {
    const rows = ["it's $5!", "it's $5!", "a=b: c", "x\u009b31m"].map((category) => ({ category }));
    const [heading, ...lines] = notesOf([
      ...rows,
      { layer: "crime" },
      { severity: "3.5" },
      { severity: "High" },
      { severity: "" },
    ]);
    expect(heading).toBe("Most frequent rejected values, and the options that replace them (put in what you mean):");
    expect(lines.map((line) => line.trim())).toEqual([
      "2  --map 'category:it'\\''s $5!=it'\\''s 5'",
      "1  --map 'category:a\\=b: c=a b c'",
      "1  --map $'category:x\\u009b31m=x 31m'",
      "1  --map layer:crime=LAYER",
      "1  --map severity:3.5=4",
      "1  --map severity:High=4",
      "1  --map severity:=N",
      "Or say --clean, which makes every category fit.",
    ]);
  });

  test("are told ten of, however many there are, and the most frequent found among thousands", () => {
    const rows = Array.from({ length: 6000 }, (_, i) => ({
      category: ["often?", `some ${i % 40}?`, `once ${i}?`][i % 3] ?? "",
    }));
    const [heading, first, ...others] = notesOf(rows);
    expect(heading).toContain("at least so often");
    expect(first).toMatch(/1 \d\d\d {2}--map 'category:often\?=often'$/);
    expect(others).toHaveLength(10);
  });

  test("that were cleaned are counted, with an example, and told where they became the same", () => {
    const rows = ["Noise: Loud", "Noise (Loud)", "Noise Loud", "noise"].map((category) => ({
      category,
      text: "a\u0085b\u009b",
    }));
    expect(notesOf(rows, { clean: true }).slice(1)).toEqual([
      'Categories cleaned         2  as "Noise: Loud" -> "Noise Loud"',
      'Texts cleaned or cut       4  as "a\\u0085b\\u009b" -> "a\\nb"',
      '"Noise: Loud" and "Noise (Loud)" are both "Noise Loud" now: keep them apart with --map if they are not the same.',
    ]);
  });

  test("that lost bytes cost a text, or what is left is kept; any other field costs the row", () => {
    const lost = { text: "caf\ufffd", damaged: ["text"] } as const;
    expect(notesOf([lost])[1]).toBe(
      "Texts left out             1  text has bytes that are not of the file's encoding: --encoding names another, and --clean keeps the rest",
    );
    expect(notesOf([lost], { clean: true })[1]).toBe('Texts cleaned or cut       1  as "caf\ufffd" -> "caf"');
    expect(notesOf([{ category: "caf\ufffd", damaged: ["category"] }], { clean: true })[1]).toMatch(
      /category:caf.=caf/,
    );
    expect(notesOf([{ text: "caf\ufffd" }])).toHaveLength(1);
  });

  test("that are the same but for how letters are composed are not told as changed", () => {
    expect(notesOf([{ category: "cafe\u0301" }])).toHaveLength(1);
    expect(notesOf([{ category: "cafe\u0301" }], { clean: true })).toHaveLength(1);
  });

  test("that a value map waits for in vain are told", () => {
    expect(notesOf([], { unmet: ["severity:Murder", "category:a"] })).toEqual([
      'No row has the value of --map "severity:Murder", --map "category:a": a slip of the pen? Values are compared letter by letter.',
    ]);
  });
});
