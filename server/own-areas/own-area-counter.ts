import { boxOfPolygons } from "../../tiles/areas/area.ts";
import { type AreaLocator, createAreaLocator } from "../../tiles/areas/area-locator.ts";
import type { Report } from "../../tiles/report.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { startOfDay } from "../kit/utc-time.ts";
import { sleep } from "../kit/wait.ts";
import type { Clock } from "../ports/clock.ts";
import type { ReportStore } from "../ports/report-store.ts";
import type { AreasOfCell } from "../scores/areas-of-cells.ts";
import { createDayCounter, type DayCounter, daysToRead } from "../scores/day-counts.ts";
import { readSpans } from "../scores/report-counter.ts";
import type { AreaOfCell, OwnCellTable, OwnCount, WaitingCell } from "./own-cell-table.ts";

/**
 * Counts reports of own areas by day, as `report-counter.ts` counts those of public ones, and with the same parts: but an hour's changes of a cell at once, for
 * all areas that meet it, and the cell is read once for them.
 */
export interface OwnAreaCounter {
  /**
   * Counts cells that wait, so many at the most. Returns how many there were. Cut off anywhere, the next run goes on.
   * @param endMs by `performance.now()`: none is begun afterwards
   */
  run(mostCells: number, endMs: number): Promise<number>;
}

export interface OwnAreaCounterOptions {
  readonly store: Pick<ReportStore, "readCell">;
  readonly table: OwnCellTable;
  readonly clock: Clock;
}

/** Areas of a reading of a cell: more, and it is read once more. */
const AREAS_PER_READING = 100;
/** Reports that are looked for in so many areas before requests come in between: mostly a millisecond's. */
const REPORTS_OF_SLICE = 200;
/** A statement takes areas until it has so many counts; one area has up to 2 880 of a cell. */
const COUNTS_PER_STATEMENT = 4_000;
const PARALLEL_READS = 2;

export function createOwnAreaCounter({ store, table, clock }: OwnAreaCounterOptions): OwnAreaCounter {
  async function countAreas(cell: WaitingCell, areas: readonly AreaOfCell[], nowMs: number): Promise<CountedArea[]> {
    const fromMs = areas.every(({ isCounted }) => isCounted) ? cell.fromMs : 0;
    const read = daysToRead(fromMs, undefined, nowMs);
    const counter = createDayCounter(read, nowMs, findAmong(areas));
    for await (const reports of readSpans(store, cell, read.fromMs, nowMs)) await addInSlices(counter, reports);
    const days = counter.days();
    return areas.map(({ id, isCounted }) => {
      const { fromDayMs } = daysToRead(isCounted ? cell.fromMs : 0, undefined, nowMs);
      const counts = days.flatMap(({ geohash, dayMs, areas: inAreas }): OwnCount[] => {
        const sums = dayMs < fromDayMs ? undefined : inAreas.get(id);
        return sums === undefined ? [] : [{ area: id, geohash, dayMs, ...sums }];
      });
      return { id, fromDayMs: startOfDay(fromDayMs), counts };
    });
  }

  async function count(cell: WaitingCell): Promise<void> {
    const nowMs = clock.now();
    for (let after = ""; ; ) {
      const areas = await table.areasOf(cell, after, AREAS_PER_READING);
      const isLastReading = areas.length < AREAS_PER_READING;
      const counted = areas.length === 0 ? [] : await countAreas(cell, areas, nowMs);
      const groups = grouped(counted);
      for (const [i, group] of groups.entries()) {
        const isLast = isLastReading && i === groups.length - 1;
        const counts = group.flatMap((area) => area.counts);
        if (!(await table.write({ cell, areas: group, counts, isLast }, nowMs))) return;
      }
      if (isLastReading) return;
      after = areas.at(-1)?.id ?? "";
    }
  }

  return {
    async run(mostCells, endMs) {
      const cells = await table.waiting(mostCells, clock.now());
      await mapLimited(cells, PARALLEL_READS, async (cell) => {
        if (performance.now() < endMs) await count(cell);
      });
      return cells.length;
    },
  };
}

/** Ascending by id, as what reporters' reports weigh needs it. */
async function addInSlices(counter: DayCounter, reports: readonly Report[]): Promise<void> {
  const ascending = reports.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (let i = 0; i < ascending.length; i += REPORTS_OF_SLICE) {
    if (i > 0) await sleep(0);
    counter.add(ascending.slice(i, i + REPORTS_OF_SLICE));
  }
}

interface CountedArea {
  readonly id: string;
  readonly fromDayMs: number;
  readonly counts: readonly OwnCount[];
}

/** Areas of a statement each; one group without any where there are none. */
function grouped(counted: readonly CountedArea[]): CountedArea[][] {
  const groups: CountedArea[][] = [[]];
  let counts = 0;
  for (const area of counted) {
    if (counts > 0 && counts + area.counts.length > COUNTS_PER_STATEMENT) {
      groups.push([]);
      counts = 0;
    }
    groups.at(-1)?.push(area);
    counts += area.counts.length;
  }
  return groups;
}

/** Own areas overlap as they like: a report is in all of them. */
function findAmong(areas: readonly AreaOfCell[]): AreasOfCell {
  const places = areas.map(({ id, polygons }): { id: string; box: ReturnType<typeof boxOfPolygons> } & AreaLocator => {
    const box = boxOfPolygons(polygons);
    return { id, box, ...createAreaLocator([{ box, polygons }], box) };
  });
  return {
    key: "own",
    find(lonDeg, latDeg) {
      const [lonE6, latE6] = [Math.round(lonDeg * 1e6), Math.round(latDeg * 1e6)];
      return places.flatMap(({ id, box: { west, south, east, north }, find }) => {
        if (lonE6 < west || lonE6 > east || latE6 < south || latE6 > north) return [];
        return find(lonE6, latE6) === 0 ? [id] : [];
      });
    },
  };
}
