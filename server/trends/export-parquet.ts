import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { RowEncoder } from "./export-formats.ts";
import type { Column, ColumnType, ExportRow } from "./export-rows.ts";
import { createGeoColumn, GEOMETRY_COLUMN } from "./geo-parquet.ts";
import { createGeometries, shapeOf } from "./row-geometry.ts";

type Schema = ConstructorParameters<typeof ParquetWriter>[0]["schema"];
type SchemaElement = Schema[number];

/** Rows of a row group, the unit that a reader skips or loads: what memory holds while it fills. */
const GROUP_ROWS = 50_000;
/** Fewer where their texts and geometries come to so much, bytes; what many rows share counts once. */
const GROUP_BYTES = 16 * 2 ** 20;

interface GatheredRow {
  readonly row: ExportRow;
  readonly geometry: Uint8Array | null;
}

/** An encoder of Apache Parquet files, Snappy, a row group at a time, with the rows' geometries as GeoParquet. */
export function createParquetEncoder(columns: readonly Column[]): RowEncoder {
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema: schemaOf(columns), createdBy: "stratum" });
  const shape = shapeOf(columns);
  const geometryOf = createGeometries(shape);
  const geo = createGeoColumn(shape);
  const texts = columns.flatMap(({ name, type }) => (type === "text" ? [name] : []));
  let gathered: GatheredRow[] = [];
  let gatheredBytes = 0;

  /** What was written since the last call. Offsets in the file go on counting. */
  function take(): Uint8Array {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  }

  function writeGroup(): void {
    const rows = gathered;
    gathered = [];
    gatheredBytes = 0;
    if (rows.length === 0) return;
    const columnData = columns.map(({ name, type }) => ({
      name,
      data: rows.map(({ row }) => cellOf(type, row[name])),
    }));
    const geometries = { name: GEOMETRY_COLUMN, data: rows.map(({ geometry }) => geometry), statistics: false };
    file.write({ columnData: [...columnData, geometries], rowGroupSize: rows.length });
  }

  function gather(row: ExportRow): void {
    const geometry = geo.write(geometryOf(row));
    if (geometry !== gathered.at(-1)?.geometry) gatheredBytes += geometry?.length ?? 0;
    for (const name of texts) gatheredBytes += String(row[name] ?? "").length;
    gathered.push({ row, geometry });
    if (gathered.length >= GROUP_ROWS || gatheredBytes >= GROUP_BYTES) writeGroup();
  }

  return {
    begin: take,
    rows(rows) {
      for (const row of rows) gather(row);
      return take();
    },
    end() {
      writeGroup();
      file.kvMetadata = [geo.metadata()];
      file.finish();
      return take();
    },
  };
}

/**
 * An instant is one in UTC by its logical type: the older converted type alone leaves open whether it is, and readers then take it for a
 * time on the wall of wherever they run. Whole microseconds, as in the texts of the other formats.
 */
const TYPES: Readonly<Record<ColumnType, Omit<SchemaElement, "name" | "repetition_type">>> = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  score: { type: "DOUBLE" },
  worth: { type: "DOUBLE" },
  degrees: { type: "DOUBLE" },
  count: { type: "INT32" },
  instant: {
    type: "INT64",
    converted_type: "TIMESTAMP_MICROS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
  },
  day: { type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } },
};

function schemaOf(columns: readonly Column[]): Schema {
  const fields = columns.map(({ name, type }): SchemaElement => {
    return { name, repetition_type: "OPTIONAL", ...TYPES[type] };
  });
  const geometry: SchemaElement = { name: GEOMETRY_COLUMN, repetition_type: "OPTIONAL", type: "BYTE_ARRAY" };
  return [{ name: "root", num_children: fields.length + 1 }, ...fields, geometry];
}

const DAY_MS = 86_400_000;

function cellOf(type: ColumnType, value: string | number | null | undefined): unknown {
  if (value === undefined || value === null) return null;
  if (type === "instant") return microsecondsOf(String(value));
  return type === "day" ? Math.floor(Date.parse(String(value)) / DAY_MS) : value;
}

/** Unix microseconds of an instant with up to six decimals of a second, of which `Date` keeps three. */
function microsecondsOf(instant: string): bigint {
  const beyondMs = /\.\d{3}(\d{1,3})/.exec(instant)?.[1] ?? "";
  return BigInt(Date.parse(instant)) * 1000n + BigInt(beyondMs.padEnd(3, "0"));
}
