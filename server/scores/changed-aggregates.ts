import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { CellAggregates } from "../pyramid/cell-aggregates.ts";
import type { UnmergedRows } from "../pyramid/unmerged-rows.ts";

/** Where cell aggregates have changed, as one process sees it. */
export interface ChangedCellAggregates {
  /**
   * Geohashes-3 under which some layer's cell aggregates, with the fresh rows that they lack, are others than when they were last seen, ascending; at first all. The
   * walk goes down only where cell aggregates have changed: a compaction that changes a cell aggregate changes all above it.
   */
  find(fresh: UnmergedRows): Promise<FoundChanges>;
  /** Makes the next `find` find everything. */
  forget(): void;
}

export interface FoundChanges {
  readonly geohash3s: readonly string[];
  /** The changes under one of them have been dealt with. */
  seen(geohash3: string): void;
  /** All have. */
  seenAll(): void;
}

const WIDTH = 8;
const LENGTH = 3;

export function findChangedCellAggregates(cellAggregates: CellAggregates): ChangedCellAggregates {
  const versions = new Map<string, string>();

  async function walk(layer: ReportLayer, fresh: UnmergedRows, found: Map<string, string>): Promise<string[]> {
    let clusterCells = [""];
    for (let length = 1; length <= LENGTH; length++) {
      const below = await mapLimited(clusterCells, WIDTH, async (clusterCell) => {
        const changed: string[] = [];
        for (const [name, { version }] of await cellAggregates.readVersions(layer, clusterCell, fresh)) {
          const key = `${layer}/${name}`;
          if (versions.get(key) === version) continue;
          found.set(key, version);
          changed.push(name);
        }
        return changed;
      });
      clusterCells = below.flat();
    }
    return clusterCells;
  }

  return {
    async find(fresh) {
      const found = new Map<string, string>();
      const perLayer = await Promise.all(REPORT_LAYERS.map((layer) => walk(layer, fresh, found)));
      const see = (key: string) => {
        const version = found.get(key);
        if (version !== undefined) versions.set(key, version);
      };
      return {
        geohash3s: [...new Set(perLayer.flat())].sort(),
        // What lies above is not seen before all below it are: else the next walk would not go down to the others.
        seen(geohash3) {
          for (const layer of REPORT_LAYERS) see(`${layer}/${geohash3}`);
        },
        seenAll() {
          for (const key of found.keys()) see(key);
        },
      };
    },
    forget: () => versions.clear(),
  };
}
