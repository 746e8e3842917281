import { LRUCache } from "lru-cache";
import type { ClusterCellIndex } from "../../tiles/cluster/cluster-cell-index.ts";
import { encodeReportLayer } from "../../tiles/cluster/report-tile.ts";
import type { BufferedTile } from "../../tiles/geo/tile-address.ts";
import { isReportLayer, type TileLayer, type TimeWindow } from "../../tiles/layers.ts";
import { entityTag } from "../kit/entity-tag.ts";
import { StoreUnavailableError } from "../ports/report-store.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import type { AreaLayer, AreaTiles } from "../scores/areas-layer.ts";
import { overallScores, type ScoreLookup } from "../scores/score-cache.ts";
import { encodeScoresLayer } from "../scores/scores-layer.ts";
import type { Compressor, ContentCoding } from "./content-encoding.ts";

/** A tile as it is sent: never empty. */
export interface EncodedTile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Strong entity tag, with its quotes: the same bytes have the same tag on every machine. */
  readonly etag: string;
  /** Log cells of the reports that its areas tell of; undefined where they are many, or areas were not asked for. */
  readonly areaCells: readonly string[] | undefined;
  /** The bytes in a content coding: compressed once, then kept with the tile; at once when that is done. */
  coded(coding: ContentCoding): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>;
}

export interface TileRequest {
  /** Without repetitions, in the order of TILE_LAYERS. */
  readonly layers: readonly TileLayer[];
  readonly tile: BufferedTile;
  readonly window: TimeWindow;
}

/** Encoded tiles, kept while the cluster cells and the scores that they were made of are the current ones. */
export interface TileSource {
  /**
   * The tile; undefined when nothing lies in it. While the store is away, a tile that was read before is answered as it was.
   * @throws StoreUnavailableError
   */
  read(request: TileRequest): Promise<EncodedTile | undefined>;
}

export interface KeptTiles extends TileSource {
  /** What `read` would answer, when it is in memory and right; undefined when it is not. */
  peek(request: TileRequest): KeptTile | undefined;
}

export interface KeptTile {
  readonly tile: EncodedTile | undefined;
  /** Whether it is certainly still right; if not, it may be by another `peek`. */
  isCurrent(): boolean;
}

interface Kept {
  readonly clusterCells: readonly WeakRef<ClusterCellIndex>[];
  /** Of the scores. */
  readonly epoch: number;
  /** Of the areas; empty where they were not asked for. */
  readonly areasStamp: string;
  readonly tile: EncodedTile | undefined;
}

export interface TileSourceOptions {
  readonly pyramid: Pyramid;
  /** Scores to join; without them features have none, and the layer `scores` is empty. */
  readonly scores?: ScoreLookup;
  /** Without it the layer `areas` is empty. */
  readonly areas?: AreaTiles;
  /** Without one, `coded` must not be called. */
  readonly compressor?: Compressor;
  /** Bound of the cache. */
  readonly maxBytes?: number;
}

const ENTRY_BYTES = 500;

/** A tile is kept plain and, once asked for, in up to three codings, each about half its size. */
const BYTES_WITH_CODINGS = 2.5;

export function createTileSource(options: TileSourceOptions): KeptTiles {
  const { pyramid, scores, areas, compressor, maxBytes = 64 * 2 ** 20 } = options;
  const kept = new LRUCache<string, Kept>({
    maxSize: maxBytes,
    sizeCalculation: ({ tile }) => Math.ceil((tile?.bytes.length ?? 0) * BYTES_WITH_CODINGS) + ENTRY_BYTES,
  });

  const scoreOf = scores && overallScores(scores);

  async function clusterCellsOf({ layers, tile, window }: TileRequest): Promise<ClusterCellIndex[][]> {
    return Promise.all(layers.map((layer) => (isReportLayer(layer) ? pyramid.clusterCells(layer, tile, window) : [])));
  }

  function encode(
    layer: TileLayer,
    tile: BufferedTile,
    { clusterCells, areaLayer }: { clusterCells: readonly ClusterCellIndex[]; areaLayer: AreaLayer | undefined },
  ): Uint8Array {
    if (isReportLayer(layer)) return encodeReportLayer(layer, tile, clusterCells, scoreOf);
    if (layer === "areas") return areaLayer?.bytes ?? NOTHING;
    return scores === undefined ? NOTHING : encodeScoresLayer(tile, scores);
  }

  const currentEpoch = () => scores?.epoch() ?? 0;

  /** Undefined when areas must be read to tell it. */
  const stampOf = ({ layers, tile }: TileRequest): string | undefined =>
    areas === undefined || !layers.includes("areas") ? "" : areas.stamp(tile);

  /** Undefined when what is known of them is right, or they are not asked for. */
  async function areasOf(request: TileRequest, known: Kept | undefined): Promise<AreaLayer | undefined> {
    if (areas === undefined || !request.layers.includes("areas")) return undefined;
    return known !== undefined && areas.stamp(request.tile) === known.areasStamp ? undefined : areas.read(request.tile);
  }

  return {
    peek(request) {
      const { layers, tile, window } = request;
      const known = kept.get(keyOf(request));
      const epoch = currentEpoch();
      if (known === undefined || known.epoch !== epoch || known.areasStamp !== stampOf(request)) return undefined;
      const held = pyramid.heldClusterCells(layers.filter(isReportLayer), tile, window);
      if (held === undefined || !sameClusterCells(known, held.indexes)) return undefined;
      return {
        tile: known.tile,
        isCurrent: () => currentEpoch() === epoch && held.areCurrent() && stampOf(request) === known.areasStamp,
      };
    },

    async read(request) {
      const { layers, tile } = request;
      const key = keyOf(request);
      const known = kept.get(key);
      let perLayer: ClusterCellIndex[][];
      let areaLayer: AreaLayer | undefined;
      try {
        [perLayer, areaLayer] = await Promise.all([clusterCellsOf(request), areasOf(request, known)]);
      } catch (error) {
        // The last tile that was right beats none while the store is away.
        if (error instanceof StoreUnavailableError && known !== undefined) return known.tile;
        throw error;
      }
      const clusterCells = perLayer.flat();
      const epoch = currentEpoch();
      const isSame = known !== undefined && known.epoch === epoch && sameClusterCells(known, clusterCells);
      if (isSame && areaLayer === undefined) return known.tile;
      // Something else changed than the areas, which are part of the same bytes.
      if (areaLayer === undefined) areaLayer = await areasOf(request, undefined);
      const sealed = await seal(
        layers.map((layer, i) => encode(layer, tile, { clusterCells: perLayer[i] ?? [], areaLayer })),
        { compressor, areaCells: areaLayer?.cells },
      );
      // Scores changed, but none in this tile: what was compressed is right still.
      const encoded = sealed !== undefined && isSameTile(known?.tile, sealed) ? known?.tile : sealed;
      kept.set(key, {
        clusterCells: clusterCells.map((clusterCell) => new WeakRef(clusterCell)),
        epoch,
        areasStamp: areaLayer?.stamp ?? "",
        tile: encoded,
      });
      return encoded;
    },
  };
}

const keyOf = ({ layers, tile: { z, x, y, bufferPx = 0 }, window }: TileRequest): string =>
  `${layers.join(",")}/${z}/${x}/${y}/${window}/${bufferPx}`;

const NOTHING = new Uint8Array();

function sameClusterCells(known: Kept, clusterCells: readonly ClusterCellIndex[]): boolean {
  return (
    known.clusterCells.length === clusterCells.length &&
    known.clusterCells.every((ref, i) => ref.deref() === clusterCells[i])
  );
}

const isSameTile = (known: EncodedTile | undefined, made: EncodedTile): boolean =>
  known?.etag === made.etag && known.areaCells?.join() === made.areaCells?.join();

async function seal(
  layers: readonly Uint8Array[],
  { compressor, areaCells }: { compressor: Compressor | undefined; areaCells: EncodedTile["areaCells"] },
): Promise<EncodedTile | undefined> {
  const bytes = new Uint8Array(layers.reduce((sum, layer) => sum + layer.length, 0));
  if (bytes.length === 0) return undefined;
  let at = 0;
  for (const layer of layers) {
    bytes.set(layer, at);
    at += layer.length;
  }
  return { bytes, etag: entityTag(bytes), areaCells, coded: codeOnce(bytes, compressor) };
}

function codeOnce(bytes: Uint8Array<ArrayBuffer>, compressor: Compressor | undefined): EncodedTile["coded"] {
  const made = new Map<ContentCoding, ReturnType<EncodedTile["coded"]>>();
  return (coding) => {
    const known = made.get(coding);
    if (known !== undefined) return known;
    if (compressor === undefined) throw new Error(`no compressor for ${coding}`);
    const coded = compressor.compress(bytes, coding).then((done) => {
      made.set(coding, done);
      return done;
    });
    made.set(coding, coded);
    return coded;
  };
}
