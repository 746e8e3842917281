import { encodeGeohash } from "../../tiles/geohash.ts";
import { DAY_MS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import type { Ledger } from "./ledger.ts";
import type { SqlDatabase } from "./sql-service.ts";
import type { Truth } from "./truth.ts";

interface CountRow {
  readonly key: string;
  readonly reports: number;
  readonly severity: number;
}

/** Counts in PostgreSQL are those of what is stored. Days whose first reports may have expired are final, and not looked at. */
export async function checkCounts(database: SqlDatabase, truth: Truth, ledger: Ledger, nowMs: number): Promise<void> {
  const firstDay = dayOf(nowMs - REPORT_LIFETIME_MS + 2 * DAY_MS);
  const rows = (await database.query(
    `SELECT geohash || ' ' || layer || ' ' || day AS key, report_count AS reports, severity_sum AS severity
     FROM report_counts WHERE day >= $1`,
    [firstDay],
  )) as CountRow[];
  const counted = new Map(rows.map(({ key, reports, severity }) => [key, `${reports} of severity ${severity}`]));
  const expected = countsOf([...truth.live.values()].filter(({ createdAtMs }) => dayOf(createdAtMs) >= firstDay));
  for (const key of new Set([...counted.keys(), ...expected.keys()])) {
    const [found = "none", wanted = "none"] = [counted.get(key), expected.get(key)];
    if (found !== wanted) ledger.violate("counts are those of what is stored", `${key}: ${found}, stored ${wanted}`);
  }
}

const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

function countsOf(reports: readonly Report[]): Map<string, string> {
  const groups = Map.groupBy(reports, ({ lonDeg, latDeg, layer, createdAtMs }) =>
    [encodeGeohash(lonDeg, latDeg, 6), layer, dayOf(createdAtMs)].join(" "),
  );
  return new Map(
    [...groups].map(([key, group]) => {
      const severity = group.reduce((sum, report) => sum + report.severity, 0);
      return [key, `${group.length} of severity ${severity}`];
    }),
  );
}
