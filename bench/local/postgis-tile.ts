import { Client } from "pg";
import { CLUSTER_RADIUS_PX } from "../../tiles/cluster/cluster.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import { TILE_SIZE_PX } from "../../tiles/geo/tile-address.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";

const WORLD_METERS = 40_075_016.685_578_49;

const TILE = `WITH cells AS (
  SELECT avg(ST_X(geom)) AS x, avg(ST_Y(geom)) AS y, count(*) AS point_count, avg(severity)::float8 AS severity,
    extract(epoch FROM max(created_at))::bigint AS newest
  FROM reports WHERE geom && ST_TileEnvelope($2, $3, $4) AND layer = $1 AND created_at > $5
  GROUP BY floor(ST_X(geom) / $6), floor(ST_Y(geom) / $6))
SELECT ST_AsMVT(feature, $1) AS tile FROM (
  SELECT ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(x, y), 3857), ST_TileEnvelope($2, $3, $4), 4096, 0, false) AS geom,
    point_count, severity, newest
  FROM cells) AS feature`;

interface TileOfLayer extends TileAddress {
  readonly layer: string;
}

/** @returns a connection that plans each tile anew: one plan for every zoom would be wrong for most. */
export async function connectTo(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("SET plan_cache_mode = force_custom_plan");
  return client;
}

/** The tile's bytes. */
export async function readTile(client: Client, { layer, z, x, y }: TileOfLayer): Promise<Buffer> {
  const oldest = new Date(Date.now() - REPORT_LIFETIME_MS);
  const cell = (WORLD_METERS / 2 ** z) * (CLUSTER_RADIUS_PX / TILE_SIZE_PX);
  const { rows } = await client.query({ name: "tile", text: TILE, values: [layer, z, x, y, oldest, cell] });
  return rows[0].tile;
}
