import Supercluster from "supercluster";
import { CITY_CENTER, cityReports } from "../../test/kit/cities/city.ts";
import {
  clusterCellIndexes,
  plainSpots,
  type Spot,
  shareCloserThan,
  stitchedSpots,
} from "../../test/kit/cities/cluster-cell-maker.ts";
import { houstonReports } from "../../test/kit/cities/houston.ts";
import { HOUSTON_MISSING } from "../../test/kit/cities/houston-file.ts";
import { type Cell, type Check, printChecks, printTable, writeResults } from "../../test/kit/output.ts";
import { CLUSTER_RADIUS_PX } from "../../tiles/cluster/cluster.ts";
import { type Level, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { columnAt, columnCount, rowAt, rowCount } from "../../tiles/geo/geohash.ts";
import { latOfWorldY, lonOfWorldX, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import type { Report } from "../../tiles/report.ts";
import { type ClusterMap, drawClusters, drawSheet } from "./cluster-map.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const ZOOMS = Array.from({ length: 19 }, (_, z) => z);
const DRAWN = { from: 3, to: 16 };
/** Clusters of one cluster cell have their middle inside it, so next to a border they are thin on the ground: a grid, if any. */
const STRIP_PX = 12;
const MAX_CLOSE_SHARE = 0.01;
/** Panels of the sheet with all zooms, pixels. */
const SHEET_PANEL = { width: 480, height: 340 };

interface ZoomFigures {
  readonly zoom: number;
  /** One supercluster over all reports; each cluster cell for itself; what tiles show. */
  readonly clusters: { readonly supercluster: number; readonly clusterCells: number; readonly stitched: number };
  /** Share of clusters that have another one closer than half a radius. */
  readonly close: { readonly supercluster: number; readonly clusterCells: number; readonly stitched: number };
  /** Share of clusters in strips along the cluster cell borders. */
  readonly onBorder: { readonly supercluster: number; readonly clusterCells: number; readonly stitched: number };
  readonly reports: number;
}

/** Prints how near the tiles' clusters come to one supercluster over everything, and draws both side by side. */
export async function run(): Promise<void> {
  const houston = houstonReports(NOW);
  if (houston === undefined) console.log(`${HOUSTON_MISSING}; a made-up city instead`);
  const reports = houston ?? [...cityReports({ count: 86_309, nowMs: NOW, layers: ["safety"] })];
  const global = globalIndex(reports);
  const charts: Record<string, string> = {};
  const maps: ClusterMap[] = [];
  const figures = ZOOMS.map((z) => {
    const level = levelOfZoom(z);
    const indexes = clusterCellIndexes(reports, level, NOW);
    const spots = {
      supercluster: globalSpots(global, z),
      clusterCells: plainSpots(indexes, z),
      stitched: stitchedSpots(indexes, z),
    };
    if (z >= DRAWN.from && z <= DRAWN.to) {
      const map = mapOfZoom(level, z, spots);
      maps.push(map);
      charts[`z${String(z).padStart(2, "0")}`] = drawClusters(map);
    }
    return figuresOf(level, z, spots);
  });
  charts.sheet = drawSheet(maps, SHEET_PANEL);
  printFigures(figures);
  printChecks("Targets", checksOf(figures, reports.length));
  writeResults("quality", { data: houston === undefined ? "city" : "houston", zooms: figures }, charts);
}

type Spots = Readonly<Record<keyof ZoomFigures["clusters"], readonly Spot[]>>;

function figuresOf(level: Level, zoom: number, spots: Spots): ZoomFigures {
  const each = (measure: (of: readonly Spot[]) => number): ZoomFigures["clusters"] => ({
    supercluster: measure(spots.supercluster),
    clusterCells: measure(spots.clusterCells),
    stitched: measure(spots.stitched),
  });
  return {
    zoom,
    clusters: each(({ length }) => length),
    close: each((of) => shareCloserThan(CLUSTER_RADIUS_PX / 2, of, zoom)),
    onBorder: each((of) => of.filter((spot) => pxToBorder(level, zoom, spot) < STRIP_PX).length / of.length),
    reports: spots.stitched.reduce((sum, { count }) => sum + count, 0),
  };
}

/** Distance to the nearest border of a cluster cell, in pixels at 512 a tile. */
function pxToBorder({ precision }: Level, zoom: number, { x, y }: Spot): number {
  const [west, east, north, south] = clusterCellEdges(precision, x, y);
  const inside = (edge: number): boolean => edge > 0 && edge < 1;
  const distances = [
    ...[west, east].filter(inside).map((edge) => Math.abs(edge - x)),
    ...[north, south].filter(inside).map((edge) => Math.abs(edge - y)),
  ];
  return Math.min(Infinity, ...distances) * 512 * 2 ** zoom;
}

/** West, east, north and south of the cluster cell that a place lies in, in world units. */
function clusterCellEdges(precision: number, x: number, y: number): readonly [number, number, number, number] {
  const column = columnAt(lonOfWorldX(x), precision);
  const row = rowAt(latOfWorldY(y), precision);
  const edgeY = (r: number): number => worldY((r / rowCount(precision)) * 180 - 90);
  return [column / columnCount(precision), (column + 1) / columnCount(precision), edgeY(row + 1), edgeY(row)];
}

function globalIndex(reports: readonly Report[]): Supercluster {
  return new Supercluster({ radius: CLUSTER_RADIUS_PX, extent: 512, maxZoom: 18 }).load(
    reports.map(({ lonDeg, latDeg }) => ({
      type: "Feature",
      properties: {},
      geometry: { type: "Point", coordinates: [lonDeg, latDeg] },
    })),
  );
}

function globalSpots(index: Supercluster, z: number): Spot[] {
  return index.getClusters([-180, -90, 180, 90], z).map(({ geometry, properties }) => ({
    x: worldX(geometry.coordinates[0] ?? 0),
    y: worldY(geometry.coordinates[1] ?? 0),
    count: (properties.point_count as number | undefined) ?? 1,
    start: "",
  }));
}

/** Both around the largest cluster next to a border of cluster cells, or around the core where none is near. */
function mapOfZoom(level: Level, z: number, spots: Spots): ClusterMap {
  const core = { x: worldX(CITY_CENTER[0]), y: worldY(CITY_CENTER[1]) };
  const near = z < FIRST_AT_BORDER ? [] : spots.supercluster.filter((spot) => pxToBorder(level, z, spot) < NEAR_PX);
  const center = near.reduce((largest: Spot | undefined, spot) => {
    return largest !== undefined && largest.count >= spot.count ? largest : spot;
  }, undefined) ?? { ...core, count: 0, start: "" };
  const [west, east, north, south] = clusterCellEdges(level.precision, center.x, center.y);
  return {
    zoom: z,
    center,
    panels: [
      { title: `z${z}: tiles`, spots: spots.stitched },
      { title: `z${z}: one supercluster`, spots: spots.supercluster },
    ],
    bordersX: [west, east],
    bordersY: [north, south],
  };
}

/** First zoom at which the city is wider than a panel. */
const FIRST_AT_BORDER = 9;
const NEAR_PX = 60;

function printFigures(figures: readonly ZoomFigures[]): void {
  const percent = (share: number): Cell => (share === 0 ? "0" : `${(100 * share).toFixed(2)}%`);
  printTable(
    `Clusters, share closer than ${CLUSTER_RADIUS_PX / 2} px to another, share within ${STRIP_PX} px of a cluster cell border`,
    [
      "zoom",
      "supercluster",
      "close",
      "border",
      "clusterCells",
      "close",
      "border",
      "tiles",
      "close",
      "border",
      "reports",
    ],
    figures.map(({ zoom, clusters, close, onBorder, reports }) => [
      `z${zoom}`,
      ...(["supercluster", "clusterCells", "stitched"] as const).flatMap((kind) => [
        clusters[kind],
        percent(close[kind]),
        percent(onBorder[kind]),
      ]),
      reports,
    ]),
  );
}

function checksOf(figures: readonly ZoomFigures[], reportCount: number): Check[] {
  const worst = Math.max(...figures.map(({ close }) => close.stitched));
  const counted = figures.filter(({ reports }) => reports === reportCount).length;
  return [
    {
      what: "clusters closer than half a radius, at the worst zoom",
      limit: `${100 * MAX_CLOSE_SHARE}%`,
      found: `${(100 * worst).toFixed(2)}%`,
      met: worst <= MAX_CLOSE_SHARE,
    },
    {
      what: "zooms whose tiles count every report once",
      limit: `${figures.length}`,
      found: counted,
      met: counted === figures.length,
    },
  ];
}
