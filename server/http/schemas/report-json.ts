import { z } from "@hono/zod-openapi";
import { MAX_SEVERITY, MIN_SEVERITY, REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { REPORT_ID_LENGTH } from "../../../tiles/report-id.ts";
import type { ReportPage } from "../../reports/area-reports.ts";
import { NEIGHBOURHOOD_PRECISION, neighbourhoodOf, toldReport } from "../../reports/told-report.ts";

const members = {
  id: z
    .string()
    .length(REPORT_ID_LENGTH)
    .openapi({ description: "Sorts by `created_at`; among reports of one time in no order." }),
  layer: z.enum(REPORT_LAYERS),
  category: z.string(),
  severity: z.int().min(MIN_SEVERITY).max(MAX_SEVERITY),
  text: z.string().optional(),
  geohash: z.string().length(NEIGHBOURHOOD_PRECISION).openapi({ description: "The neighbourhood." }),
  created_at: z.iso
    .datetime()
    .openapi({ description: "Cut to the minute; of sensitive categories to the quarter of an hour." }),
  expires_at: z.iso.datetime(),
};

export const reportSchema = z.object({ ...members, lat: z.number(), lon: z.number() }).openapi("Report");

/** What whoever reported is answered. */
export const createdReportSchema = reportSchema
  .extend({
    text_masked: z
      .literal(true)
      .optional()
      .openapi({ description: "Profanity of `text` is kept, and told, as asterisks." }),
    held: z
      .literal(true)
      .optional()
      .openapi({ description: "It came with very many others, and is shown once a moderator has seen it." }),
  })
  .openapi("CreatedReport");

const featureSchema = z
  .object({
    type: z.literal("Feature"),
    id: z.string(),
    geometry: z.object({ type: z.literal("Point"), coordinates: z.tuple([z.number(), z.number()]) }),
    properties: z.object(members),
  })
  .openapi("ReportFeature");

export const reportPageSchema = z
  .object({
    type: z.literal("FeatureCollection"),
    features: z
      .array(featureSchema)
      .openapi({ description: "Newest first. A page may be short, even empty, before the end." }),
    next_cursor: z.string().nullable().openapi({ description: "`cursor` of the next page; null at the end." }),
  })
  .openapi("ReportPage");

const timesOf = (report: Report) => ({
  created_at: new Date(report.createdAtMs).toISOString(),
  expires_at: new Date(report.expiresAtMs).toISOString(),
});

/** A report as the API answers it. */
export function toReportJson(stored: Report): z.infer<typeof reportSchema> {
  const report = toldReport(stored);
  const { id, layer, category, severity, text } = report;
  return {
    id,
    layer,
    category,
    severity,
    lat: report.latDeg,
    lon: report.lonDeg,
    ...(text !== undefined && { text }),
    geohash: neighbourhoodOf(report),
    ...timesOf(report),
  };
}

/** A page of reports as a GeoJSON FeatureCollection, RFC 7946. */
export function toReportPageJson({ reports, nextCursor }: ReportPage): z.infer<typeof reportPageSchema> {
  const features = reports.map((report) => {
    const { lat, lon, ...properties } = toReportJson(report);
    const coordinates: [number, number] = [lon, lat];
    return {
      type: "Feature" as const,
      id: report.id,
      geometry: { type: "Point" as const, coordinates },
      properties,
    };
  });
  return { type: "FeatureCollection", features, next_cursor: nextCursor ?? null };
}
