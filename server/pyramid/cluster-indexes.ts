import { addMicroCells, type MicroCells } from "../../tiles/cells/micro-cells.ts";
import { type ClusterCellIndex, indexMicroCells } from "../../tiles/cluster/cluster-cell-index.ts";
import { CELL_PRECISION, type Level } from "../../tiles/cluster/cluster-cells.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import { createBuildCache } from "../kit/build-cache.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { type Aggregates, PARALLEL_READS } from "./aggregates.ts";
import type { EmptyPlaces } from "./empty-places.ts";
import type { StreetCells } from "./street-cells.ts";

/** Indexes of cluster cells, made of aggregates and of street cells, and kept until a change below them. */
export interface ClusterIndexes {
  /** Those of the cluster cells of one tile, in their order; what several are made of is read once. */
  ofTile(view: ClusterView, clusterCells: readonly string[], level: Level, atMs: number): Promise<ClusterCellIndex[]>;
  /** The same without waiting: undefined unless it is in memory and right. */
  peek(key: ClusterIndexKey, atMs: number): ClusterCellIndex | undefined;
  /** Reports below these prefixes, `<layer>/<geohash>`, are others than before. */
  changed(prefixes: readonly string[]): void;
  /** How often anything changed. */
  changes(): number;
}

/** What the indexes of a tile have in common. */
export interface ClusterView {
  readonly layer: ReportLayer;
  readonly window: TimeWindow;
}

export interface ClusterIndexKey extends ClusterView {
  readonly clusterCell: string;
}

export interface ClusterIndexesOptions {
  readonly aggregates: Aggregates;
  readonly street: StreetCells;
  readonly empty: EmptyPlaces;
  readonly maxBytes: number;
  readonly shareBuilds: boolean;
}

export function createClusterIndexes(options: ClusterIndexesOptions): ClusterIndexes {
  const { aggregates, street, empty, maxBytes, shareBuilds } = options;
  const indexes = createBuildCache<ClusterCellIndex>({ maxBytes, bytesOf: (index) => index.bytes, shareBuilds });
  const emptyIndexes = new Map<string, ClusterCellIndex>();
  let changes = 0;

  /** One for all cells in which nothing is: a tile of the sea meets several, in each layer. */
  function emptyIndex({ layer, window }: ClusterView, level: Level): ClusterCellIndex {
    const key = `${layer}/${window}/${level.microPrecision}/${level.minZoom}`;
    const known =
      emptyIndexes.get(key) ?? indexMicroCells(addMicroCells([], level.microPrecision), level, layer, window);
    emptyIndexes.set(key, known);
    return known;
  }

  /** Micro cells of one tile's cluster cells, those of a log cell together. */
  function streetReader(view: ClusterView, clusterCells: readonly string[], atMs: number) {
    const wanted = clusterCells.filter(
      (clusterCell) => indexes.peek(nameOf({ ...view, clusterCell }), atMs) === undefined,
    );
    const reading = new Map<string, Promise<Map<string, MicroCells>>>();
    async function readAll(geohash5: string): Promise<Map<string, MicroCells>> {
      const inside = wanted.filter((clusterCell) => clusterCell.startsWith(geohash5));
      const made = await street.microCells({ layer: view.layer, geohash5 }, inside, atMs);
      return new Map(inside.map((clusterCell, i) => [clusterCell, made[i] as MicroCells]));
    }
    return async (clusterCell: string): Promise<MicroCells> => {
      const geohash5 = clusterCell.slice(0, CELL_PRECISION);
      const all = reading.get(geohash5) ?? readAll(geohash5);
      reading.set(geohash5, all);
      const made = (await all).get(clusterCell);
      if (made !== undefined) return made;
      // It was in memory when this tile was begun, and had to make room since.
      const [alone] = await street.microCells({ layer: view.layer, geohash5 }, [clusterCell], atMs);
      return alone as MicroCells;
    };
  }

  async function build(
    { layer, clusterCell, window }: ClusterIndexKey,
    level: Level,
    atMs: number,
    readStreet: (clusterCell: string) => Promise<MicroCells>,
  ): Promise<ClusterCellIndex> {
    if (empty.isKnown(layer, clusterCell)) return emptyIndex({ layer, window }, level);
    const microCells =
      level.precision < CELL_PRECISION
        ? addMicroCells(await aggregates.children(layer, clusterCell, atMs), level.microPrecision)
        : await readStreet(clusterCell);
    return indexMicroCells(microCells, level, layer, window);
  }

  return {
    async ofTile(view, clusterCells, level, atMs) {
      const readStreet = streetReader(view, clusterCells, atMs);
      const read = clusterCells.find(
        (clusterCell) =>
          indexes.peek(nameOf({ ...view, clusterCell }), atMs) === undefined && !empty.isKnown(view.layer, clusterCell),
      );
      const found = await mapLimited(clusterCells, PARALLEL_READS, (clusterCell) => {
        const key = { ...view, clusterCell };
        const prefix = `${view.layer}/${clusterCell.slice(0, CELL_PRECISION)}`;
        return indexes.get(nameOf(key), prefix, atMs, () => build(key, level, atMs, readStreet));
      });
      const isVain = read !== undefined && found.every(({ source }) => source.length === 0);
      if (isVain) await empty.learn(view.layer, read);
      return found;
    },
    peek: (key, atMs) => indexes.peek(nameOf(key), atMs),
    changed(prefixes) {
      changes++;
      for (const prefix of prefixes) indexes.touch(prefix);
    },
    changes: () => changes,
  };
}

const nameOf = ({ layer, clusterCell, window }: ClusterIndexKey): string => `${layer}/${clusterCell}/${window}`;
