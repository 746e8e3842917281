import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { Slices } from "../pyramid/cell-aggregates.ts";
import type { FreshRows } from "../pyramid/unmerged-rows.ts";

/** Where slices have changed, as one process sees it. */
export interface ChangedSlices {
  /**
   * Geohashes-3 under which some layer's slices, with the fresh rows that they lack, are others than when `seen` was last called, ascending; at first all. The
   * walk goes down only where slices have changed: a compaction that changes a slice changes all above it.
   */
  find(fresh: FreshRows): Promise<{ geohash3s: string[]; seen(): void }>;
  /** Makes the next `find` find everything. */
  forget(): void;
}

const WIDTH = 8;
const LENGTH = 3;

export function findChangedSlices(slices: Slices): ChangedSlices {
  const versions = new Map<string, string>();

  async function walk(layer: ReportLayer, fresh: FreshRows, found: Map<string, string>): Promise<string[]> {
    let domains = [""];
    for (let length = 1; length <= LENGTH; length++) {
      const below = await mapLimited(domains, WIDTH, async (domain) => {
        const changed: string[] = [];
        for (const [name, { version }] of await slices.readVersions(layer, domain, fresh)) {
          const key = `${layer}/${name}`;
          if (versions.get(key) === version) continue;
          found.set(key, version);
          changed.push(name);
        }
        return changed;
      });
      domains = below.flat();
    }
    return domains;
  }

  return {
    async find(fresh) {
      const found = new Map<string, string>();
      const perLayer = await Promise.all(REPORT_LAYERS.map((layer) => walk(layer, fresh, found)));
      return {
        geohash3s: [...new Set(perLayer.flat())].sort(),
        seen() {
          for (const [key, version] of found) versions.set(key, version);
        },
      };
    },
    forget: () => versions.clear(),
  };
}
