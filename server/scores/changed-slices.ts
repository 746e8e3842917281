import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { mapLimited } from "../pyramid/map-limited.ts";
import type { Slices } from "../pyramid/slices.ts";

/** Where slices have changed, as one process sees it. */
export interface ChangedSlices {
  /**
   * Geohashes-3 under which some layer's slices are others than when `seen` was last called, ascending; at first all. The
   * walk goes down only where slices have changed: a compaction that changes a slice changes all above it.
   */
  find(): Promise<{ geohash3s: string[]; seen(): void }>;
  /** Makes the next `find` find everything. */
  forget(): void;
}

const WIDTH = 8;
const LENGTH = 3;

export function findChangedSlices(slices: Slices): ChangedSlices {
  const versions = new Map<string, number>();

  async function walk(layer: ReportLayer, found: Map<string, number>): Promise<string[]> {
    let domains = [""];
    for (let length = 1; length <= LENGTH; length++) {
      const below = await mapLimited(domains, WIDTH, async (domain) => {
        const changed: string[] = [];
        for (const [name, { version }] of await slices.readVersions(layer, domain)) {
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
    async find() {
      const found = new Map<string, number>();
      const perLayer = await Promise.all(REPORT_LAYERS.map((layer) => walk(layer, found)));
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
