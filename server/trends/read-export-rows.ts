import { createPlaceNames, type PlaceNames } from "../areas/name-of-place.ts";
import type { Sql, SqlRow } from "../ports/sql.ts";
import { centreOf } from "./cell-centre.ts";
import { type Dataset, type ExportFilter, type ExportRow, keyOf, type RowKey } from "./export-rows.ts";

export interface ReadOptions {
  readonly pageRows: number;
  readonly after?: RowKey;
  /** What cells are called; without it by the names of the map. */
  readonly names?: PlaceNames;
}

/**
 * Reads rows in the order of the dataset's key, a page a statement: between two pages it holds neither a connection nor a
 * snapshot, so a slow reader is in nobody's way. What is written meanwhile is seen when its key is still to come.
 */
export async function* readRows(
  sql: Sql,
  dataset: Dataset,
  filter: ExportFilter,
  { pageRows, after, names = createPlaceNames(undefined) }: ReadOptions,
): AsyncGenerator<ExportRow[], void> {
  let last = after;
  const placeOf = createPlaces(names);
  for (const run of dataset.runs(filter)) {
    const isPast = ([of = ""]: RowKey) => of > run.high;
    const isInside = ([of = ""]: RowKey) => of >= run.low && of <= run.high;
    if (last !== undefined && isPast(last)) continue;
    for (let more = true; more; ) {
      const inside = last !== undefined && isInside(last) ? last : undefined;
      // Begun at the cell or area itself, because an index may look for one lower bound only.
      const rest = inside === undefined ? run : { ...run, low: inside[0] ?? run.low };
      const { text, values } = dataset.statement(filter, rest, inside, pageRows);
      const rows: ExportRow[] = [];
      for (const row of await sql.query(text, values)) rows.push(await toExportRow(row, placeOf));
      const end = rows.at(-1);
      if (end !== undefined) {
        last = keyOf(dataset, end);
        yield rows;
      }
      more = rows.length === pageRows;
    }
  }
}

type PlaceOf = (geohash: string) => Promise<ExportRow>;

/** Name, city and centre of cells; those of the cell before are known, as it has many rows. */
function createPlaces(names: PlaceNames): PlaceOf {
  let known: { readonly geohash: string; readonly place: ExportRow } | undefined;
  return async (geohash) => {
    if (known?.geohash !== geohash) {
      const { name, city } = await names.ofCell(geohash);
      known = { geohash, place: { name, ...centreOf(geohash), city } };
    }
    return known.place;
  };
}

/** Adds the place of a cell; PostgreSQL's text of a whole second has six zeros that nobody needs. */
async function toExportRow(row: SqlRow, placeOf: PlaceOf): Promise<ExportRow> {
  const { calculated_at: at, geohash, city } = row;
  const place = geohash === undefined ? {} : await placeOf(String(geohash));
  return {
    ...row,
    ...place,
    ...(city != null && { city }),
    ...(typeof at === "string" && { calculated_at: at.replace(/\.?0{1,6}Z$/, "Z") }),
  } as ExportRow;
}
