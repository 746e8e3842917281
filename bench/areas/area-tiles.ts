import { createAreaCatalogue } from "../../server/areas/area-catalogue.ts";
import { createAreaSets } from "../../server/areas/area-sets.ts";
import { createAreaShapes } from "../../server/areas/area-shapes.ts";
import { silentLog } from "../../server/console/log.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { createAreaTiles } from "../../server/scores/areas-layer.ts";
import { createTileSource, type KeptTiles } from "../../server/serving/tile-source.ts";
import { AREAS_MIN_ZOOM, type TileLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { median } from "../kit/measure.ts";
import { createTileCensus, type SampleTile, type TileCensus } from "../kit/sample-tiles.ts";
import type { AreaCity } from "./area-city.ts";

/** Of one cold tile. */
export interface TileCost {
  readonly read: number;
  readonly requests: number;
  readonly roundTrips: number;
  readonly cpuMs: number;
  readonly bytes: number;
}

/** Of the tiles of one zoom: the costliest of each, and CPU in all. */
export interface ZoomCost {
  readonly z: number;
  readonly tiles: number;
  /** With areas, beside the report layer `safety`. */
  readonly areas: TileCost;
  readonly report: TileCost;
  /** The largest quotient of units of the two at one address, and the quotient of all their CPU. */
  readonly readRatio: number;
  readonly cpuRatio: number;
}

const MOST_ZOOM = 16;
const SAMPLE = 6;
/** The least CPU of some runs is what a quiet machine takes. */
const RUNS = 12;

/** A process that has nothing, but knows what changed since the last compaction. */
async function startProcess({ city: { store, derived }, clock }: AreaCity): Promise<KeptTiles> {
  const shapes = createAreaShapes({ derived });
  const catalogue = createAreaCatalogue({ sets: createAreaSets({ derived, log: silentLog }), clock });
  const pyramid = createPyramid({ store, derived, clock, log: silentLog, shapes });
  await pyramid.poll();
  return createTileSource({ pyramid, areas: createAreaTiles({ areas: { shapes, catalogue }, pyramid, clock }) });
}

async function measureTile(city: AreaCity, layer: TileLayer, tile: SampleTile): Promise<TileCost> {
  const cpu: number[] = [];
  let cost: Omit<TileCost, "cpuMs"> | undefined;
  for (let run = 0; run < RUNS; run++) {
    const tiles = await startProcess(city);
    city.model.reset();
    const before = process.cpuUsage();
    const made = await tiles.read({ layers: [layer], tile, window: "90d" });
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
    const { read, requests, roundTrips } = city.model.used;
    cost = { read, requests, roundTrips, bytes: made?.bytes.length ?? 0 };
  }
  return { ...(cost as Omit<TileCost, "cpuMs">), cpuMs: Math.min(...cpu) };
}

/** Cold tiles of each zoom that has areas: the one with the most reports, and others evenly from the ranking below it. */
export async function measureZooms(city: AreaCity, reports: readonly Report[], minZoom: number): Promise<ZoomCost[]> {
  const first = Math.max(minZoom, AREAS_MIN_ZOOM);
  const census = createTileCensus(first, MOST_ZOOM);
  for (const report of reports) census.add(report);
  await warmUp(city, census);
  const zooms: ZoomCost[] = [];
  for (let z = first; z <= MOST_ZOOM; z++) {
    const pairs: { areas: TileCost; report: TileCost }[] = [];
    for (const tile of census.sample(z, SAMPLE)) {
      const areas = await measureTile(city, "areas", tile);
      if (areas.bytes > 0) pairs.push({ areas, report: await measureTile(city, "safety", tile) });
    }
    if (pairs.length === 0) continue;
    zooms.push({
      z,
      tiles: pairs.length,
      areas: worst(pairs.map(({ areas }) => areas)),
      report: worst(pairs.map(({ report }) => report)),
      readRatio: Math.max(...pairs.map(({ areas, report }) => areas.read / report.read)),
      cpuRatio: median(pairs.map(({ areas, report }) => areas.cpuMs / report.cpuMs)),
    });
  }
  return zooms;
}

/** Lets the code of both kinds of tiles be compiled before it is timed. */
async function warmUp(city: AreaCity, census: TileCensus): Promise<void> {
  for (const zoom of WARM_UP_ZOOMS)
    for (const tile of census.sample(zoom, SAMPLE))
      for (const layer of ["areas", "safety"] as const) await measureTile(city, layer, tile);
}

/** Of cell aggregates, and of street bases. */
const WARM_UP_ZOOMS = [10, 12, 14];

function worst(costs: readonly TileCost[]): TileCost {
  const most = (of: (cost: TileCost) => number): number => Math.max(...costs.map(of));
  return {
    read: most(({ read }) => read),
    requests: most(({ requests }) => requests),
    roundTrips: most(({ roundTrips }) => roundTrips),
    cpuMs: most(({ cpuMs }) => cpuMs),
    bytes: most(({ bytes }) => bytes),
  };
}
