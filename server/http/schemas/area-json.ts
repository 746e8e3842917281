import { z } from "@hono/zod-openapi";
import { boundsOfBox } from "../../../tiles/areas/area.ts";
import type { NumberedArea } from "../../../tiles/codec/area-codec.ts";
import { coordinatesOfArea } from "../../areas/area-geometry.ts";
import type { AreaCard } from "../../scores/area-card.ts";
import type { AreaPage, ListedArea } from "../../scores/area-list.ts";
import { countSchema, REPORTED, SCORES, toPoints, toReportedJson } from "./score-card-json.ts";

const degrees = z.number();
const bbox = z.tuple([degrees, degrees, degrees, degrees]).openapi({ description: "west, south, east, north" });

export const AREA = {
  id: z.string().openapi({ description: "The same in every version of its set.", example: "san-francisco-n-mission" }),
  name: z.string(),
  kind: z.string().openapi({ example: "neighborhood" }),
  city: z.object({ id: z.string(), name: z.string() }),
  approximate: z.boolean().openapi({ description: "Whether its borders are the product's own guess." }),
};
const asOf = z.iso.datetime().openapi({ description: "When counts and scores hold exactly." });
const nextCursor = z.string().optional().openapi({ description: "Of the next page; missing at the end." });
const SUMMARY = { scores: z.object(SCORES), report_count_7d: countSchema, report_count_30d: countSchema };

/** An area's card: as a neighbourhood's, of the reports that lie in the area. */
export const areaCardSchema = z.object({ ...AREA, bbox, as_of: asOf, ...REPORTED }).openapi("AreaCard");

export const areaListSchema = z
  .object({
    as_of: asOf,
    areas: z.array(z.object({ ...AREA, bbox, ...SUMMARY })),
    next_cursor: nextCursor,
  })
  .openapi("AreaList");

const position = z.array(z.number());

export const areaCollectionSchema = z
  .object({
    type: z.literal("FeatureCollection"),
    as_of: asOf,
    features: z.array(
      z.object({
        type: z.literal("Feature"),
        id: z.string(),
        bbox,
        geometry: z.object({
          type: z.literal("MultiPolygon"),
          coordinates: z.array(z.array(z.array(position))),
        }),
        properties: z.object({ ...AREA, ...SUMMARY }),
      }),
    ),
    next_cursor: nextCursor,
  })
  .openapi("AreaCollection");

/** The card of an area; `today` is the UTC day. */
export function toAreaCardJson(card: AreaCard, today: string): z.infer<typeof areaCardSchema> {
  const { found, asOfMs } = card;
  return {
    ...describe(found),
    bbox: boxOf(found.area),
    as_of: new Date(asOfMs).toISOString(),
    ...toReportedJson(card, today),
  };
}

export function toAreaListJson({ areas, asOfMs, nextCursor: next }: AreaPage): z.infer<typeof areaListSchema> {
  return {
    as_of: new Date(asOfMs).toISOString(),
    areas: areas.map((each) => ({ ...describe(each), bbox: boxOf(each.area), ...summaryOf(each) })),
    ...(next !== undefined && { next_cursor: next }),
  };
}

export function toAreaCollectionJson({
  areas,
  asOfMs,
  nextCursor: next,
}: AreaPage): z.infer<typeof areaCollectionSchema> {
  return {
    type: "FeatureCollection",
    as_of: new Date(asOfMs).toISOString(),
    features: areas.map((each) => ({
      type: "Feature" as const,
      id: each.area.id,
      bbox: boxOf(each.area),
      geometry: { type: "MultiPolygon" as const, coordinates: coordinatesOfArea(each.area) },
      properties: { ...describe(each), ...summaryOf(each) },
    })),
    ...(next !== undefined && { next_cursor: next }),
  };
}

const describe = ({ of: { set, version }, area }: Pick<ListedArea, "of" | "area">) => ({
  id: area.id,
  name: area.name,
  kind: set.kind,
  city: { id: set.city.id, name: set.city.name },
  approximate: version.approximate === true,
});

const summaryOf = ({ scores: { scored, total } }: ListedArea) => ({
  scores: toPoints(scored.scores),
  report_count_7d: total["7d"],
  report_count_30d: total["30d"],
});

function boxOf({ box }: NumberedArea): [number, number, number, number] {
  const { west, south, east, north } = boundsOfBox(box);
  return [west, south, east, north];
}
