import type { AreaSource } from "../../areas/find-area.ts";
import { createPlaceNames } from "../../areas/name-of-place.ts";
import type { Sql } from "../../ports/sql.ts";
import { areaReader, type ReadArea, withGeometries } from "../../trends/area-geometries.ts";
import { type Dataset, type ExportFilter, type ExportRow, keyOf, type RowKey } from "../../trends/export-rows.ts";
import type { ExportSource } from "../../trends/export-source.ts";
import { readRows } from "../../trends/read-export-rows.ts";
import { formatExportCursor } from "../schemas/export-cursor.ts";
import type { ExportFormat } from "./export-answer.ts";

/** What a request asks to be exported from PostgreSQL. */
export interface RelationalExport {
  readonly dataset: Dataset;
  readonly format: ExportFormat;
  readonly filter: ExportFilter;
  readonly after?: RowKey;
  /** Reads an area's polygons; those of cities without it. */
  readonly readArea?: ReadArea;
}

/** Each repeats its area's polygons, up to ten kilobytes. */
const POLYGON_ROWS = 200;

/** Formats whose rows have geometries. */
const GEO_FORMATS: ReadonlySet<ExportFormat> = new Set(["geojson", "parquet"]);

const isOfAreas = ({ key }: Dataset): boolean => key[0] === "area";

/** Whether rows repeat the polygons of their areas; in Parquet those of many rows are one. */
export const carriesPolygons = (dataset: Dataset, format: ExportFormat): boolean =>
  format === "geojson" && isOfAreas(dataset);

/** A table of PostgreSQL, with the polygons that only some formats have. @param areas public ones, by which cells are named, too */
export function relationalSource(sql: Sql, asked: RelationalExport, areas: AreaSource | undefined): ExportSource {
  const { dataset, filter, format, after, readArea = areas && areaReader(areas) } = asked;
  const names = createPlaceNames(areas);

  function read(pageRows: number): AsyncGenerator<readonly ExportRow[], void> {
    const hasPolygons = isOfAreas(dataset) && GEO_FORMATS.has(format) && readArea !== undefined;
    const rows = hasPolygons ? Math.min(pageRows, POLYGON_ROWS) : pageRows;
    const pages = readRows(sql, dataset, filter, { pageRows: rows, names, ...(after && { after }) });
    return hasPolygons ? withGeometries(pages, readArea) : pages;
  }

  return {
    name: dataset.name,
    columns: dataset.columns,
    async *pages(pageRows) {
      for await (const rows of read(pageRows)) yield { rows, lookedAt: rows.length };
    },
    async first(limit) {
      const found: ExportRow[] = [];
      for await (const page of read(limit + 1)) {
        found.push(...page);
        if (found.length > limit) break;
      }
      const rows = found.slice(0, limit);
      const last = rows.at(-1);
      if (found.length <= limit || last === undefined) return { rows };
      return { rows, next: formatExportCursor(keyOf(dataset, last)) };
    },
  };
}
