import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { requestRaw } from "./request.ts";

/** A feature of a tile: a report by its id, or a cluster of so many. */
export interface ShownFeature {
  readonly id: string;
  readonly layer: string;
  /** Reports that it stands for. */
  readonly count: number;
}

/** Reads tiles of all report layers from one server over HTTP, as a map does: what it has is asked for by its entity tag. */
export interface TileReader {
  /** @throws Error when the server answers neither a tile nor that it is empty. */
  read(tile: TileAddress): Promise<readonly ShownFeature[]>;
}

interface Held {
  readonly etag: string | undefined;
  readonly features: readonly ShownFeature[];
}

export function createTileReader(url: string): TileReader {
  const held = new Map<string, Held>();
  return {
    async read({ z, x, y }) {
      const path = `/tiles/${REPORT_LAYERS.join(",")}/${z}/${x}/${y}.pbf`;
      const known = held.get(path);
      const condition = known?.etag === undefined ? {} : { "If-None-Match": known.etag };
      const { status, headers, body } = await requestRaw(`${url}${path}`, condition);
      if (status === 304 && known !== undefined) return known.features;
      if (status !== 200 && status !== 204) throw new Error(`${status} for ${path}`);
      const features = status === 204 ? [] : decodeFeatures(body);
      held.set(path, { etag: headers.etag, features });
      return features;
    },
  };
}

function decodeFeatures(bytes: Uint8Array): ShownFeature[] {
  const { layers } = new VectorTile(new PbfReader(bytes));
  return Object.values(layers).flatMap((layer) =>
    Array.from({ length: layer.length }, (_, i) => {
      const { id, point_count } = layer.feature(i).properties;
      return { id: String(id), layer: layer.name, count: Number(point_count ?? 1) };
    }),
  );
}
