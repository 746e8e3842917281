import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { Client } from "pg";
import { findPostgres, type NativePostgres, startPostgres } from "../../test/kit/postgres/native.ts";
import { CLUSTER_RADIUS_PX, TILE_SIZE_PX } from "../../tiles/cluster/cluster.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { readProcessFigures } from "../kit/process-figures.ts";
import type { CityFile, LayerTile } from "./local-city.ts";
import { type ImportFigures, ratesOf } from "./local-import.ts";

/** What PostGIS does with the same file. */
export interface PostGis {
  import(city: CityFile): Promise<ImportFigures>;
  /** A tile of clusters, on a grid as wide as our radius. @returns its bytes */
  tile(tile: LayerTile): Promise<number>;
  /** Starts it again: the pages that it has in memory are lost, not those that the kernel has. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A quarter of a small machine's memory, as its manual says, and no compiling of queries that last milliseconds. */
const SETTINGS = ["fsync=on", "shared_buffers=1GB", "work_mem=64MB", "maintenance_work_mem=256MB", "jit=off"];

const WORLD_METERS = 40_075_016.685_578_49;

const TABLE = `CREATE TABLE reports (
  lon float8, lat float8, layer text, category text, severity smallint, created_at timestamptz, text text,
  id bigint GENERATED ALWAYS AS IDENTITY,
  geom geometry(Point, 3857) GENERATED ALWAYS AS (ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 3857)) STORED
)`;

const TILE = `WITH cells AS (
  SELECT avg(ST_X(geom)) AS x, avg(ST_Y(geom)) AS y, count(*) AS point_count, avg(severity)::float8 AS severity,
    extract(epoch FROM max(created_at))::bigint AS newest
  FROM reports WHERE geom && ST_TileEnvelope($2, $3, $4) AND layer = $1 AND created_at > $5
  GROUP BY floor(ST_X(geom) / $6), floor(ST_Y(geom) / $6))
SELECT ST_AsMVT(feature, $1) AS tile FROM (
  SELECT ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(x, y), 3857), ST_TileEnvelope($2, $3, $4), 4096, 0, false) AS geom,
    point_count, severity, newest
  FROM cells) AS feature`;

/** @throws Error that says why, when there is no PostgreSQL with PostGIS. */
export async function startPostGis(): Promise<PostGis> {
  const bin = findPostgres();
  if (bin === undefined) throw new Error("no initdb on PATH or in /usr/lib/postgresql");
  const server = await startPostgres(bin, SETTINGS);
  try {
    let client = await connectTo(server);
    await client.query("CREATE EXTENSION postgis");
    return {
      import: (city) => importInto(client, city),
      tile: (tile) => readTile(client, tile),
      async restart() {
        await client.end();
        await server.crash();
        await server.restart();
        client = await connectTo(server);
      },
      async close() {
        await client.end();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function connectTo({ url }: NativePostgres): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // One plan for every zoom would be wrong for most.
  await client.query("SET plan_cache_mode = force_custom_plan");
  return client;
}

/** COPY with the geometry is stored, both indexes are right. */
async function importInto(client: Client, { path, rows }: CityFile): Promise<ImportFigures> {
  // The server is another user.
  chmodSync(dirname(path), 0o755);
  await client.query(TABLE);
  const { rows: backend } = await client.query("SELECT pg_backend_pid() AS pid");
  const pid = Number(backend[0].pid);
  const before = readProcessFigures(pid);
  const startMs = performance.now();
  await client.query(
    `COPY reports (lon, lat, layer, category, severity, created_at, text) FROM '${path}' WITH (FORMAT csv, HEADER)`,
  );
  const storedMs = performance.now();
  await client.query("CREATE INDEX ON reports USING gist (geom)");
  await client.query("CREATE INDEX ON reports (layer, created_at)");
  await client.query("VACUUM ANALYZE reports");
  const rightMs = performance.now();
  const after = readProcessFigures(pid);
  return {
    ...ratesOf(rows, (storedMs - startMs) / 1000, (rightMs - startMs) / 1000),
    peakMb: after && after.peakRssBytes / 1e6,
    cpuSeconds: before && after && after.cpuSeconds - before.cpuSeconds,
  };
}

async function readTile(client: Client, { layer, z, x, y }: LayerTile): Promise<number> {
  const oldest = new Date(Date.now() - REPORT_LIFETIME_MS);
  const cell = (WORLD_METERS / 2 ** z) * (CLUSTER_RADIUS_PX / TILE_SIZE_PX);
  const { rows } = await client.query({ name: "tile", text: TILE, values: [layer, z, x, y, oldest, cell] });
  return rows[0].tile.length;
}
