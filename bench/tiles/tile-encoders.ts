import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { type Check, printTable } from "../../test/kit/output.ts";
import { encodeReportLayer, featuresOfTile, writeFeatures } from "../../tiles/cluster/report-tile.ts";
import { race, type Spread, spreadOf } from "../kit/measure.ts";
import type { TileCensus } from "../kit/sample-tiles.ts";
import { encodeFeatures, type VtFeature } from "./reference.ts";
import { clusterTile, decodeTile, type storeReports } from "./tile-paths.ts";

const ZOOMS = [9, 11, 12, 13, 14, 15, 16];

/** Our writer against vt-pbf, both on the very features of a tile, ready made; beside them our whole way from the index. */
export function measureEncoders(stored: ReturnType<typeof storeReports>, census: TileCensus, nowMs: number) {
  const found = ZOOMS.flatMap((z) => {
    const [tile] = census.sample(z, 1);
    if (tile === undefined) return [];
    const clusterCells = clusterTile(decodeTile(stored.read(tile), z), z, nowMs);
    const bytes = encodeReportLayer("safety", tile, clusterCells);
    const features = readFeatures(bytes);
    const ready = featuresOfTile("safety", tile, clusterCells);
    const ms = race(
      {
        ours: () => writeFeatures("safety", ready, undefined),
        whole: () => encodeReportLayer("safety", tile, clusterCells),
        vtPbf: () => encodeFeatures("safety", features),
      },
      { rounds: 11 },
    );
    const [ours, whole, vtPbf] = [spreadOf(ms.ours), spreadOf(ms.whole), spreadOf(ms.vtPbf)];
    const factor = vtPbf.median / ours.median;
    const vtPbfBytes = encodeFeatures("safety", features).length;
    return [
      {
        z,
        features: features.length,
        ours,
        whole,
        vtPbf,
        factor,
        bytes: bytes.length,
        vtPbfBytes,
      },
    ];
  });
  const perFeature = (spread: Spread, n: number): string =>
    [spread.low, spread.median, spread.high].map((ms) => ((1e6 * ms) / n).toFixed(0)).join(" / ");
  printTable(
    "encoder, densest tiles, ns a feature (low quartile / median / high); whole: from the index, with stitching, ids and geohashes",
    ["zoom", "features", "ours", "whole", "vt-pbf", "factor", "bytes", "vt-pbf's"],
    found.map((m) => [
      `z${m.z}`,
      m.features,
      perFeature(m.ours, m.features),
      Math.round((1e6 * m.whole.median) / m.features),
      perFeature(m.vtPbf, m.features),
      m.factor,
      m.bytes,
      m.vtPbfBytes,
    ]),
  );
  // All features of all these tiles: a tile of five features says more about calls than about encoding.
  const sum = (of: (m: (typeof found)[number]) => number): number => found.reduce((all, m) => all + of(m), 0);
  const overall = sum((m) => m.vtPbf.median) / sum((m) => m.ours.median);
  const larger = found.filter((m) => m.bytes > m.vtPbfBytes).length;
  const checks: Check[] = [
    { what: "encoder against vt-pbf, all features", limit: "5x", found: `${overall.toFixed(1)}x`, met: overall >= 5 },
    { what: "tiles larger than vt-pbf's", limit: "0", found: larger, met: larger === 0 },
  ];
  return { checks, figures: found };
}

function readFeatures(bytes: Uint8Array): VtFeature[] {
  const layer = new VectorTile(new PbfReader(bytes)).layers.safety;
  return Array.from({ length: layer?.length ?? 0 }, (_, i) => {
    const feature = layer?.feature(i);
    const [[{ x, y } = { x: 0, y: 0 }] = []] = feature?.loadGeometry() ?? [];
    return { id: feature?.id ?? 0, type: 1, geometry: [[x, y]], tags: feature?.properties as VtFeature["tags"] };
  });
}
