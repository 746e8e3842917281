import { createRoute, z } from "@hono/zod-openapi";
import { OPTIONAL_KEY, relationalAnswers } from "../middleware/api-key.ts";
import { numberParameter, parameter } from "../schemas/filter-query.ts";
import { parseInstant } from "../schemas/report-query.ts";
import { EXPORT_FORMATS, type ExportFormat } from "./export-answer.ts";

const tags = ["exports"];

const MAX_LIMIT = 10_000;

const instant = (description: string) =>
  parameter(`${description}: ISO 8601 with offset, Unix seconds, or a duration back from now.`, "30d", parseInstant);

/** What every export takes. */
export const exportPaging = {
  from: instant("Only what is dated then or later"),
  to: instant("Only what is dated before; now without it"),
  limit: numberParameter("Rows of a page, with Link: rel=next to the next one. 0 sends everything as one stream.", {
    min: 0,
    max: MAX_LIMIT,
    fallback: 0,
  }),
};

/** What a table is described by. */
export interface ExportDescription {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
}

/** `GET /api/exports/<name>.<format>`. */
export function exportRoute<Query extends z.ZodObject>(
  { name, summary, description }: ExportDescription,
  format: ExportFormat,
  query: Query,
) {
  return createRoute({
    method: "get",
    path: `/api/exports/${name}.${format}`,
    summary,
    description,
    tags,
    security: OPTIONAL_KEY,
    request: { query },
    responses: {
      200: {
        description: "The file.",
        headers: z.object({
          "Content-Disposition": z.string(),
          ETag: z.string().optional().openapi({ description: "Of pages." }),
          Link: z.string().optional().openapi({ description: "rel=next, of pages but the last." }),
        }),
        content: { [EXPORT_FORMATS[format]]: { schema: z.string().openapi({ format: "binary" }) } },
      },
      304: { description: "If-None-Match names the page as it is." },
      ...relationalAnswers,
    },
  });
}
