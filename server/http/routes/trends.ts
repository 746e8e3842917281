import type { Sql } from "../../ports/sql.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import type { ApiKeys } from "../middleware/api-key.ts";
import { mountAreaTrends } from "./trends-of-areas.ts";
import { mountReportTrends } from "./trends-of-reports.ts";
import { mountScoreTrends } from "./trends-of-scores.ts";

/** Mounts `/api/trends`. */
export function mountTrends(app: App, parts: AppParts, sql: Sql, keys: ApiKeys): void {
  mountScoreTrends(app, parts, sql, keys);
  mountReportTrends(app, parts, sql, keys);
  if (parts.areas !== undefined) mountAreaTrends(app, parts, { sql, keys, catalogue: parts.areas.catalogue });
}
