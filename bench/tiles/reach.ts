import { cityReports, randomTail } from "../../test/kit/cities/city.ts";
import { zoomOf } from "../../test/kit/cities/cluster-cell-maker.ts";
import { houstonReports } from "../../test/kit/cities/houston.ts";
import { HOUSTON_MISSING } from "../../test/kit/cities/houston-file.ts";
import { printTable, writeResults } from "../../test/kit/output.ts";
import { seededRandom } from "../../test/kit/random.ts";
import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { reachOfTile } from "../../tiles/cluster/change-reach.ts";
import type { Clusters } from "../../tiles/cluster/cluster.ts";
import { type ClusterCellIndex, indexMicroCells } from "../../tiles/cluster/cluster-cell-index.ts";
import { clusterCellsOfTile, LEVELS, type Level } from "../../tiles/cluster/cluster-cells.ts";
import { clustersOfTile } from "../../tiles/cluster/stitch.ts";
import { type Bounds, cellBounds, encodeGeohash } from "../../tiles/geo/geohash.ts";
import { isTile, type TileAddress, tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { formatReportId } from "../../tiles/report-id.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
/** Precision of the cells that live changes name. */
const CELL_PRECISION = 8;
const LAST_ZOOM = 19;
/** Tiles that are compared on each side of the report's. */
const AROUND = 3;
const REACHES = [0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 1];

interface Trial {
  readonly zoom: number;
  /** Tiles that changed. */
  readonly tiles: number;
  /** How far from the report's cell the farthest of them begins, in tile widths; 0 when the cell is in it. */
  readonly reach: number;
  /** Tiles that a map would ask for again at once. */
  readonly asked: number;
}

/**
 * Prints how far a new report's changes reach: clustering is greedy, so that a cluster that moves may let go of a neighbour,
 * which another then takes in, and so on.
 */
export async function run([count = "500"]: readonly string[]): Promise<void> {
  const houston = houstonReports(NOW);
  if (houston === undefined) console.log(`${HOUSTON_MISSING}; a made-up city instead`);
  const city = houston ?? [...cityReports({ count: 86_309, nowMs: NOW, layers: ["safety"] })];
  const sets: [string, readonly Report[]][] = [
    [houston === undefined ? "A made-up city" : "Houston", city],
    ["Towns all over the world", townReports(120_000)],
  ];
  const results: Record<string, Trial[]> = {};
  for (const [name, reports] of sets) {
    const trials = LEVELS.flatMap((level) => trialsOfLevel(level, reports, Number(count)));
    results[name] = trials;
    printReaches(name, trials);
  }
  writeResults("reach", { trials: results });
}

/** Reports in 6 000 towns all over the world, for the zooms at which a city is a dot. */
function townReports(count: number): Report[] {
  const random = seededRandom(7);
  const towns = Array.from({ length: 6_000 }, () => [random() * 360 - 180, Math.asin(random() * 1.7 - 0.85) * 57.2958]);
  return Array.from({ length: count }, () => {
    const [lon = 0, lat = 0] = towns[Math.floor(random() ** 2 * towns.length)] ?? [];
    return reportNear(lon, lat, 0.05, random, NOW - Math.floor(random() * 80 * 86_400_000));
  });
}

function reportNear(lon: number, lat: number, spreadDeg: number, random: () => number, createdAtMs: number): Report {
  const normal = () => random() + random() + random() - 1.5;
  const lonDeg = roundDegrees(Math.min(179.9, Math.max(-179.9, lon + normal() * spreadDeg)));
  const latDeg = roundDegrees(lat + normal() * spreadDeg);
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  const id = formatReportId({ createdAtMs, geohash5, layer: "safety", shard: 0, tail: randomTail(random) });
  const severity = 1 + Math.floor(random() * 5);
  return {
    id,
    layer: "safety",
    category: "theft",
    severity,
    lonDeg,
    latDeg,
    createdAtMs,
    expiresAtMs: createdAtMs + 9e9,
  };
}

/** Adds a report near another one, a few blocks away, over and over, each to the same reports. */
function trialsOfLevel(level: Level, reports: readonly Report[], count: number): Trial[] {
  const random = seededRandom(level.precision + 1);
  const byClusterCell = Map.groupBy(reports, (r) => encodeGeohash(r.lonDeg, r.latDeg, level.precision));
  const opened = new Map<string, ClusterCell>();
  const open = (clusterCell: string): ClusterCell => {
    const known = opened.get(clusterCell) ?? openClusterCell(byClusterCell.get(clusterCell) ?? [], level);
    opened.set(clusterCell, known);
    return known;
  };
  return Array.from({ length: count }, () => {
    const near = reports[Math.floor(random() * reports.length)] as Report;
    const added = reportNear(near.lonDeg, near.latDeg, 0.004, random, NOW - 1000);
    const changed = encodeGeohash(added.lonDeg, added.latDeg, level.precision);
    const after = open(changed).add(added);
    const last = Math.min(level.maxZoom, LAST_ZOOM);
    const zooms = Array.from({ length: last - level.minZoom + 1 }, (_, i) => level.minZoom + i);
    return zooms.map((zoom) =>
      compareTiles(added, zoom, open, (name) => (name === changed ? after : open(name).before)),
    );
  }).flat();
}

interface ClusterCell {
  readonly before: ClusterCellIndex;
  add(report: Report): ClusterCellIndex;
}

function openClusterCell(reports: readonly Report[], level: Level): ClusterCell {
  const precision = level.microPrecision;
  const cellsOf = (of: readonly Report[]): MicroCells => microCellsOfReports(columnsOfReports(of), precision, NOW);
  const cells = cellsOf(reports);
  const index = (of: MicroCells) => indexMicroCells(of, level, "safety", "90d");
  return { before: index(cells), add: (report) => index(addMicroCells([cells, cellsOf([report])], precision)) };
}

/** Compares the tiles around a report as they were with what they are. */
function compareTiles(
  { lonDeg, latDeg }: Report,
  zoom: number,
  open: (clusterCell: string) => ClusterCell,
  after: (clusterCell: string) => ClusterCellIndex,
): Trial {
  const geohash = encodeGeohash(lonDeg, latDeg, CELL_PRECISION);
  const trial = { zoom, tiles: 0, reach: 0, asked: 0 };
  for (const tile of tilesAround(tileAt(worldX(lonDeg), worldY(latDeg), zoom))) {
    if (reachOfTile(tile)(geohash) === "likely") trial.asked++;
    const clusterCells = clusterCellsOfTile(tile);
    const was = clustersOfTile(
      tile,
      clusterCells.map((clusterCell) => zoomOf(open(clusterCell).before, zoom)),
    );
    const is = clustersOfTile(
      tile,
      clusterCells.map((clusterCell) => zoomOf(after(clusterCell), zoom)),
    );
    if (sameClusters(was, is)) continue;
    trial.tiles++;
    trial.reach = Math.max(trial.reach, distance(tile, cellBounds(geohash)));
  }
  return trial;
}

function tilesAround({ z, x, y }: TileAddress): TileAddress[] {
  const steps = Array.from({ length: 2 * AROUND + 1 }, (_, i) => i - AROUND);
  return steps.flatMap((dx) => steps.map((dy) => ({ z, x: x + dx, y: y + dy }))).filter(isTile);
}

function sameClusters(a: Clusters, b: Clusters): boolean {
  const same = (one: ArrayLike<number>, other: ArrayLike<number>): boolean => {
    for (let i = 0; i < a.length; i++) if (one[i] !== other[i]) return false;
    return true;
  };
  return (
    a.length === b.length &&
    same(a.x, b.x) &&
    same(a.y, b.y) &&
    same(a.count, b.count) &&
    same(a.severity, b.severity) &&
    same(a.newestSeconds, b.newestSeconds)
  );
}

/** Between a tile and a cell, in tile widths along the axis on which they are farther apart; 0 when they meet. */
function distance({ z, x, y }: TileAddress, { west, south, east, north }: Bounds): number {
  const n = 2 ** z;
  const beside = Math.max(x - worldX(east) * n, worldX(west) * n - (x + 1));
  const above = Math.max(y - worldY(south) * n, worldY(north) * n - (y + 1));
  return Math.max(0, beside, above);
}

function printReaches(name: string, trials: readonly Trial[]): void {
  const byZoom = Map.groupBy(trials, ({ zoom }) => zoom);
  printTable(
    `${name}: reports that change no tile farther than so many tile widths from their cell`,
    ["zoom", "reports", ...REACHES.map((reach) => `<= ${reach}`), "farthest", "changed", "at most", "asked"],
    [...byZoom].map(([zoom, of]) => [
      `z${zoom}`,
      of.length,
      ...REACHES.map(
        (within) => `${((100 * of.filter(({ reach }) => reach <= within).length) / of.length).toFixed(1)}%`,
      ),
      Math.max(...of.map(({ reach }) => reach)),
      of.reduce((sum, { tiles }) => sum + tiles, 0) / of.length,
      Math.max(...of.map(({ tiles }) => tiles)),
      of.reduce((sum, { asked }) => sum + asked, 0) / of.length,
    ]),
  );
}
