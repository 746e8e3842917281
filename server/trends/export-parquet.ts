import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { RowEncoder } from "./export-formats.ts";
import type { Column, ColumnType, ExportRow } from "./export-rows.ts";

type Schema = ConstructorParameters<typeof ParquetWriter>[0]["schema"];
type SchemaElement = Schema[number];

/** Rows of a row group, the unit that a reader skips or loads: what memory holds while it fills. */
const GROUP_ROWS = 50_000;

/** An encoder of Apache Parquet files, Snappy, a row group at a time. */
export function createParquetEncoder(columns: readonly Column[]): RowEncoder {
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema: schemaOf(columns), createdBy: "stratum" });
  let gathered: ExportRow[] = [];

  /** What was written since the last call. Offsets in the file go on counting. */
  function take(): Uint8Array {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  }

  function writeGroup(rows: readonly ExportRow[]): void {
    if (rows.length === 0) return;
    const columnData = columns.map(({ name, type }) => ({ name, data: rows.map((row) => cellOf(type, row[name])) }));
    file.write({ columnData, rowGroupSize: rows.length });
  }

  return {
    begin: take,
    rows(rows) {
      gathered.push(...rows);
      while (gathered.length >= GROUP_ROWS) writeGroup(gathered.splice(0, GROUP_ROWS));
      return take();
    },
    end() {
      writeGroup(gathered);
      gathered = [];
      file.finish();
      return take();
    },
  };
}

const TYPES: Readonly<Record<ColumnType, Omit<SchemaElement, "name" | "repetition_type">>> = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  score: { type: "DOUBLE" },
  worth: { type: "DOUBLE" },
  degrees: { type: "DOUBLE" },
  count: { type: "INT32" },
  instant: { type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
  day: { type: "INT32", converted_type: "DATE" },
};

function schemaOf(columns: readonly Column[]): Schema {
  const fields = columns.map(({ name, type }): SchemaElement => {
    return { name, repetition_type: "OPTIONAL", ...TYPES[type] };
  });
  return [{ name: "root", num_children: fields.length }, ...fields];
}

function cellOf(type: ColumnType, value: string | number | null | undefined): unknown {
  if (value === undefined || value === null) return null;
  return type === "instant" || type === "day" ? new Date(value) : value;
}
