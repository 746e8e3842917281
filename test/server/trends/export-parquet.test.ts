import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { AREA_SCORES } from "../../../server/trends/area-export-rows.ts";
import { GEOMETRY } from "../../../server/trends/area-geometries.ts";
import { createParquetEncoder } from "../../../server/trends/export-parquet.ts";
import { type Column, type ExportRow, REPORT_COUNTS } from "../../../server/trends/export-rows.ts";

function write(columns: readonly Column[], ...pages: ExportRow[][]): ArrayBuffer {
  const encoder = createParquetEncoder(columns);
  const parts = [encoder.begin(), ...pages.map((page) => encoder.rows(page)), encoder.end()];
  return Uint8Array.from(Buffer.concat(parts)).buffer;
}

function geoOf(file: ArrayBuffer) {
  const { key_value_metadata: entries = [] } = parquetMetadata(file);
  return JSON.parse(entries.find(({ key }) => key === "geo")?.value ?? "null");
}

const CELLS: readonly Column[] = [
  { name: "geohash", type: "text" },
  { name: "calculated_at", type: "instant" },
];

describe("createParquetEncoder", () => {
  it("says of instants that they are in UTC, to the microsecond, and of days that they are days", async () => {
    const { schema } = parquetMetadata(write(CELLS));
    expect(schema.find(({ name }) => name === "calculated_at")).toMatchObject({
      type: "INT64",
      converted_type: "TIMESTAMP_MICROS",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
    });
    const day = parquetMetadata(write(REPORT_COUNTS.columns)).schema.find(({ name }) => name === "day");
    expect(day).toMatchObject({ type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } });

    const times = [
      "2026-05-31T12:00:00Z",
      "2026-05-31T12:00:00.5Z",
      "2026-05-31T12:00:00.123456Z",
      "1969-12-31T23:59:59.0001Z",
    ];
    const file = write(
      CELLS,
      times.map((calculated_at) => ({ geohash: "9q8yyk", calculated_at })),
    );
    const raw = { timestampFromMicroseconds: (micros: bigint) => micros };
    const rows = await parquetReadObjects({ file, parsers: raw as never });
    expect(rows.map(({ calculated_at: micros }) => micros)).toEqual([
      1780228800000000n,
      1780228800500000n,
      1780228800123456n,
      -999900n,
    ]);
  });

  it("writes cells as GeoParquet 1.1, with the box of all of them", async () => {
    const file = write(CELLS, [{ geohash: "9q8yyk" }, { geohash: "9q8yyk" }], [{ geohash: "9v6kpv" }]);
    expect(geoOf(file)).toEqual({
      version: "1.1.0",
      primary_column: "geometry",
      columns: {
        geometry: {
          encoding: "WKB",
          geometry_types: ["Polygon"],
          orientation: "counterclockwise",
          bbox: [-122.420654, 30.261841, -97.734375, 37.776489],
        },
      },
    });
    expect((await parquetReadObjects({ file })).map(({ geometry }) => geometry.coordinates[0])).toEqual([
      ring(-122.420654, 37.770996, -122.409668, 37.776489),
      ring(-122.420654, 37.770996, -122.409668, 37.776489),
      ring(-97.745361, 30.261841, -97.734375, 30.267334),
    ]);
  });

  it("writes areas with their polygons, and none where an area is gone", async () => {
    const coordinates = [[ring(0, 0, 2, 1)], [ring(10, 10, 11, 11), ring(10.2, 10.2, 10.4, 10.4).reverse()]];
    const area = JSON.stringify({ type: "MultiPolygon", coordinates });
    const file = write(AREA_SCORES.columns, [
      { area: "a", [GEOMETRY]: area },
      { area: "a", [GEOMETRY]: area },
      { area: "b", [GEOMETRY]: null },
    ]);
    expect(geoOf(file).columns.geometry).toMatchObject({ geometry_types: ["MultiPolygon"], bbox: [0, 0, 11, 11] });
    const rows = await parquetReadObjects({ file });
    expect(rows.map(({ geometry }) => geometry?.coordinates)).toEqual([coordinates, coordinates, undefined]);
  });

  it("has no box where there are no rows", () => {
    const { geometry } = geoOf(write(CELLS)).columns;
    expect(geometry).toEqual({ encoding: "WKB", geometry_types: ["Polygon"], orientation: "counterclockwise" });
  });

  it("begins a row group where one comes to too much: rows that share an area's polygons count these once", async () => {
    const groupsOf = (file: ArrayBuffer) => parquetMetadata(file).row_groups.map(({ num_rows: rows }) => Number(rows));
    const corners = Array.from({ length: 50_000 }, (_, i) => [i / 1e3, 0]);
    const areaOf = (id: number) =>
      JSON.stringify({ type: "MultiPolygon", coordinates: [[[[id, 1], ...corners, [id, 1]]]] });
    const rowsOf = (id: number) => {
      const geometry = areaOf(id);
      return Array.from({ length: 100 }, () => ({ area: `${id}`, [GEOMETRY]: geometry }));
    };
    // 800 kB each: the first row of the 21st is beyond 16 MiB.
    const pages = Array.from({ length: 30 }, (_, id) => rowsOf(id));
    expect(groupsOf(write([{ name: "area", type: "text" }], ...pages))).toEqual([2001, 999]);
  });
});

function ring(west: number, south: number, east: number, north: number): number[][] {
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
}
