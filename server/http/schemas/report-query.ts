import { z } from "@hono/zod-openapi";
import type { Bounds } from "../../../tiles/geo/geohash.ts";
import { MAX_BUFFER_PX, MAX_ZOOM } from "../../../tiles/geo/tile-address.ts";
import {
  isReportLayer,
  isTimeWindow,
  LIVE_LAYERS,
  type LiveLayer,
  REPORT_LAYERS,
  type ReportLayer,
  TIME_WINDOWS,
  type TimeWindow,
} from "../../../tiles/layers.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import { parseSpan } from "../../kit/time-span.ts";
import { parseBuffer } from "../../serving/parse-tile-path.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

/**
 * A query parameter read by `parse`, which returns the message when it cannot. Clients send empty parameters for "none", so
 * these count as absent.
 */
function parameter<T>(example: string, description: string, parse: (text: string) => { value: T } | string) {
  return z
    .string({ error: (issue) => (issue.input === undefined ? "is missing" : "must be given once") })
    .transform((text, ctx) => {
      const parsed = parse(text);
      if (typeof parsed !== "string") return parsed.value;
      ctx.addIssue({ code: "custom", message: parsed });
      return z.NEVER;
    })
    .openapi({ type: "string", description, ...(example !== "" && { example }) });
}

function optionalParameter<T>(example: string, description: string, parse: (text: string) => { value: T } | string) {
  return parameter<T | undefined>(example, description, (text) =>
    text === "" ? { value: undefined } : parse(text),
  ).optional();
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)$/;

/** Reads `west,south,east,north`. @returns the message when it is none. */
export function parseBbox(text: string): { value: Bounds } | string {
  const parts = text.split(",").map((part) => part.trim());
  const [west = 0, south = 0, east = 0, north = 0] = parts.map(Number);
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part))) {
    return "must be four numbers: west,south,east,north in degrees";
  }
  if (Math.max(Math.abs(west), Math.abs(east)) > 180) return "must have longitudes from -180 to 180";
  if (Math.max(Math.abs(south), Math.abs(north)) > 90) return "must have latitudes from -90 to 90";
  if (south > north) return "must have its south below its north";
  return { value: { west, south, east, north } };
}

/** Reads a comma list of layers; each counts once. @returns the message when one is unknown. */
export function parseLayers(text: string): { value: readonly ReportLayer[] } | string {
  const names = [...new Set(text.split(","))];
  return names.every(isReportLayer) ? { value: names } : `must be a comma list of ${REPORT_LAYERS.join(", ")}`;
}

const MAX_CATEGORIES = 50;
const MAX_CATEGORY_LENGTH = 40;

/** Reads a comma list of categories, of which imports may have their own. @returns the message when it is none. */
export function parseCategories(text: string): { value: readonly string[] } | string {
  const names = [...new Set(text.split(","))];
  const fits = names.every((name) => name.length >= 1 && name.length <= MAX_CATEGORY_LENGTH);
  if (fits && names.length <= MAX_CATEGORIES) return { value: names };
  return `must be a comma list of up to ${MAX_CATEGORIES} categories, of 1 to ${MAX_CATEGORY_LENGTH} characters`;
}

/** A comma list of layers and `areas`. */
function parseLiveLayers(text: string): { value: readonly LiveLayer[] } | string {
  const names = [...new Set(text.split(","))];
  const layers = LIVE_LAYERS.filter((layer) => names.includes(layer));
  return layers.length === names.length ? { value: layers } : `must be a comma list of ${LIVE_LAYERS.join(", ")}`;
}

/** A point in time, or one so long ago. */
export type Instant = { readonly atMs: number } | { readonly agoMs: number };

const dateTime = z.iso.datetime({ offset: true });

/** Reads an ISO 8601 date or date and time with its offset, Unix seconds, or a duration back from now such as 24h or 7d. */
export function parseInstant(text: string): { value: Instant } | string {
  const agoMs = parseSpan(text);
  if (agoMs !== undefined) return { value: { agoMs } };
  if (/^\d{1,11}(\.\d{1,9})?$/.test(text)) return { value: { atMs: Number(text) * 1000 } };
  // A plus sign that was not percent-encoded arrives as a space.
  const iso = text.replace(" ", "+");
  if (z.iso.date().safeParse(iso).success || dateTime.safeParse(iso).success)
    return { value: { atMs: Date.parse(iso) } };
  return "must be an ISO 8601 date, a date and time with Z or its offset, Unix seconds, or a duration such as 24h or 7d";
}

/** Unix milliseconds of an instant. */
export function resolveInstant(instant: Instant, nowMs: number): number {
  return "atMs" in instant ? instant.atMs : nowMs - instant.agoMs;
}

const instant = (description: string) =>
  optionalParameter(
    "7d",
    `${description}: ISO 8601 with offset, Unix seconds, or a duration back from now.`,
    parseInstant,
  );

const limitMessage = `must be an integer from 1 to ${MAX_LIMIT}`;

const paging = {
  layer: optionalParameter("safety,vibe", "Comma list of layers; all without it.", parseLayers),
  limit: optionalParameter("100", `Reports of a page, 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} without it.`, (text) => {
    const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
    return limit >= 1 && limit <= MAX_LIMIT ? { value: limit } : limitMessage;
  }).transform((limit) => limit ?? DEFAULT_LIMIT),
  cursor: optionalParameter("", "`next_cursor` of the page before.", (text) =>
    parseReportId(text) === undefined ? "must be the next_cursor of a page" : { value: text },
  ),
};

const area = (description: string) =>
  optionalParameter("", description, (text) =>
    /^[a-z0-9-]{1,200}$/.test(text) ? { value: text } : "must be the id of an area",
  );

/** `bbox` is missing where neither it nor `area` is given. */
export const reportQuerySchema = z.object({
  bbox: optionalParameter(
    "-122.52,37.70,-122.35,37.83",
    "west,south,east,north in degrees; west > east crosses the antimeridian. This or `area`.",
    parseBbox,
  ),
  area: area("Id of an area, as `/api/areas` lists them: only reports that lie in it."),
  since: instant("Only reports created then or later"),
  ...paging,
});

export const cityQuerySchema = z.object({
  from: instant("Only reports created then or later"),
  to: instant("Only reports created before"),
  ...paging,
});

const window = optionalParameter<TimeWindow>("7d", `The tile's: one of ${TIME_WINDOWS.join(", ")}.`, (text) =>
  isTimeWindow(text) ? { value: text } : `must be one of ${TIME_WINDOWS.join(", ")}`,
);

export const liveQuerySchema = z.object({
  bbox: optionalParameter(
    "-122.52,37.70,-122.35,37.83",
    "west,south,east,north in degrees; west > east crosses the antimeridian; the world without it.",
    parseBbox,
  ),
  area: area("Id of an area, as `/api/areas` lists them, in place of `bbox`."),
  layers: optionalParameter(
    "safety,vibe",
    "Comma list of layers, all of reports without it. `areas` tells that layer's tiles, and the changes of all layers.",
    parseLiveLayers,
  ),
  zoom: optionalParameter(
    "13",
    `Zoom of the tiles that the client shows, 0 to ${MAX_ZOOM}: then those that meet the box are told, too.`,
    (text) => {
      const zoom = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
      return zoom <= MAX_ZOOM ? { value: zoom } : `must be an integer from 0 to ${MAX_ZOOM}`;
    },
  ),
  window,
  buffer: optionalParameter("64", "The tiles' buffer, as in their addresses; 0 without it.", (text) => {
    const parsed = parseBuffer(text);
    return "value" in parsed ? parsed : `must be an integer from 0 to ${MAX_BUFFER_PX}`;
  }),
  last_event_id: z.string().max(64, "must have at most 64 characters").optional().openapi({
    description: "As the header Last-Event-ID, which a new EventSource cannot send.",
  }),
});

export const clusterQuerySchema = z.object({ window });

export const clusterReportsQuerySchema = z.object({ window, limit: paging.limit, cursor: paging.cursor });

/** A report id in a path. */
export const reportIdSchema = z.string().refine((id) => parseReportId(id) !== undefined, "is not a report id");
