/** @module-tag slow */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AREA_SCORES } from "../../../server/trends/area-export-rows.ts";
import { GEOMETRY } from "../../../server/trends/area-geometries.ts";
import { createTextEncoder } from "../../../server/trends/export-formats.ts";
import { createParquetEncoder } from "../../../server/trends/export-parquet.ts";
import { type Column, type ExportRow, REPORT_COUNTS, SCORES } from "../../../server/trends/export-rows.ts";
import { REPORT_COLUMNS } from "../../../server/trends/report-export.ts";

/** Of `python3` on the path: those of its packages that are here. */
const PACKAGES = ["duckdb", "pyarrow", "geopandas"] as const;
const versionOf = (name: string): string | undefined => {
  const { status, stdout } = spawnSync("python3", ["-c", `import ${name}; print(${name}.__version__)`]);
  return status === 0 ? String(stdout).trim() : undefined;
};
const versions = Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)]));
const lacks = (name: (typeof PACKAGES)[number]) => versions[name] === undefined;
const titleOf = (name: (typeof PACKAGES)[number]) =>
  lacks(name) ? `${name} (skipped: no python3 with ${name} on the path)` : `${name} ${versions[name]}`;
const hasOgr = spawnSync("ogrinfo", ["--version"]).status === 0;
const ogrReads = (format: string) => hasOgr && String(spawnSync("ogrinfo", ["--formats"]).stdout).includes(format);

const HOURS = 2345;
const CELLS = ["9q8yyk", "9q8yym", "9v6kpv"];
const STARTS = Date.UTC(2026, 1, 20);
const iso = (timeMs: number) => new Date(timeMs).toISOString().replace(".000Z", "Z");

/** By the hour over the night in which New York's clocks go forward; one of a time with microseconds, as old rows have. */
const scores: ExportRow[] = CELLS.flatMap((geohash, cell) =>
  Array.from({ length: HOURS }, (_, hour) => ({
    geohash,
    name: 'Say "Hayes", =Valley',
    lat: 37.773743,
    lon: -122.415161,
    city: cell === 2 ? null : "san-francisco",
    calculated_at:
      hour === 7 ? iso(STARTS + hour * 3_600_000).replace("Z", ".123456Z") : iso(STARTS + hour * 3_600_000),
    safety: (hour % 1000) / 10,
    vibe: hour % 3 === 0 ? null : 50,
    infrastructure: 1,
    opportunity: 2,
    overall: 3,
    safety_worth: hour / 4,
    vibe_worth: 0,
    infrastructure_worth: 0,
    opportunity_worth: 0,
    report_count_7d: hour,
  })),
);
const counts: ExportRow[] = CELLS.flatMap((geohash) =>
  Array.from({ length: 90 }, (_, day) => ({
    geohash,
    name: geohash,
    lat: 1,
    lon: 2,
    city: null,
    layer: "safety",
    day: iso(STARTS + day * 86_400_000).slice(0, 10),
    report_count: day,
    severity_sum: 3 * day,
    worth: day / 4,
    severity_worth: day / 2,
  })),
);
const square = (west: number, south: number, size: number) => [
  [west, south],
  [west + size, south],
  [west + size, south + size],
  [west, south + size],
  [west, south],
];
const polygons = JSON.stringify({
  type: "MultiPolygon",
  coordinates: [[square(-10, 0, 4), square(-9, 1, 1).reverse()], [square(5, 0, 1)]],
});
const areas: ExportRow[] = ["a", "b"].flatMap((area) =>
  [1, 2].map((hour) => ({
    area,
    name: area,
    safety: hour,
    calculated_at: iso(STARTS + hour * 3_600_000),
    [GEOMETRY]: area === "a" ? polygons : null,
  })),
);
const reports: ExportRow[] = Array.from({ length: 3000 }, (_, i) => ({
  id: `id${i}`,
  layer: "vibe",
  category: "art",
  severity: 1 + (i % 5),
  text: i % 2 === 0 ? null : `line\n"${i}", ünï`,
  lat: 40 + i / 1e5,
  lon: -74 + i / 1e5,
  geohash: "dr5rsz",
  name: "Here",
  city: null,
  created_at: iso(STARTS + i * 60_000),
  expires_at: iso(STARTS + i * 60_000 + 90 * 86_400_000),
}));

const TABLES: Readonly<
  Record<string, { columns: readonly Column[]; rows: readonly ExportRow[]; key: string; sum: string }>
> = {
  scores: { columns: SCORES.columns, rows: scores, key: "geohash, calculated_at", sum: "safety" },
  counts: { columns: REPORT_COUNTS.columns, rows: counts, key: "geohash, layer, day", sum: "report_count" },
  areas: { columns: AREA_SCORES.columns, rows: areas, key: "area, calculated_at", sum: "safety" },
  reports: { columns: REPORT_COLUMNS, rows: reports, key: "id, created_at, expires_at", sum: "severity" },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "exports-"));
  for (const [name, { columns, rows }] of Object.entries(TABLES)) {
    for (const format of ["csv", "geojson", "ndjson", "parquet"] as const) {
      const encoder = format === "parquet" ? createParquetEncoder(columns) : createTextEncoder(format, columns);
      writeFileSync(
        join(folder, `${name}.${format}`),
        Buffer.concat([encoder.begin(), encoder.rows(rows), encoder.end()]),
      );
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function python(program: string): unknown {
  const env = { ...process.env, TZ: "America/New_York" };
  return JSON.parse(
    execFileSync("python3", ["-c", program], {
      cwd: folder,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
}

describe("exports are read by", () => {
  describe.skipIf(lacks("duckdb"))(titleOf("duckdb"), () => {
    it.each(["UTC", "America/New_York", "Asia/Kolkata"])(
      "in a session of %s: Parquet joins with CSV, sums are equal",
      (zone) => {
        const queries = Object.entries(TABLES).map(([name, { key, sum }]) => [
          name,
          `SELECT count(*), sum(p.${sum}) IS NOT DISTINCT FROM sum(c.${sum}) FROM '${name}.parquet' p JOIN read_csv('${name}.csv', sample_size=-1) c USING (${key})`,
        ]);
        const found = python(`
import duckdb, json
c = duckdb.connect()
c.execute("SET TimeZone='${zone}'")
print(json.dumps({name: c.execute(query).fetchall()[0] for name, query in json.loads(r'''${JSON.stringify(queries)}''')}))`);
        expect(found).toEqual(
          Object.fromEntries(Object.entries(TABLES).map(([name, { rows }]) => [name, [rows.length, true]])),
        );
      },
    );
  });

  describe.skipIf(lacks("pyarrow"))(titleOf("pyarrow"), () => {
    it("with times in UTC, days as days, and bytes beside them", () => {
      const types = python(`
import pyarrow.parquet as pq, json
print(json.dumps({name: {f.name: str(f.type) for f in pq.read_table(name + ".parquet").schema} for name in ("scores", "counts", "reports")}))`);
      expect(types).toMatchObject({
        scores: { calculated_at: "timestamp[us, tz=UTC]", geometry: "binary", geohash: "string", safety: "double" },
        counts: { day: "date32[day]", report_count: "int32" },
        reports: { created_at: "timestamp[us, tz=UTC]", expires_at: "timestamp[us, tz=UTC]", text: "string" },
      });
    });
  });

  describe.skipIf(lacks("geopandas"))(titleOf("geopandas"), () => {
    it("with the geometries of GeoJSON, valid, in longitude and latitude", () => {
      const found = python(`
import geopandas as g, json, warnings
warnings.filterwarnings("ignore")
def look(name):
  a, b = g.read_parquet(name + ".parquet"), g.read_file(name + ".geojson")
  same = (a.geometry.geom_equals(b.geometry) | (a.geometry.isna() & b.geometry.isna())).all()
  ccw = all(p.exterior.is_ccw and not any(r.is_ccw for r in p.interiors) for s in a.geometry.dropna() if s.geom_type != "Point" for p in getattr(s, "geoms", [s]))
  return [len(a), str(a.crs), sorted(a.geom_type.dropna().unique()), bool(same), bool(a.geometry.dropna().is_valid.all()), bool(ccw)]
print(json.dumps({name: look(name) for name in ("scores", "counts", "areas", "reports")}))`);
      const expected = (rows: readonly ExportRow[], type: string) => [
        rows.length,
        "OGC:CRS84",
        [type],
        true,
        true,
        true,
      ];
      expect(found).toEqual({
        scores: expected(scores, "Polygon"),
        counts: expected(counts, "Polygon"),
        areas: expected(areas, "MultiPolygon"),
        reports: expected(reports, "Point"),
      });
    });
  });

  describe.skipIf(!hasOgr)(`ogrinfo${hasOgr ? "" : " (skipped: no ogrinfo on the path)"}`, () => {
    const withParquet = ogrReads("Parquet");
    const formats = withParquet ? ["geojson", "parquet"] : ["geojson"];
    it.each(Object.keys(TABLES))(
      `%s, as ${formats.join(" and ")}${withParquet ? "" : " (Parquet skipped: this GDAL was built without)"}`,
      (name) => {
        for (const format of formats) {
          const told = execFileSync("ogrinfo", ["-so", "-al", join(folder, `${name}.${format}`)], { encoding: "utf8" });
          expect(told, format).toContain(`Feature Count: ${TABLES[name]?.rows.length}`);
          expect(told, format).toMatch(/Geometry: (3D )?(Point|Polygon|Multi Polygon)/);
        }
      },
    );
  });

  it("whoever reads lines of JSON", () => {
    for (const [name, { rows, columns }] of Object.entries(TABLES)) {
      const lines = readFileSync(join(folder, `${name}.ndjson`), "utf8")
        .trimEnd()
        .split("\n");
      expect(lines).toHaveLength(rows.length);
      expect(Object.keys(JSON.parse(lines[0] ?? "null"))).toEqual(columns.map((column) => column.name));
    }
  });
});
