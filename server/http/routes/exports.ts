import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AreaCatalogue } from "../../areas/area-catalogue.ts";
import { asFoundArea } from "../../own-areas/own-area.ts";
import { createOwnAreaTable, type OwnAreaTable } from "../../own-areas/own-area-table.ts";
import type { Sql } from "../../ports/sql.ts";
import { NEIGHBORHOOD, type ScorePrecision } from "../../trends/area.ts";
import { AREA_COUNTS, AREA_SCORES, OWN_AREA_COUNTS, OWN_AREA_SCORES } from "../../trends/area-export-rows.ts";
import type { ReadArea } from "../../trends/area-geometries.ts";
import { type Dataset, type ExportFilter, REPORT_COUNTS, type RowKey, SCORES } from "../../trends/export-rows.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";
import type { FindOwnArea } from "../middleware/own-area.ts";
import { ownerOf } from "../middleware/owner.ts";
import { requireCityOfAreas } from "../schemas/city-of-areas.ts";
import { parseExportCursor } from "../schemas/export-cursor.ts";
import {
  type AreaAsker,
  areaIdParameter,
  areaOf,
  type CellQuery,
  exportedPlaceParameters,
  knownAreaOf,
  numberParameter,
  parameter,
  refuseOthers,
  slugParameter,
} from "../schemas/filter-query.ts";
import { parseLayers } from "../schemas/report-query.ts";
import { createExportAnswers, EXPORT_FORMATS, type ExportFormat, spanOf } from "./export-answer.ts";
import { exportPaging, exportRoute } from "./export-route.ts";
import { carriesPolygons, type RelationalExport, relationalSource } from "./relational-export.ts";
import { mountReportExports } from "./report-exports.ts";

/** Of rows with polygons, which are in memory as a page. */
const MAX_POLYGON_LIMIT = 2000;

const cursorOf = (...datasets: readonly Dataset[]) =>
  parameter("Rows after this one: `next` of the page before, or the last row's key, joined by commas.", "", (text) =>
    parseExportCursor(text, ...datasets),
  );

const scoreQuery = z.object({
  ...exportedPlaceParameters,
  area: areaIdParameter("Scores of this area, in place of cells: a row an area and hour, with its name."),
  areas: slugParameter("The same of all areas of this city, also of those that are gone.", "san-francisco"),
  precision: numberParameter("Geohash precision of the cells.", { min: 4, max: 6, fallback: NEIGHBORHOOD }),
  ...exportPaging,
  cursor: cursorOf(SCORES, AREA_SCORES),
});

const countQuery = z.object({
  ...exportedPlaceParameters,
  area: areaIdParameter("Reports of this area, in place of cells: a row an area, layer and day, with its name."),
  areas: slugParameter("The same of all areas of this city, also of those that are gone.", "san-francisco"),
  layer: parameter("Comma list of layers; all without it.", "infrastructure", parseLayers),
  ...exportPaging,
  cursor: cursorOf(REPORT_COUNTS, AREA_COUNTS),
});

const ORDER = "In the order of geohashes, then of time. A stream that cannot be finished breaks off with an error.";
const describedScores = {
  name: SCORES.name,
  summary: "Scores of cells, or of areas, over time, one row a cell and hour, after eight days a cell and day",
  description: [
    ORDER,
    "`calculated_at` names the beginning of an hour; the row says how the cell stood when it was last scored in that hour.",
    "A score is null (empty in CSV) without reports in the 30 days before; `safety_worth` and so on are the reporters' worth behind it.",
    "With `area` or `areas` the rows are of areas, in the order of ids; in GeoJSON and Parquet these have the polygons that the area has now, simplified beyond 500 corners; null when it is gone from its set.",
  ].join(" "),
};
const describedCounts = {
  name: REPORT_COUNTS.name,
  summary: "Reports by neighbourhood, or by area, layer and day (UTC)",
  description: [
    ORDER,
    "`worth` is what the reports weigh, `severity_worth` the sum of their severities times that.",
    "With `area` or `areas` the rows are of areas, in the order of ids, by the reports' own places; with polygons, as for scores.",
    "An area that was just imported is counted within minutes, as far back as there are reports: 90 days.",
  ].join(" "),
};

/** Mounts `/api/exports`. */
export function mountExports(app: App, parts: AppParts, sql: Sql, findOwn: FindOwnArea): void {
  const { clock } = parts;
  const ownAreas = createOwnAreaTable(sql);
  const askedBy = (c: Context<AppEnv>): AskedParts => ({
    sql,
    ownAreas,
    catalogue: parts.areas?.catalogue,
    nowMs: clock.now(),
    owner: ownerOf(c),
  });
  const answers = createExportAnswers(parts);
  mountReportExports(app, parts, answers, findOwn);
  const respond = (c: Context<AppEnv>, asked: RelationalExport, limit: number) => {
    const { format, filter } = asked;
    const place = [filter.areas && Object.values(filter.areas)[0], filter.city?.id, filter.geohash];
    const { fromMs, toMs } = filter;
    const request = { source: relationalSource(sql, asked, parts.areas), format, place, fromMs, toMs };
    return limit > 0 ? answers.page(c, request, limit) : answers.stream(c, request);
  };

  for (const format of Object.keys(EXPORT_FORMATS) as ExportFormat[]) {
    const scores = exportRoute(describedScores, format, scoreQuery);
    app.openapi(scores, async (c) => {
      const { limit, cursor, ...query } = c.req.valid("query");
      const asked = await scoresAsked(query, askedBy(c));
      requireKeyOf(asked.dataset, cursor);
      requireFewRows(asked.dataset, format, limit);
      return respond(c, { ...asked, format, ...(cursor && { after: cursor }) }, limit);
    });

    const counts = exportRoute(describedCounts, format, countQuery);
    app.openapi(counts, async (c) => {
      const { layer, from, to, limit, cursor, ...place } = c.req.valid("query");
      const span = { ...(layer && { layers: layer }), ...spanOf(from, to, clock.now()) };
      const { areas, cells, readArea } = await placeAsked(place, askedBy(c));
      const ofAreas = readArea === undefined ? AREA_COUNTS : OWN_AREA_COUNTS;
      const dataset = areas === undefined ? REPORT_COUNTS : ofAreas;
      const filter = areas === undefined ? { ...areaOf(cells), ...span } : { areas, ...span };
      requireKeyOf(dataset, cursor);
      requireFewRows(dataset, format, limit);
      const rest = { ...(cursor && { after: cursor }), ...(readArea && { readArea }) };
      return respond(c, { dataset, format, filter, ...rest }, limit);
    });
  }
}

/** @throws ProblemError 400 where rows of areas are asked for behind one of cells, or the other way round */
function requireKeyOf(dataset: Dataset, cursor: RowKey | undefined): void {
  if (cursor === undefined || dataset.isKey(cursor)) return;
  const message = `must be ${dataset.key.join(",")} of a row`;
  throw new ProblemError(invalidRequest([{ field: "cursor", message }]));
}

/** @throws ProblemError 400 where a page's rows repeat so many polygons that it would be too large */
function requireFewRows(dataset: Dataset, format: ExportFormat, limit: number): void {
  if (limit <= MAX_POLYGON_LIMIT || !carriesPolygons(dataset, format)) return;
  const message = `must be at most ${MAX_POLYGON_LIMIT} for areas as GeoJSON, or 0 for one stream`;
  throw new ProblemError(invalidRequest([{ field: "limit", message, limit: MAX_POLYGON_LIMIT }]));
}

interface PlaceQuery extends CellQuery {
  readonly area?: string | undefined;
  readonly areas?: string | undefined;
}

interface AskedParts extends AreaAsker {
  readonly ownAreas: OwnAreaTable;
  readonly catalogue: AreaCatalogue | undefined;
  readonly nowMs: number;
}

interface AskedPlace {
  readonly areas: ExportFilter["areas"] | undefined;
  readonly cells: CellQuery;
  /** Of an area of the account that asks. */
  readonly readArea: ReadArea | undefined;
}

/** What a query asks for: one area, those of a city, or cells. @throws ProblemError 400 when it asks for more than one of them */
async function placeAsked({ area, areas, ...cells }: PlaceQuery, asked: AskedParts): Promise<AskedPlace> {
  const { sql, catalogue } = asked;
  if (areas !== undefined) {
    refuseOthers("areas", { ...cells, area });
    await requireCityOfAreas(areas, { field: "areas", sql, ...(catalogue && { catalogue }) });
    return { areas: { city: areas }, cells, readArea: undefined };
  }
  const known = await knownAreaOf(asked, area, cells);
  const readArea = known?.isOwn === true ? ownReader(asked, asked.owner) : undefined;
  return { areas: known && { id: known.id }, cells, readArea };
}

/** Reads the polygons of areas of the account that asks. */
function ownReader({ ownAreas, nowMs }: AskedParts, owner: string | undefined): ReadArea {
  return async (id) => {
    const found = owner === undefined ? undefined : await ownAreas.find(owner, id, nowMs);
    return found && asFoundArea(found).area;
  };
}

/** The scores that a query asks for, of cells or of areas. */
async function scoresAsked(
  { precision: digits, from, to, ...place }: Omit<z.output<typeof scoreQuery>, "limit" | "cursor">,
  asked: AskedParts,
): Promise<Pick<RelationalExport, "dataset" | "filter" | "readArea">> {
  const span = spanOf(from, to, asked.nowMs);
  const { areas, cells, readArea } = await placeAsked(place, asked);
  if (areas !== undefined && readArea !== undefined)
    return { dataset: OWN_AREA_SCORES, filter: { areas, ...span }, readArea };
  if (areas !== undefined) return { dataset: AREA_SCORES, filter: { areas, ...span } };
  const precision: ScorePrecision = digits === 4 || digits === 5 ? digits : NEIGHBORHOOD;
  return { dataset: SCORES, filter: { ...areaOf(cells, precision), precision, ...span } };
}
