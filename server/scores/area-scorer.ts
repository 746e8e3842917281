import { logCellsOfBox } from "../areas/area-pieces.ts";
import type { AreaSetVersion } from "../areas/area-sets.ts";
import { createAreaSets, keyOfVersion, liveSets } from "../areas/area-sets.ts";
import { type AreaShapes, createAreaShapes } from "../areas/area-shapes.ts";
import type { Log } from "../console/log.ts";
import { formatDay, startOfHour } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import { createPyramid, type Pyramid } from "../pyramid/pyramid.ts";
import { scoreArea } from "./area-scores.ts";
import { type AreaTable, createAreaTable } from "./area-table.ts";
import { createPastAreaScores } from "./past-area-scores.ts";

/** Writes the history of areas' scores. Any process may, twice, together or half way. */
export interface AreaScorer {
  /** Scores the areas of sets around which something changed; all of them each hour, for ages. Rejects when a store fails. */
  run(): Promise<AreaScoringReport>;
  /** What it scores from, for others in the background that do the same; polled by whoever reads it. */
  pyramid(): Pyramid;
}

export interface AreaScoringReport {
  /** Rows of history written. */
  readonly rows: number;
  readonly thinned: number;
}

export interface AreaScorerOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly sql: RunSql;
  readonly clock: Clock;
  readonly log: Log;
}

/** Areas of one statement. */
const PAGE = 1000;
/** Scoring reads tallies, and rarely rows. */
const CELL_BYTES = 16 * 2 ** 20;
const AGGREGATE_BYTES = 32 * 2 ** 20;

interface Scoring {
  readonly table: AreaTable;
  readonly shapes: AreaShapes;
  readonly pyramid: Pyramid;
  readonly clock: Clock;
}

export function createAreaScorer({ store, derived, sql, clock, log }: AreaScorerOptions): AreaScorer {
  const table = createAreaTable(sql);
  const past = createPastAreaScores({ sql, clock, table });
  const sets = createAreaSets({ derived, log });
  const shapes = createAreaShapes({ derived });
  let pyramid: Pyramid | undefined;
  /** By version: of what its areas were last scored. */
  const done = new Map<string, string>();
  let thinDay: string | undefined;

  /** What nobody has areas for need not follow the changes. */
  function openPyramid(): Pyramid {
    const bounds = { cellBytes: CELL_BYTES, aggregateBytes: AGGREGATE_BYTES };
    pyramid ??= createPyramid({ store, derived, clock, log, shapes, ...bounds });
    return pyramid;
  }

  return {
    pyramid: openPyramid,
    async run() {
      const live = liveSets(await sets.read());
      if (live.length === 0) return { rows: 0, thinned: 0 };
      const opened = openPyramid();
      await opened.poll();
      const scoring = { table, shapes, pyramid: opened, clock };
      let rows = 0;
      for (const of of live) rows += await scoreSet(scoring, of, done);
      rows += await past.fill();
      const day = formatDay(clock.now());
      const thinned = thinDay === day ? 0 : await table.thin(clock.now());
      thinDay = day;
      return { rows, thinned };
    },
  };
}

/** @param done is told what the set was scored of, once all its areas are */
async function scoreSet(scoring: Scoring, of: AreaSetVersion, done: Map<string, string>): Promise<number> {
  const { table, shapes, pyramid, clock } = scoring;
  const { box, areaCount } = of.version;
  const geohash4s = new Set(logCellsOfBox(box).map((geohash) => geohash.slice(0, 4)));
  const state = `${startOfHour(clock.now())} ${pyramid.areaStamp(geohash4s)}`;
  const known = done.get(keyOfVersion(of));
  if (known === state) return 0;
  let rows = 0;
  let after = "";
  for (let left = areaCount; left > 0; left -= PAGE) {
    const areas = await shapes.list(of, after, PAGE);
    const last = areas.at(-1);
    if (last === undefined) break;
    after = last.id;
    if (known === undefined) await table.note(of, areas);
    const reports = await pyramid.areaReports(of, areas, clock.now());
    rows += await table.write(
      areas.map(({ id, number }) => scoreArea(id, reports.get(number) ?? {})),
      clock.now(),
    );
  }
  done.set(keyOfVersion(of), state);
  return rows;
}
