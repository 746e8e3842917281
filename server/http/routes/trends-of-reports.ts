import { z } from "@hono/zod-openapi";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { AreaCatalogue } from "../../areas/area-catalogue.ts";
import { createPlaceNames, nameCells } from "../../areas/name-of-place.ts";
import type { Sql } from "../../ports/sql.ts";
import type { RankedSet } from "../../trends/area-ranking.ts";
import { centreOf } from "../../trends/cell-centre.ts";
import { dailyReports, daysUpTo } from "../../trends/daily.ts";
import type { KnownArea } from "../../trends/known-area.ts";
import {
  monthsUpTo,
  type Rise,
  type RisingArea,
  type RisingNeighborhood,
  risingAreas,
  risingNeighborhoods,
} from "../../trends/rising.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { askedPath } from "../core/public-address.ts";
import { ownerOf } from "../middleware/owner.ts";
import {
  areaIdParameter,
  areaOf,
  areaParameters,
  type CellQuery,
  choiceParameter,
  knownAreaOf,
  numberParameter,
  parameter,
  placeOfArea,
  tellArea,
} from "../schemas/filter-query.ts";
import { nextLink } from "../schemas/next-link.ts";
import { parseLayers } from "../schemas/report-query.ts";
import { formatRisingCursor, parseRisingCursor } from "../schemas/rising-cursor.ts";
import { trendHeaders, trendRoute } from "./trend-route.ts";

const MIN_CHANGE = { min: 0, max: 10_000, fallback: 30, digits: 2 };
const MIN_REPORTS = { min: 0, max: 1_000_000, fallback: 5 };

const count = z.int().nonnegative();
const days = z.object({ from: z.iso.date(), to: z.iso.date() });
const place = {
  geohash: z.string(),
  lat: z.number(),
  lon: z.number(),
  name: z
    .string()
    .openapi({ description: "The nearest name of the map, else of the area, the city's, or the geohash." }),
};
const rise = {
  city: z.string().nullable(),
  reports: count,
  reports_last_month: count,
  change_percent: z.number().nullable().openapi({ description: "Null when there were none last month." }),
  is_small: z.boolean().openapi({ description: "Fewer than 10 reports this month: a few more change it much." }),
};
const area = areaIdParameter(
  "Only the reports of this area, by their own places, in place of cells: neighbourhoods are their parts inside it.",
);
/** The area that was asked for. */
const toldArea = z.object({ id: z.string(), name: z.string() }).optional();

const rising = trendRoute({
  name: "rising",
  summary: "Neighbourhoods with more reports this month than last",
  description:
    "The last 30 days (UTC, today's included) against the 30 before, the steepest rise first, what had none last month at the end.",
  query: z.object({
    ...areaParameters,
    area,
    layer: choiceParameter("The reports' layer.", REPORT_LAYERS, "infrastructure"),
    min_change: numberParameter("Percent more than last month, at least.", MIN_CHANGE),
    min_reports: numberParameter(
      "Reports this month, at least: 2 after 1 is 100% more and means nothing. 0 takes every neighbourhood.",
      MIN_REPORTS,
    ),
    limit: numberParameter("Neighbourhoods of a page.", { min: 1, max: 1000, fallback: 100 }),
    cursor: parameter("`next_cursor` of the page before.", "", parseRisingCursor),
  }),
  answer: "A page; the header Link: rel=next leads to the next.",
  body: z
    .object({
      layer: z.enum(REPORT_LAYERS),
      area: toldArea,
      this_month: days,
      last_month: days,
      neighborhoods: z.array(
        z.object({
          ...place,
          ...rise,
        }),
      ),
      areas: z.array(z.object({ id: z.string(), name: z.string(), kind: z.string(), ...rise })).openapi({
        description:
          "Areas with borders that rose likewise, the first `limit` of them, where the city has areas; none behind a cursor, or with geohash or bbox.",
      }),
      areas_left_out: count.openapi({ description: "Areas that rose beyond `limit`." }),
      next_cursor: z.string().nullable(),
    })
    .openapi("TrendRising"),
  example: {
    layer: "infrastructure",
    this_month: { from: "2026-05-03", to: "2026-06-01" },
    last_month: { from: "2026-04-03", to: "2026-05-02" },
    neighborhoods: [
      {
        geohash: "9q8yy6",
        lat: 37.762756,
        lon: -122.415161,
        name: "Mission District",
        city: "san-francisco",
        reports: 13,
        reports_last_month: 10,
        change_percent: 30,
        is_small: false,
      },
    ],
    areas: [
      {
        id: "san-francisco-n-mission-district",
        name: "Mission District",
        kind: "neighborhood",
        city: "san-francisco",
        reports: 42,
        reports_last_month: 30,
        change_percent: 40,
        is_small: false,
      },
    ],
    areas_left_out: 0,
    next_cursor: null,
  },
});

const daily = trendRoute({
  name: "daily",
  summary: "Reports by day, of an area and of its busiest neighbourhoods",
  description: [
    "For charts, and for a map that plays back its last weeks. Days are UTC; the last is today, as far as it is known.",
    "Counts outlive the reports, which expire after 90 days.",
  ].join(" "),
  query: z.object({
    ...areaParameters,
    area,
    layer: parameter("Comma list of layers; all without it.", "safety,infrastructure", parseLayers),
    days: numberParameter("Length of the span, up to today.", { min: 1, max: 90, fallback: 30 }),
    limit: numberParameter("Neighbourhoods that are told apart, those with the most reports first.", {
      min: 0,
      max: 2000,
      fallback: 0,
    }),
  }),
  answer: "Every day of the span, also those without reports.",
  body: z
    .object({
      layers: z.array(z.enum(REPORT_LAYERS)),
      area: toldArea,
      ...days.shape,
      days: z.array(
        z.object({
          day: z.iso.date(),
          reports: count,
          severity: z.number().nullable().openapi({ description: "Mean; null without reports." }),
        }),
      ),
      neighborhoods: z.array(
        z.object({
          ...place,
          total: count,
          reports: z.array(count).openapi({ description: "Of each day, in the order of `days`." }),
        }),
      ),
      left_out: count.openapi({ description: "Neighbourhoods with reports beyond `limit`, when that is not 0." }),
    })
    .openapi("TrendDaily"),
  example: {
    layers: ["safety"],
    from: "2026-05-30",
    to: "2026-06-01",
    days: [
      { day: "2026-05-30", reports: 5, severity: 2.8 },
      { day: "2026-05-31", reports: 0, severity: null },
      { day: "2026-06-01", reports: 2, severity: 4 },
    ],
    neighborhoods: [
      { geohash: "9q8yy6", lat: 37.762756, lon: -122.415161, name: "Mission District", total: 4, reports: [3, 0, 1] },
      { geohash: "9q8yyk", lat: 37.773743, lon: -122.415161, name: "Hayes Valley", total: 3, reports: [2, 0, 1] },
    ],
    left_out: 0,
  },
});

/** Mounts what is asked of the counts of reports. */
export function mountReportTrends(app: App, { clock, areas }: AppParts, sql: Sql): void {
  async function named<Row extends { readonly geohash: string }>(rows: readonly Row[]) {
    const names = await nameCells(
      createPlaceNames(areas),
      rows.map(({ geohash }) => geohash),
    );
    return rows.map(({ geohash, ...row }) => {
      return { geohash, ...centreOf(geohash), name: names.get(geohash) ?? geohash, ...row };
    });
  }

  app.openapi(rising, async (c) => {
    const { layer, min_change, min_reports, limit, cursor, area: id, ...cells } = c.req.valid("query");
    const months = monthsUpTo(cursor?.nowMs ?? clock.now());
    const known = await knownAreaOf({ sql, owner: ownerOf(c) }, id, cells);
    const terms = { layer, months, minChange: min_change, minReports: min_reports, limit };
    const place = { area: areaOf(cells), ...placeOfArea(known) };
    const page = await risingNeighborhoods(sql, { ...terms, ...place, ...(cursor && { after: cursor.after }) });
    const sets = cursor === undefined ? await setsAsked(areas?.catalogue, known, cells) : [];
    const ofAreas = await risingAreas(sql, { ...terms, sets, ...(known && cursor === undefined && { only: known }) });
    const next = page.next && formatRisingCursor(months.thisMonth.to, page.next);
    const body = {
      layer,
      ...tellArea(known),
      this_month: months.thisMonth,
      last_month: months.lastMonth,
      neighborhoods: await named(page.neighborhoods.map(toNeighborhoodJson)),
      areas: ofAreas.areas.map(toAreaJson),
      areas_left_out: ofAreas.leftOut,
      next_cursor: next ?? null,
    };
    return c.json(body, 200, { ...trendHeaders(known), ...nextLink(askedPath(c), next, {}) });
  });

  app.openapi(daily, async (c) => {
    const { layer, days: length, limit, area: id, ...cells } = c.req.valid("query");
    const span = daysUpTo(clock.now(), length);
    const layers = [...(layer ?? REPORT_LAYERS)];
    const known = await knownAreaOf({ sql, owner: ownerOf(c) }, id, cells);
    const place = { area: areaOf(cells), ...placeOfArea(known) };
    const found = await dailyReports(sql, { ...place, layers, ...span, limit });
    const body = {
      layers,
      ...tellArea(known),
      ...span,
      days: [...found.days],
      neighborhoods: await named(
        found.neighborhoods.map(({ geohash, total, reports }) => ({ geohash, total, reports: [...reports] })),
      ),
      left_out: found.leftOut,
    };
    return c.json(body, 200, trendHeaders(known));
  });
}

/** The sets of whose areas a question tells, too: those of its city, where it is about whole cities or an area. */
async function setsAsked(
  catalogue: AreaCatalogue | undefined,
  known: KnownArea | undefined,
  { city, geohash, bbox }: CellQuery,
): Promise<RankedSet[]> {
  if (catalogue === undefined || geohash !== undefined || bbox !== undefined) return [];
  const wanted = known?.city ?? city?.id;
  return (await catalogue.live())
    .map(({ set }) => ({ city: set.city.id, kind: set.kind }))
    .filter((set) => (wanted ?? set.city) === set.city && (known?.kind ?? set.kind) === set.kind);
}

const toNeighborhoodJson = ({ geohash, city, ...rise }: RisingNeighborhood) => ({ geohash, city, ...toRiseJson(rise) });

const toAreaJson = ({ id, name, kind, city, ...rise }: RisingArea) => ({ id, name, kind, city, ...toRiseJson(rise) });

const toRiseJson = ({ reports, reportsBefore, changePercent, isSmall }: Rise) => ({
  reports,
  reports_last_month: reportsBefore,
  change_percent: changePercent,
  is_small: isSmall,
});
