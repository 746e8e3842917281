import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { boundsOfBox } from "../../../tiles/areas/area.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { OWN } from "../../areas/own-area-id.ts";
import { placeOfQuery, placeOfRegion } from "../../reports/export-place.ts";
import { countLogCells } from "../../reports/list-reports.ts";
import { regionOfArea } from "../../reports/region-of-area.ts";
import { isReportCursor, REPORTS, type ReportExport, reportsSource } from "../../trends/report-export.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { EXPORTED_CELLS } from "../core/route-limits.ts";
import type { FindOwnArea } from "../middleware/own-area.ts";
import { areaIdParameter, areaParameters, type CellQuery, parameter, refuseOthers } from "../schemas/filter-query.ts";
import { foundAreaOf } from "../schemas/found-area.ts";
import { parseBbox, parseCategories, parseLayers } from "../schemas/report-query.ts";
import { requireSmallBox } from "../schemas/small-box.ts";
import { EXPORT_FORMATS, type ExportAnswers, type ExportFormat, spanOf } from "./export-answer.ts";
import { exportPaging, exportRoute } from "./export-route.ts";

const reportQuery = z.object({
  ...areaParameters,
  bbox: parameter(
    "west,south,east,north in degrees: only reports that lie inside; west > east crosses the antimeridian.",
    "-122.52,37.70,-122.35,37.83",
    parseBbox,
  ),
  area: areaIdParameter(
    "Reports of this area, exactly, in place of city, geohash and bbox; their `name` is the area's.",
  ),
  layer: parameter("Comma list of layers; all without it.", "infrastructure", parseLayers),
  category: parameter("Comma list of categories; all without it.", "pothole,flooding", parseCategories),
  ...exportPaging,
  cursor: parameter(
    "Reports behind the one of this id: `next` of the page before, or the last row's id.",
    "",
    (text) => (isReportCursor(text) ? { value: text } : "must be the id of a report"),
  ),
});

const described = {
  name: REPORTS,
  summary: "The reports themselves, as the map tells them",
  description: [
    "In the order of their geohash-5 cells, then of layers (safety, vibe, infrastructure, opportunity), in each from the newest to the oldest.",
    "Places, times and texts are as everywhere told; hidden and expired reports are absent. `name` is the nearest name on the map, or the area's that is asked for.",
    "A page may have fewer rows than its limit before the end: the last one has no Link. A call of the quota covers 10 000 reports that are looked through.",
    "A stream that cannot be finished breaks off with an error.",
  ].join(" "),
};

type Query = z.output<typeof reportQuery>;

/** Mounts `/api/exports/reports.*`. */
export function mountReportExports(app: App, parts: AppParts, answers: ExportAnswers, findOwn: FindOwnArea): void {
  const { store, pyramid, clock } = parts;
  for (const format of Object.keys(EXPORT_FORMATS) as ExportFormat[]) {
    app.openapi(exportRoute(described, format, reportQuery), async (c) => {
      const { layer = REPORT_LAYERS, category, from, to, limit, cursor, area, ...cells } = c.req.valid("query");
      const span = spanOf(from, to, clock.now());
      const source = reportsSource(
        { store, pyramid, clock },
        {
          ...(await placeAsked(c, { area, cells }, { parts, findOwn })),
          layers: layer,
          ...(category && { categories: new Set(category) }),
          ...span,
          ...(cursor && { after: cursor }),
        },
      );
      const place = [area, cells.city?.id, cells.geohash];
      const request = { source, format, place, ...span };
      return limit > 0 ? answers.page(c, request, limit) : answers.stream(c, request);
    });
  }
}

/** The place that is asked for. @throws ProblemError 400 when it is too large, or there is no such area */
async function placeAsked(
  c: Context<AppEnv>,
  { area, cells }: { readonly area: Query["area"]; readonly cells: CellQuery },
  { parts, findOwn }: { readonly parts: AppParts; readonly findOwn: FindOwnArea },
): Promise<Pick<ReportExport, "place" | "area">> {
  if (area === undefined) {
    if (cells.bbox !== undefined) requireSmallBox(countLogCells(cells.bbox), EXPORTED_CELLS, "bbox");
    return { place: placeOfQuery(cells) };
  }
  refuseOthers("area", cells);
  const found = (await findOwn(c, area)) ?? (await foundAreaOf(parts.areas, area, cells));
  requireSmallBox(countLogCells(boundsOfBox(found.area.box)), EXPORTED_CELLS, "area");
  const { city, kind } = found.of.set;
  const named = { name: found.area.name, ...(kind !== OWN && { city: city.id }) };
  return { place: placeOfRegion(await regionOfArea(found.shapes, found)), area: named };
}
