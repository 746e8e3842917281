import { createTileReader } from "../../test/kit/tile-reader.ts";
import { type Contestant, untilIdle } from "../kit/contestant.ts";
import { runLoad } from "../kit/load.ts";
import { percentile } from "../kit/measure.ts";
import { BROWSER_HEADERS, expectStatuses } from "../serve/serve-sample.ts";
import { type CityFile, type LayerTile, pathOf, sampleTiles } from "./local-city.ts";
import { type Installation, withServer } from "./local-contestant.ts";
import type { Plan } from "./local-plan.ts";
import type { PostGis } from "./local-postgis.ts";

/** Cold tiles of one zoom. */
export interface ZoomFigures {
  readonly z: number;
  readonly tiles: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** The first tile after a start, the median of some starts. */
  readonly firstMs: number;
  /** Processor time of the server process for a tile, which other processes on the machine change less; unknown of PostGIS. */
  readonly cpuMs?: number;
  /** Of PostGIS: the median of the query alone, of one who serves nothing. */
  readonly queryMs?: number;
}

/** What was measured of a tile, in the order of asking. */
interface Asked {
  readonly tile: LayerTile;
  readonly ms: number;
}

export interface ColdSeries {
  readonly zooms: readonly ZoomFigures[];
  readonly asked: ReadonlyMap<number, readonly Asked[]>;
}

/** With few tiles at a zoom, a start more gives more samples. */
const STARTS = 2;
const FEW_TILES = 4;
const IDLE_WITHIN_SECONDS = 300;
const START_OVER_SECONDS = 15;
/** Wider tiles of the town are the city's, too. */
const WARM_UP_ZOOMS = [4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
/** Enough that the code is compiled as it is in a server that has run for a minute. */
const WARM_UP_TILES = 20;
/** A zoom that takes PostGIS seconds a tile is asked for fewer of them. */
const POSTGIS_ZOOM_MS = 8_000;
const LEAST_SAMPLES = 4;
/** A sum over more tiles takes longer than it tells. */
const MOST_TILES_SUMMED = 64;

/** The first start after an import: whether it serves, what, and for how long it is busy. */
export async function measureFirstStart(installation: Installation, { zooms }: Plan) {
  const startMs = performance.now();
  return await withServer(installation, async (server) => {
    const startSeconds = (performance.now() - startMs) / 1000;
    const tiles = zooms.flatMap((z) => sampleTiles(installation.city.census, z, 1).slice(0, 1));
    const requests = tiles.map((tile) => ({ path: pathOf(tile), headers: BROWSER_HEADERS }));
    const bounds = { connections: 1, durationMs: 60_000, maxRequests: tiles.length };
    const { statuses, latenciesMs } = await runLoad({ url: server.url, requests, ...bounds });
    const wrongZooms = await findWrongZooms(server, installation.city, zooms);
    const idleFromMs = performance.now();
    const isIdle = await untilIdle(server, IDLE_WITHIN_SECONDS);
    return {
      startSeconds,
      firstTiles: tiles.length,
      refused: tiles.length - (statuses.get(200) ?? 0),
      slowestMs: Math.max(...latenciesMs),
      wrongZooms,
      busySeconds: isIdle ? (performance.now() - idleFromMs) / 1000 : undefined,
    };
  });
}

/** Zooms over whose tiles not every report is counted exactly once, of those with few tiles. */
async function findWrongZooms({ url }: Contestant, { census, town, rows }: CityFile, zooms: readonly number[]) {
  const reader = createTileReader(url);
  const wrong: number[] = [];
  for (const z of zooms) {
    if (census.tiles(z) > MOST_TILES_SUMMED) continue;
    const tiles = [census, town].flatMap((each) => each.sample(z, each.tiles(z)));
    let sum = 0;
    // A cluster lies in the tile of its middle, which may have no report of its own, but is next to one that has.
    for (const { x, y } of neighbours(tiles, 2 ** z)) {
      for (const { count } of await reader.read({ z, x, y })) sum += count;
    }
    if (sum !== rows) wrong.push(z);
  }
  return wrong;
}

function neighbours(tiles: readonly { x: number; y: number }[], side: number): { x: number; y: number }[] {
  const found = new Map<number, { x: number; y: number }>();
  for (const tile of tiles) {
    for (const dx of [-1, 0, 1]) {
      for (const dy of [-1, 0, 1]) {
        const [x, y] = [tile.x + dx, tile.y + dy];
        if (x >= 0 && y >= 0 && x < side && y < side) found.set(y * side + x, { x, y });
      }
    }
  }
  return [...found.values()];
}

/**
 * Each tile once, zoom by zoom, each time on a process that was just started and has none. The first at once; the others when the
 * start is over and the code has been compiled, by tiles of the town.
 */
export async function measureColdTiles(installation: Installation, plan: Plan): Promise<ColdSeries> {
  const series = new Map<number, Asked[]>();
  const zooms: ZoomFigures[] = [];
  for (const z of installation.name === "embedded" ? plan.zooms : plan.emulatorZooms) {
    const tiles = sampleTiles(installation.city.census, z, plan.tilesPerZoom);
    const starts = tiles.length <= FEW_TILES && installation.name === "embedded" ? STARTS : 1;
    const asked: Asked[] = [];
    const firsts: number[] = [];
    let cpuSeconds = 0;
    for (let start = 0; start < starts; start++) {
      await withServer(installation, async (server) => {
        firsts.push(...(await ask(server, tiles.slice(0, 1))));
        await untilIdle(server, START_OVER_SECONDS);
        await ask(server, warmUpTiles(installation.city));
        const before = server.cpuSeconds() ?? Number.NaN;
        const latencies = await ask(server, tiles.slice(1));
        cpuSeconds += (server.cpuSeconds() ?? Number.NaN) - before;
        asked.push(...tiles.slice(1).map((tile, i) => ({ tile, ms: latencies[i] ?? Number.NaN })));
      });
    }
    series.set(z, asked);
    const cpuMs = (cpuSeconds * 1000) / asked.length;
    zooms.push({ ...summarize(z, asked, percentile(firsts, 0.5)), cpuMs });
  }
  return { zooms, asked: series };
}

const warmUpTiles = ({ town }: CityFile) => WARM_UP_ZOOMS.flatMap((z) => sampleTiles(town, z, WARM_UP_TILES));

/** One after the other. @returns the latency of each, ms */
async function ask({ url }: Contestant, tiles: readonly LayerTile[]): Promise<Float64Array> {
  const requests = tiles.map((tile) => ({ path: pathOf(tile), headers: BROWSER_HEADERS }));
  const bounds = { connections: 1, durationMs: 600_000, maxRequests: tiles.length };
  const result = await runLoad({ url, requests, ...bounds });
  expectStatuses(result, [200, 204]);
  return result.latenciesMs;
}

/**
 * The same tiles by PostGIS, once its pages are in memory; its first tile of a zoom comes after a start without. Served over HTTP and
 * compressed, as ours are and as whoever shows them on a map needs them; and the query alone.
 */
export async function measurePostGisTiles(postgis: PostGis, city: CityFile, plan: Plan): Promise<ColdSeries> {
  const series = new Map<number, Asked[]>();
  const firsts = new Map<number, number>();
  for (const z of plan.zooms) {
    await postgis.restart();
    for (const tile of sampleTiles(city.census, z, plan.tilesPerZoom).slice(0, 1))
      firsts.set(z, await msOf(() => postgis.tile(tile)));
  }
  const server = await postgis.serve();
  const zooms: ZoomFigures[] = [];
  try {
    await ask(server, warmUpTiles(city));
    for (const z of plan.zooms) {
      const tiles = sampleTiles(city.census, z, plan.tilesPerZoom);
      const queriesMs: number[] = [];
      const startMs = performance.now();
      for (const tile of tiles) {
        if (queriesMs.length >= LEAST_SAMPLES && performance.now() - startMs > POSTGIS_ZOOM_MS) break;
        queriesMs.push(await msOf(() => postgis.tile(tile)));
      }
      const some = tiles.slice(0, queriesMs.length);
      const latencies = await ask(server, some);
      const asked = some.map((tile, i) => ({ tile, ms: latencies[i] ?? Number.NaN }));
      series.set(z, asked);
      zooms.push({ ...summarize(z, asked, firsts.get(z) ?? Number.NaN), queryMs: percentile(queriesMs, 0.5) });
    }
  } finally {
    await server.close();
  }
  return { zooms, asked: series };
}

async function msOf(act: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}

const summarize = (z: number, asked: readonly Asked[], firstMs: number): ZoomFigures => {
  const latencies = asked.map(({ ms }) => ms);
  return {
    z,
    tiles: latencies.length,
    medianMs: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    firstMs,
  };
};

/** How many times longer the other takes for a zoom: of the medians over the tiles that both were asked for. */
export function ratiosOf(ours: ColdSeries, theirs: ColdSeries): { z: number; ratio: number }[] {
  return ours.zooms.map(({ z }) => {
    const [mine, others] = [ours.asked.get(z) ?? [], theirs.asked.get(z) ?? []];
    const common = (list: readonly Asked[], other: readonly Asked[]) => {
      const names = new Set(other.map(({ tile }) => pathOf(tile)));
      const latencies = list.filter(({ tile }) => names.has(pathOf(tile))).map(({ ms }) => ms);
      return percentile(latencies, 0.5);
    };
    return { z, ratio: common(others, mine) / common(mine, others) };
  });
}
