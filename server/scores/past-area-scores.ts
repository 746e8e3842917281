import type { ReportLayer } from "../../tiles/layers.ts";
import { type DayCount, tallyAtEndOf } from "../../tiles/scores/score-days.ts";
import { gather, scoreCells } from "../../tiles/scores/scores.ts";
import { DAY_MS, formatDay, HOUR_MS } from "../kit/utc-time.ts";
import { sleep } from "../kit/wait.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunSql } from "../ports/sql.ts";
import type { AreaTable, PastAreaScore } from "./area-table.ts";

/**
 * History for areas that came after their reports: how they stood at the end of each of the last days before their first row, which
 * follows from `area_counts` as that of neighbourhoods does from `report_counts`.
 */
export interface PastAreaScores {
  /** Writes what is lacking, of sets that are counted; returns the number of rows. Twice, at once or after a crash it leaves the same rows. */
  fill(): Promise<number>;
}

/** As of neighbourhoods. */
const DAYS_FILLED = 30;
/** A report is counted in scores for so long. */
const DAYS_BEHIND = 30;
/** Areas of a statement, which writes all days of each: cut off between two, the next run goes on. */
export const AREAS_PER_STATEMENT = 40;

interface PastAreaOptions {
  readonly sql: RunSql;
  readonly clock: Clock;
  readonly table: AreaTable;
}

/** Where areas' reports are counted by day: of the areas of cities, or of accounts. */
export type AreaCountTable = "area_counts" | "own_area_counts";

/** Writes the past of some areas that are counted as far back as there are reports; returns the number of rows. */
export async function fillPastOf(
  { sql, clock, table }: PastAreaOptions,
  areas: readonly string[],
  counts: AreaCountTable,
): Promise<number> {
  const today = Math.floor(clock.now() / DAY_MS);
  const since = formatDay((today - DAYS_FILLED - DAYS_BEHIND) * DAY_MS);
  const found = await sql<CountRow>(readCountsFrom(counts), [areas, since, formatDay(today * DAY_MS)]);
  const rows = [...Map.groupBy(found, ({ area }) => area)].flatMap(([area, ofArea]) =>
    pastOf(
      area,
      Map.groupBy(ofArea, ({ geohash }) => geohash),
      today,
    ),
  );
  return rows.length === 0 ? 0 : table.writePast(rows);
}

export function createPastAreaScores(options: PastAreaOptions): PastAreaScores {
  const { sql } = options;

  async function fillSet({ city, kind, version }: WaitingSet): Promise<number> {
    let written = 0;
    for (let after = ""; ; ) {
      const page = await sql<{ id: string }>(READ_AREAS, [city, kind, version, after, AREAS_PER_STATEMENT]);
      const ids = page.map(({ id }) => id);
      if (ids.length > 0) written += await fillPastOf(options, ids, "area_counts");
      after = ids.at(-1) ?? "";
      if (ids.length < AREAS_PER_STATEMENT) break;
      // Some milliseconds each, and requests wait meanwhile.
      await sleep(0);
    }
    await sql(NOTE_FILLED, [city, kind, version]);
    return written;
  }

  return {
    async fill() {
      let written = 0;
      for (const set of await sql<WaitingSet>(FIND)) written += await fillSet(set);
      return written;
    },
  };
}

interface WaitingSet {
  readonly city: string;
  readonly kind: string;
  /** As text: it is only compared. */
  readonly version: string;
}

interface CountRow extends DayCount {
  readonly area: string;
  readonly geohash: string;
  readonly layer: ReportLayer;
}

/** By the formula of `scoreArea`, of the days on which anything was known of the area. */
function pastOf(area: string, parts: ReadonlyMap<string, readonly DayCount[]>, today: number): PastAreaScore[] {
  const rows: PastAreaScore[] = [];
  for (let day = today - DAYS_FILLED; day < today; day++) {
    const tallies = [...parts].map(([geohash, counts]) => [geohash, tallyAtEndOf(day, counts)] as const);
    const known = new Map(tallies.filter(([, { reportCount }]) => reportCount > 0));
    if (known.size === 0) continue;
    const neighborhoods = scoreCells(known).filter(({ geohash }) => geohash.length === 6);
    rows.push({ cell: gather(area, neighborhoods), atMs: (day + 1) * DAY_MS - HOUR_MS });
  }
  return rows;
}

/** Sets of which all areas are noted, and no cell waits to be counted for the first time, as those do that were told from 0 on. */
const FIND = `
  SELECT s.city, s.kind, s.version::text
  FROM counted_area_sets s
  WHERE NOT s.is_filled
    AND NOT EXISTS (SELECT FROM cells_to_count WHERE from_ms = 0)
    AND (SELECT count(*) FROM areas a WHERE (a.city, a.kind, a.version) = (s.city, s.kind, s.version)) >= s.area_count
  ORDER BY s.city, s.kind`;

const READ_AREAS = `
  SELECT id FROM areas WHERE (city, kind) = ($1, $2) AND version = $3::bigint AND id > $4 ORDER BY id LIMIT $5`;

const readCountsFrom = (table: AreaCountTable): string => `
  SELECT area, geohash, layer, day - date '1970-01-01' AS day, report_count AS "reportCount",
         worth_quarters AS "worthQuarters", severity_quarters AS "severityQuarters"
  FROM ${table}
  WHERE area = ANY ($1::text[]) AND day >= $2::date AND day < $3::date
  ORDER BY area, geohash`;

const NOTE_FILLED = `
  UPDATE counted_area_sets SET is_filled = true WHERE (city, kind) = ($1, $2) AND version = $3::bigint`;
