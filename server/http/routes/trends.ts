import type { Sql } from "../../ports/sql.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { mountAreaTrends } from "./trends-of-areas.ts";
import { mountReportTrends } from "./trends-of-reports.ts";
import { mountScoreTrends } from "./trends-of-scores.ts";

/** Mounts `/api/trends`. */
export function mountTrends(app: App, parts: AppParts, sql: Sql): void {
  mountScoreTrends(app, parts, sql);
  mountReportTrends(app, parts, sql);
  if (parts.areas !== undefined) mountAreaTrends(app, parts, { sql, catalogue: parts.areas.catalogue });
}
