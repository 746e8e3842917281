import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { cityReports } from "../../test/kit/cities/city.ts";
import { seededRandom } from "../../test/kit/random.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { createTileCensus, type TileCensus } from "../kit/sample-tiles.ts";

/** A city in a file, and what its tiles have. */
export interface CityFile {
  /** CSV: lon, lat, layer, category, severity, created_at, text. */
  readonly path: string;
  readonly rows: number;
  readonly census: TileCensus;
  /** A small town among the rows, far away: what its tiles are asked for warms up code, and no tile of the city. */
  readonly town: TileCensus;
}

/** A tile of one layer. */
export interface LayerTile extends TileAddress {
  readonly layer: ReportLayer;
}

const HEADER = "lon,lat,layer,category,severity,created_at,text\n";
const CHUNK_CHARACTERS = 1 << 20;

const EDGE_SHARE = 0.1;
const TOWN_SHARE = 0.05;
const TOWN_MOST = 3_000;
const TOWN_SEED = 9;
/** In another cell of the coarsest geohashes. */
const TOWN_DEGREES_EAST = 100;

/** Writes a seeded city of so many reports, those of the town among them. */
export async function writeCityFile(path: string, rows: number): Promise<CityFile> {
  const [census, town] = [createTileCensus(0, 17), createTileCensus(0, 17)];
  const file = createWriteStream(path);
  let chunk = HEADER;
  for (const report of reportsOf(rows)) {
    (report.lonDeg > 0 ? town : census).add(report);
    chunk += lineOf(report);
    if (chunk.length < CHUNK_CHARACTERS) continue;
    if (!file.write(chunk)) await once(file, "drain");
    chunk = "";
  }
  file.end(chunk);
  await finished(file);
  return { path, rows, census, town };
}

function* reportsOf(rows: number): Generator<Report> {
  const nowMs = Date.now();
  const ofTown = Math.min(TOWN_MOST, Math.ceil(rows * TOWN_SHARE));
  for (const report of cityReports({ count: ofTown, nowMs, seed: TOWN_SEED })) {
    yield { ...report, lonDeg: roundDegrees(report.lonDeg + TOWN_DEGREES_EAST) };
  }
  yield* cityReports({ count: rows - ofTown, nowMs });
}

function lineOf({ lonDeg, latDeg, layer, category, severity, createdAtMs, text = "" }: Report): string {
  return `${lonDeg},${latDeg},${layer},${category},${severity},${new Date(createdAtMs).toISOString()},"${text}"\n`;
}

/**
 * Up to `count` tiles of a zoom, in every layer, in a seeded order: a third are the densest, the others any that have a tenth of the
 * mean tile's reports. What has less is the city's edge, where there is nothing to do.
 */
export function sampleTiles(census: TileCensus, z: number, count: number): LayerTile[] {
  const random = seededRandom(z + 1);
  const ranked = census.sample(z, census.tiles(z));
  const mean = ranked.reduce((sum, { reports }) => sum + reports, 0) / ranked.length;
  const tiles = ranked.filter(({ reports }) => reports >= EDGE_SHARE * mean);
  const dense = Math.ceil(count / 3);
  const sample = [...tiles.slice(0, dense), ...shuffle(tiles.slice(dense), random).slice(0, count - dense)];
  return shuffle(
    sample.flatMap(({ x, y }) => REPORT_LAYERS.map((layer) => ({ layer, z, x, y }))),
    random,
  );
}

export const pathOf = ({ layer, z, x, y }: LayerTile): string => `/tiles/${layer}/${z}/${x}/${y}.pbf`;

function shuffle<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
