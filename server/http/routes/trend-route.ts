import { createRoute, type z } from "@hono/zod-openapi";
import type { KnownArea } from "../../trends/known-area.ts";
import { OPTIONAL_KEY, relationalAnswers } from "../middleware/api-key.ts";

/** Scores change by the hour; the answer may depend on who asks, so no shared cache keeps it. */
export const TREND_HEADERS = { "Cache-Control": "private, max-age=60" };

/** Of an account's area: another account may be signed in, in the same browser, a moment later. */
export const OWN_HEADERS = { "Cache-Control": "private, no-store" };

/** @param known the area that an answer is about, if any */
export const trendHeaders = (known: KnownArea | undefined) => (known?.isOwn ? OWN_HEADERS : TREND_HEADERS);

export interface TrendRoute<Name extends string, Query extends z.ZodObject, Body extends z.ZodObject> {
  readonly name: Name;
  readonly summary: string;
  readonly description: string;
  /** What is answered for without a place. */
  readonly everywhere?: string;
  readonly query: Query;
  readonly answer: string;
  readonly body: Body;
  readonly example: z.infer<Body>;
}

const EVERYWHERE = "Without city, geohash and bbox: all cities.";

/** `GET /api/trends/<name>`. Every one takes a place, and without any all cities. */
export function trendRoute<const Name extends string, Query extends z.ZodObject, Body extends z.ZodObject>(
  trend: TrendRoute<Name, Query, Body>,
) {
  const { name, summary, description, everywhere = EVERYWHERE, query, answer, body, example } = trend;
  return createRoute({
    method: "get",
    path: `/api/trends/${name}` as const,
    summary,
    description: `${description} ${everywhere}`,
    tags: ["trends"],
    security: OPTIONAL_KEY,
    request: { query },
    responses: {
      200: { description: answer, content: { "application/json": { schema: body, example } } },
      ...relationalAnswers,
    },
  });
}
