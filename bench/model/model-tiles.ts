import type { CityStore } from "../../test/kit/cities/city-store.ts";
import type { DynamoModel } from "../../test/kit/dynamo/dynamo-model.ts";
import { percentile } from "../kit/measure.ts";
import type { SampleTile } from "../kit/sample-tiles.ts";
import type { NaiveStore } from "./naive.ts";

/** Costs of one cold tile: the process is up and knows what changed lately, but holds nothing of the tile. */
export interface TileCost {
  readonly tile: SampleTile;
  readonly read: number;
  readonly requests: number;
  readonly roundTrips: number;
}

/** Costs of the tiles of one zoom, beside the naive design's. */
export interface ZoomCosts {
  readonly z: number;
  readonly tiles: number;
  readonly read: { readonly median: number; readonly p95: number; readonly max: number };
  readonly requests: number;
  readonly roundTrips: number;
  readonly naive: {
    readonly queries: number;
    readonly read: number;
    readonly knownQueries: number;
    readonly knownRead: number;
  };
  readonly costs: readonly TileCost[];
}

export async function measureZoom(
  z: number,
  tiles: readonly SampleTile[],
  stores: { city: CityStore; model: DynamoModel; naive: NaiveStore },
): Promise<ZoomCosts> {
  const { city, model, naive } = stores;
  const costs: TileCost[] = [];
  for (const tile of tiles) {
    const pyramid = await city.startProcess();
    model.reset();
    await pyramid.clusterCells("safety", tile, "90d");
    const { read, requests, roundTrips } = model.used;
    costs.push({ tile, read, requests, roundTrips });
  }
  const reads = costs.map(({ read }) => read);
  const naives = tiles.map((tile) => naive.tile(tile));
  const worst = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
  return {
    z,
    tiles: tiles.length,
    read: { median: percentile(reads, 0.5), p95: percentile(reads, 0.95), max: worst(reads) },
    requests: worst(costs.map(({ requests }) => requests)),
    roundTrips: worst(costs.map(({ roundTrips }) => roundTrips)),
    naive: {
      queries: worst(naives.map(({ queries }) => queries)),
      read: worst(naives.map(({ read }) => read)),
      knownQueries: worst(naives.map(({ knownQueries }) => knownQueries)),
      knownRead: worst(naives.map(({ knownRead }) => knownRead)),
    },
    costs,
  };
}
