import { LRUCache } from "lru-cache";
import type { DomainIndex } from "../../tiles/domain-index.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import { encodeReportLayer } from "../../tiles/report-tile.ts";
import type { TileAddress } from "../../tiles/tile-address.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";

/** A tile as it is sent: never empty. */
export interface EncodedTile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Strong entity tag, with its quotes: the same bytes have the same tag on every machine. */
  readonly etag: string;
}

export interface TileRequest {
  /** Without repetitions, in the order of REPORT_LAYERS. */
  readonly layers: readonly ReportLayer[];
  readonly tile: TileAddress;
  readonly window: TimeWindow;
}

/** Encoded tiles, kept while the domains that they were made of are the current ones. */
export interface TileSource {
  /** The tile's bytes; undefined when nothing lies in it. */
  read(request: TileRequest): Promise<EncodedTile | undefined>;
}

interface Kept {
  readonly domains: readonly WeakRef<DomainIndex>[];
  readonly tile: EncodedTile | undefined;
}

const ENTRY_BYTES = 500;

export function createTileSource(pyramid: Pyramid, maxBytes = 64 * 2 ** 20): TileSource {
  const kept = new LRUCache<string, Kept>({
    maxSize: maxBytes,
    sizeCalculation: ({ tile }) => (tile?.bytes.length ?? 0) + ENTRY_BYTES,
  });

  return {
    async read({ layers, tile, window }) {
      const perLayer = await Promise.all(layers.map((layer) => pyramid.domains(layer, tile, window)));
      const domains = perLayer.flat();
      const key = `${layers.join(",")}/${tile.z}/${tile.x}/${tile.y}/${window}`;
      const known = kept.get(key);
      if (known !== undefined && sameDomains(known, domains)) return known.tile;
      const encoded = await seal(layers.map((layer, i) => encodeReportLayer(layer, tile, perLayer[i] ?? [])));
      kept.set(key, { domains: domains.map((domain) => new WeakRef(domain)), tile: encoded });
      return encoded;
    },
  };
}

function sameDomains(known: Kept, domains: readonly DomainIndex[]): boolean {
  return known.domains.length === domains.length && known.domains.every((ref, i) => ref.deref() === domains[i]);
}

async function seal(layers: readonly Uint8Array[]): Promise<EncodedTile | undefined> {
  const bytes = new Uint8Array(layers.reduce((sum, layer) => sum + layer.length, 0));
  if (bytes.length === 0) return undefined;
  let at = 0;
  for (const layer of layers) {
    bytes.set(layer, at);
    at += layer.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const etag = `"${[...digest.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
  return { bytes, etag };
}
