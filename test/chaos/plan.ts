import { CATEGORIES, isSensitive, REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { roundDegrees } from "../../tiles/report.ts";
import { seededRandom } from "../kit/random.ts";

/** A report that a client sends, under its key, until it is acknowledged. */
export interface PlannedReport {
  readonly key: string;
  readonly layer: ReportLayer;
  readonly category: string;
  readonly severity: number;
  readonly lon: number;
  readonly lat: number;
}

/** Half of the reports' box around an area's centre, degrees. */
export interface Area {
  readonly lon: number;
  readonly lat: number;
  readonly halfLon: number;
  readonly halfLat: number;
}

export interface Plan {
  readonly reports: readonly PlannedReport[];
  /** Every report lies in one of them. */
  readonly areas: readonly Area[];
}

/**
 * No two reports are nearer than this, 75 pixels at zoom 17, so each is a feature of its own from there on: what a tile shows
 * can be compared id by id.
 */
const STEP_DEG = 0.0004;
export const ALONE_FROM_ZOOM = 17;

const CITY = { lon: -95.37, lat: 29.76, columns: 170, rows: 160 } as const;
const LONE_COLUMNS = 6;
const LONE_SHARE = 0.1;
const REPORTS_OF_A_LONE_PLACE = 4;
/** Each takes some twenty tiles of every process to look at. */
const MOST_LONE_PLACES = 100;

/**
 * A city, and beside it places all over the world with a few reports each, in all four layers, in a mixed order.
 * @throws RangeError when the city has no room for so many
 */
export function planReports({ seed, count }: { readonly seed: number; readonly count: number }): Plan {
  if (count > CITY.columns * CITY.rows)
    throw new RangeError(`${count} reports, of at most ${CITY.columns * CITY.rows}`);
  const random = seededRandom(seed);
  const lonePlaces = Math.min(MOST_LONE_PLACES, Math.ceil((LONE_SHARE * count) / REPORTS_OF_A_LONE_PLACE));
  const grids = [
    createGrid(CITY, random),
    ...Array.from({ length: lonePlaces }, () => createGrid(lonePlace(random), random)),
  ];
  const city = grids[0] as Grid;
  const reports = Array.from({ length: count }, (_, i): PlannedReport => {
    const grid = random() < LONE_SHARE ? (grids[1 + Math.floor(random() * lonePlaces)] as Grid) : city;
    const { lon, lat } = grid.next() ?? (city.next() as Place);
    const layer = REPORT_LAYERS[Math.floor(random() * REPORT_LAYERS.length)] ?? "safety";
    // Sensitive ones are kept elsewhere than they are sent from, and may meet there.
    const categories = CATEGORIES[layer].filter((each) => !isSensitive(layer, each));
    const category = categories[Math.floor(random() * categories.length)] ?? "vandalism";
    return { key: `chaos-${seed}-${i}`, layer, category, severity: 1 + Math.floor(random() * 5), lon, lat };
  });
  return { reports, areas: grids.map(({ area }) => area) };
}

interface Place {
  readonly lon: number;
  readonly lat: number;
}

interface GridOptions extends Place {
  readonly columns: number;
  readonly rows: number;
}

interface Grid {
  readonly area: Area;
  /** A place where none was before; undefined when all are taken. */
  next(): Place | undefined;
}

function lonePlace(random: () => number): GridOptions {
  return { lon: 340 * random() - 170, lat: 130 * random() - 60, columns: LONE_COLUMNS, rows: LONE_COLUMNS };
}

/** Places on a grid around a centre, all of them in a random order. */
function createGrid({ lon, lat, columns, rows }: GridOptions, random: () => number): Grid {
  const left = Array.from({ length: columns * rows }, (_, i) => i);
  return {
    area: { lon, lat, halfLon: (columns * STEP_DEG) / 2, halfLat: (rows * STEP_DEG) / 2 },
    next() {
      const at = Math.floor(random() * left.length);
      const last = left.pop();
      if (last === undefined) return undefined;
      const slot = left[at] ?? last;
      if (at < left.length) left[at] = last;
      return {
        lon: roundDegrees(lon + ((slot % columns) - (columns - 1) / 2) * STEP_DEG),
        lat: roundDegrees(lat + (Math.floor(slot / columns) - (rows - 1) / 2) * STEP_DEG),
      };
    },
  };
}
