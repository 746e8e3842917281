import type { Sql } from "../../ports/sql.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import type { RelationalAccess } from "./relational-access.ts";
import { mountReportTrends } from "./trends-of-reports.ts";
import { mountScoreTrends } from "./trends-of-scores.ts";

/** Mounts `/api/trends`. */
export function mountTrends(app: App, parts: AppParts, sql: Sql, access: RelationalAccess): void {
  mountScoreTrends(app, parts, sql, access);
  mountReportTrends(app, parts, sql, access);
}
