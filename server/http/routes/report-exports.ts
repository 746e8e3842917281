import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { boundsOfBox } from "../../../tiles/areas/area.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { createPlaceNames, namingSets } from "../../areas/name-of-place.ts";
import { OWN } from "../../areas/own-area-id.ts";
import { placeOfQuery, placeOfRegion } from "../../reports/export-place.ts";
import { countLogCells } from "../../reports/list-reports.ts";
import { regionOfArea } from "../../reports/region-of-area.ts";
import { isReportCursor, REPORTS, type ReportExport, reportsSource } from "../../trends/report-export.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";
import { EXPORTED_CELLS } from "../core/route-limits.ts";
import type { FindOwnArea } from "../middleware/own-area.ts";
import { requireCityOfAreas } from "../schemas/city-of-areas.ts";
import {
  areaIdParameter,
  type CellQuery,
  exportedPlaceParameters,
  parameter,
  refuseOthers,
  slugParameter,
} from "../schemas/filter-query.ts";
import { foundAreaOf } from "../schemas/found-area.ts";
import { parseBbox, parseCategories, parseLayers } from "../schemas/report-query.ts";
import { requireSmallBox } from "../schemas/small-box.ts";
import { EXPORT_FORMATS, type ExportAnswers, type ExportFormat, spanOf } from "./export-answer.ts";
import { exportPaging, exportRoute } from "./export-route.ts";

const reportQuery = z.object({
  ...exportedPlaceParameters,
  bbox: parameter(
    "west,south,east,north in degrees: only reports that lie inside; west > east crosses the antimeridian.",
    "-122.52,37.70,-122.35,37.83",
    parseBbox,
  ),
  area: areaIdParameter(
    "Reports of this area, exactly, in place of city, geohash and bbox; their `name` is the area's.",
  ),
  areas: slugParameter(
    "Reports of all areas of this city, in place of city, geohash and bbox: of its neighbourhoods, or of its smallest areas.",
    "san-francisco",
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
    "Places, times and texts are as everywhere told; hidden and expired reports are absent. `name` is that of the area in which the report is told to lie, whose id is `area`; outside all areas the nearest name on the map, or the geohash.",
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
      const { layer = REPORT_LAYERS, category, from, to, limit, cursor, area, areas, ...cells } = c.req.valid("query");
      const span = spanOf(from, to, clock.now());
      const source = reportsSource(
        { store, pyramid, clock },
        {
          ...(await placeAsked(c, { area, areas, cells }, { parts, findOwn })),
          layers: layer,
          ...(category && { categories: new Set(category) }),
          ...span,
          ...(cursor && { after: cursor }),
        },
      );
      const place = [area ?? areas, cells.city?.id, cells.geohash];
      const request = { source, format, place, ...span };
      return limit > 0 ? answers.page(c, request, limit) : answers.stream(c, request);
    });
  }
}

interface PlaceAsked {
  readonly area: Query["area"];
  readonly areas: Query["areas"];
  readonly cells: CellQuery;
}

/** The place that is asked for. @throws ProblemError 400 when it is too large, or there is no such area */
async function placeAsked(
  c: Context<AppEnv>,
  { area, areas, cells }: PlaceAsked,
  { parts, findOwn }: { readonly parts: AppParts; readonly findOwn: FindOwnArea },
): Promise<Pick<ReportExport, "place" | "area" | "names" | "isInAreas">> {
  if (areas !== undefined) {
    refuseOthers("areas", { area, ...cells });
    return placeOfAreas(areas, parts.areas);
  }
  if (area === undefined) {
    if (cells.bbox !== undefined) requireSmallBox(countLogCells(cells.bbox), EXPORTED_CELLS, "bbox");
    return { place: placeOfQuery(cells), names: createPlaceNames(parts.areas) };
  }
  refuseOthers("area", cells);
  const found = (await findOwn(c, area)) ?? (await foundAreaOf(parts.areas, area, cells));
  requireSmallBox(countLogCells(boundsOfBox(found.area.box)), EXPORTED_CELLS, "area");
  const { city, kind } = found.of.set;
  const named = { name: found.area.name, area: found.area.id, city: kind === OWN ? null : city.id };
  return { place: placeOfRegion(await regionOfArea(found.shapes, found)), area: named };
}

/**
 * All areas of a city. Its reports come as ever, cell by cell, and each says in which area it lies: in the order of areas, a cell would be read
 * once for every area that meets it.
 * @throws ProblemError 400 when it has no areas, or they are too far apart
 */
async function placeOfAreas(
  city: string,
  areas: AppParts["areas"],
): Promise<Pick<ReportExport, "place" | "names" | "isInAreas">> {
  await requireCityOfAreas(city, { field: "areas", ...(areas && { catalogue: areas.catalogue }) });
  const of = namingSets((await areas?.catalogue.live()) ?? []).find(({ set }) => set.city.id === city);
  if (of === undefined) {
    const message = `has no areas now: ask for city=${city}, or for a bbox`;
    throw new ProblemError(invalidRequest([{ field: "areas", message }]));
  }
  const bbox = boundsOfBox(of.version.box);
  requireSmallBox(countLogCells(bbox), EXPORTED_CELLS, "areas");
  return { place: placeOfQuery({ bbox }), names: createPlaceNames(areas, of), isInAreas: true };
}
