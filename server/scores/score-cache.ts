import type { ScoreOf } from "../../tiles/cluster/report-tile.ts";
import { SCORE_NAMES, type ScoreTenths } from "../../tiles/scores/scores.ts";
import { HOUR_MS } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { MetricSample } from "../ports/metrics.ts";
import type { RunSql } from "../ports/sql.ts";

/** A cell as tiles show it. */
export interface CellScores {
  readonly geohash: string;
  readonly scores: ScoreTenths;
  readonly reportCount7d: number;
}

/** What tiles ask. Never waits: answers come from what is in memory. */
export interface ScoreLookup {
  /** Another number whenever some score, or the set of cells, is another. */
  epoch(): number;
  /** A cell of precision 4, 5 or 6, when its scores are known. */
  find(geohash: string): CellScores | undefined;
  /** All cells of a precision, ascending. */
  cells(precision: number): readonly CellScores[];
}

/** What is joined into tiles: neighbourhoods' overall scores. */
export const overallScores =
  (book: ScoreLookup): ScoreOf =>
  (geohash6) => {
    const tenths = book.find(geohash6)?.scores.overall ?? undefined;
    return tenths === undefined ? undefined : tenths / 10;
  };

/** The newest scores of PostgreSQL, kept in memory. */
export interface ScoreCache extends ScoreLookup {
  /** Brings it up to date. Rejects when PostgreSQL does not answer; what was known goes on being told. */
  refresh(): Promise<void>;
  samples(): MetricSample[];
}

export interface ScoreCacheOptions {
  readonly sql: RunSql;
  readonly clock: Clock;
  /** Beyond, those with the fewest reports of late are left out. A cell takes about 300 bytes. */
  readonly maxCells?: number;
}

interface Kept extends CellScores {
  readonly hourMs: number;
}

/** A cell with live reports has a row of each day; one without a row for longer has gone. */
const KEPT_MS = 36 * HOUR_MS;

export function createScoreCache({ sql, clock, maxCells = 200_000 }: ScoreCacheOptions): ScoreCache {
  const kept = createKeptScores(maxCells);
  /** PostgreSQL's, which is another whenever rows were written. */
  let storedEpoch: string | undefined;
  let epoch = 0;
  let freshAtMs: number | undefined;

  async function readRows(): Promise<Kept[]> {
    const newestMs = kept.newestMs();
    // A scorer that began in the hour before may still write rows of that hour.
    const since =
      newestMs === undefined ? "(SELECT max(calculated_at) FROM neighborhood_scores) - interval '36 hours'" : "$2";
    const rows = await sql<Row>(
      `SELECT * FROM (${newestRows(since)}) newest ORDER BY report_count_7d DESC, geohash LIMIT $1`,
      [maxCells, ...(newestMs === undefined ? [] : [new Date(newestMs - HOUR_MS)])],
    );
    return rows.map(keptOf);
  }

  return {
    epoch: () => epoch,
    find: kept.find,
    cells: kept.cells,

    async refresh() {
      const [state] = await sql<{ epoch: string }>("SELECT epoch::text FROM score_state");
      if (state !== undefined && state.epoch !== storedEpoch) {
        if (kept.take(await readRows())) epoch++;
        storedEpoch = state.epoch;
      }
      freshAtMs = clock.now();
    },

    samples: () => [
      gauge("stratum_score_cells", "Cells whose scores tiles can show.", kept.size()),
      gauge(
        "stratum_scores_age_seconds",
        "Since PostgreSQL last said that the scores in tiles are the newest; -1 when it never did.",
        freshAtMs === undefined ? -1 : Math.round((clock.now() - freshAtMs) / 1000),
      ),
    ],
  };
}

/** The newest scores of each cell, of as many cells as fit. */
function createKeptScores(maxCells: number) {
  const cells = new Map<string, Kept>();
  const sorted = new Map<number, readonly CellScores[]>();
  let newestMs: number | undefined;

  function dropOld(): boolean {
    const before = cells.size;
    for (const { geohash, hourMs } of cells.values()) if (hourMs < (newestMs ?? 0) - KEPT_MS) cells.delete(geohash);
    return cells.size < before;
  }

  function dropMany(): boolean {
    if (cells.size <= maxCells) return false;
    const byCount = [...cells.values()].sort((a, b) => b.reportCount7d - a.reportCount7d);
    for (const { geohash } of byCount.slice(maxCells)) cells.delete(geohash);
    return true;
  }

  return {
    size: () => cells.size,
    /** Hour of the newest row, Unix milliseconds; undefined before the first. */
    newestMs: () => newestMs,
    find: (geohash: string): CellScores | undefined => cells.get(geohash),
    cells(precision: number): readonly CellScores[] {
      let list = sorted.get(precision);
      if (list === undefined) {
        list = [...cells.values()]
          .filter(({ geohash }) => geohash.length === precision)
          .sort((a, b) => (a.geohash < b.geohash ? -1 : 1));
        sorted.set(precision, list);
      }
      return list;
    },
    /** Takes rows in. Returns whether anything is another than before. */
    take(rows: readonly Kept[]): boolean {
      let changed = false;
      for (const row of rows) {
        newestMs = Math.max(newestMs ?? 0, row.hourMs);
        const known = cells.get(row.geohash);
        if (known !== undefined && known.hourMs > row.hourMs) continue;
        changed ||= known === undefined || !sameScores(known, row);
        cells.set(row.geohash, row);
      }
      const dropped = dropOld();
      const isOther = dropMany() || dropped || changed;
      if (isOther) sorted.clear();
      return isOther;
    },
  };
}

const gauge = (name: string, help: string, value: number): MetricSample => ({ name, help, type: "gauge", value });

type Row = ScoreTenths & { geohash: string; report_count_7d: number; hour_ms: number };

const newestRows = (since: string): string => `
  SELECT DISTINCT ON (geohash) geohash, ${SCORE_NAMES.map((name) => `(${name} * 10)::int AS ${name}`).join(", ")},
         report_count_7d, (extract(epoch FROM calculated_at) * 1000)::float8 AS hour_ms
  FROM neighborhood_scores WHERE calculated_at >= ${since}
  ORDER BY geohash, calculated_at DESC`;

function keptOf({ geohash, report_count_7d, hour_ms, ...scores }: Row): Kept {
  return { geohash, scores, reportCount7d: report_count_7d, hourMs: hour_ms };
}

function sameScores(a: CellScores, b: CellScores): boolean {
  return a.reportCount7d === b.reportCount7d && SCORE_NAMES.every((name) => a.scores[name] === b.scores[name]);
}
