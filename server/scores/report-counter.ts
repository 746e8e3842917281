import { BASE32, encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { idTimePrefix, timeOfId } from "../../tiles/report-id.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { DAY_MS, formatDay, startOfDay } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogChange, ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import { fromStoredCursor } from "../pyramid/stored-cursor.ts";

/** Keeps `report_counts`: follows the log's changes and counts every day again of which something changed. */
export interface ReportCounter {
  /**
   * Takes in what changed since the last time, of any process. Returns the number of cells counted. Counting twice, at once
   * or after a crash leaves the same counts; the cursor moves on last.
   */
  run(): Promise<number>;
}

const NEIGHBORHOOD_PRECISION = 6;
const CELLS_PER_STATEMENT = 64;
const PARALLEL_READS = 8;

export interface ReportCounterOptions {
  readonly store: ReportStore;
  readonly sql: RunSql;
  readonly clock: Clock;
}

export function createReportCounter({ store, sql, clock }: ReportCounterOptions): ReportCounter {
  async function count(changes: readonly LogChange[]): Promise<void> {
    const atMs = clock.now();
    const days = changes.map(({ from }) => firstDay(from, atMs));
    const counts = await mapLimited(changes, PARALLEL_READS, async (cell, i) =>
      countDays((await store.readCell(cell, { from: idTimePrefix(days[i] as number) })).reports),
    );
    const rows = counts.flatMap((each) => [...each.values()]);
    await sql(WRITE, [
      changes.map(({ geohash5 }) => geohash5),
      changes.map(({ layer }) => layer),
      days.map(formatDay),
      rows.map(({ geohash }) => geohash),
      rows.map(({ layer }) => layer),
      rows.map(({ day }) => day),
      rows.map(({ geohash }) => cityOfCell(geohash)?.id ?? null),
      rows.map(({ reports }) => reports),
      rows.map(({ severity }) => severity),
      new Date(atMs),
      [...new Set(changes.map(({ geohash5 }) => geohash5))].flatMap((cell) => [...BASE32].map((last) => cell + last)),
    ]);
  }

  return {
    async run() {
      const [state] = await sql<{ counted_until: string | null }>("SELECT counted_until FROM score_state");
      const before = state?.counted_until ?? null;
      const { changes, cursor } = await fromStoredCursor(before ?? undefined, (since) => store.readChanges(since));
      for (let i = 0; i < changes.length; i += CELLS_PER_STATEMENT) {
        await count(changes.slice(i, i + CELLS_PER_STATEMENT));
      }
      if (cursor === before) return changes.length;
      // Whoever moved it meanwhile has the word: what it does not stand for is told again.
      await sql("UPDATE score_state SET counted_until = $2 WHERE counted_until IS NOT DISTINCT FROM $1", [
        before,
        cursor,
      ]);
      return changes.length;
    },
  };
}

/** The day of an id, or the first all of whose reports are still there: what expires must not be counted away. */
function firstDay(id: string, nowMs: number): number {
  const firstWhole = startOfDay(nowMs - REPORT_LIFETIME_MS) + DAY_MS;
  return Math.max(startOfDay(timeOfId(id)), firstWhole);
}

interface DayCount {
  readonly geohash: string;
  readonly layer: string;
  readonly day: string;
  reports: number;
  severity: number;
}

function countDays(reports: readonly Report[]): Map<string, DayCount> {
  const counts = new Map<string, DayCount>();
  for (const { layer, lonDeg, latDeg, createdAtMs, severity } of reports) {
    const geohash = encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION);
    const day = formatDay(createdAtMs);
    const key = `${geohash} ${day}`;
    const known = counts.get(key) ?? { geohash, layer, day, reports: 0, severity: 0 };
    counts.set(key, known);
    known.reports++;
    known.severity += severity;
  }
  return counts;
}

/**
 * Puts the counts in place of what was counted of those cells and days, except where somebody has read them later. A cell of
 * the log is named as its 32 neighbourhoods, which the primary key finds one by one: to join ranges PostgreSQL reads all counts.
 */
const WRITE = `
  WITH counted AS (
    SELECT * FROM unnest($4::text[], $5::text[], $6::date[], $7::text[], $8::int[], $9::int[])
      AS t (geohash, layer, day, city, report_count, severity_sum)
  ), gone AS (
    DELETE FROM report_counts c
    WHERE c.geohash = ANY ($11::text[]) AND c.counted_at <= $10
      AND EXISTS (
        SELECT FROM unnest($1::text[], $2::text[], $3::date[]) AS s (geohash5, layer, from_day)
        WHERE s.geohash5 = left(c.geohash, 5) AND s.layer = c.layer AND s.from_day <= c.day
      )
      AND (c.geohash, c.layer, c.day) NOT IN (SELECT geohash, layer, day FROM counted)
  )
  INSERT INTO report_counts (geohash, layer, day, city, report_count, severity_sum, counted_at)
  SELECT geohash, layer, day, city, report_count, severity_sum, $10 FROM counted ORDER BY geohash, layer, day
  ON CONFLICT (geohash, layer, day) DO UPDATE SET
    city = excluded.city, report_count = excluded.report_count, severity_sum = excluded.severity_sum,
    counted_at = excluded.counted_at
  WHERE report_counts.counted_at <= excluded.counted_at`;
