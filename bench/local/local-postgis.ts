import { fork } from "node:child_process";
import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import type { Client } from "pg";
import { findPostgres, type NativePostgres, startPostgres } from "../../test/kit/postgres/native.ts";
import { type Contestant, contestantOf, urlFrom } from "../kit/contestant.ts";
import { readProcessFigures } from "../kit/process-figures.ts";
import type { CityFile, LayerTile } from "./local-city.ts";
import { type ImportFigures, ratesOf } from "./local-import.ts";
import { connectTo, readTile } from "./postgis-tile.ts";

/** What PostGIS does with the same file. */
export interface PostGis {
  import(city: CityFile): Promise<ImportFigures>;
  /** A tile of clusters, on a grid as wide as our radius: the query alone. @returns its bytes */
  tile(tile: LayerTile): Promise<number>;
  /** A process that serves them over HTTP, by a connection of its own. */
  serve(): Promise<Contestant>;
  /** Starts it again: the pages that it has in memory are lost, not those that the kernel has. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A quarter of a small machine's memory, as its manual says, and no compiling of queries that last milliseconds. */
const SETTINGS = ["fsync=on", "shared_buffers=1GB", "work_mem=64MB", "maintenance_work_mem=256MB", "jit=off"];

const TABLE = `CREATE TABLE reports (
  lon float8, lat float8, layer text, category text, severity smallint, created_at timestamptz, text text,
  id bigint GENERATED ALWAYS AS IDENTITY,
  geom geometry(Point, 3857) GENERATED ALWAYS AS (ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 3857)) STORED
)`;

/** @throws Error that says why, when there is no PostgreSQL with PostGIS. */
export async function startPostGis(): Promise<PostGis> {
  const bin = findPostgres();
  if (bin === undefined) throw new Error("no initdb on PATH or in /usr/lib/postgresql");
  const server = await startPostgres(bin, SETTINGS);
  try {
    let client = await connectTo(server.url);
    await client.query("CREATE EXTENSION postgis");
    return {
      import: (city) => importInto(client, city),
      tile: async (tile) => (await readTile(client, tile)).length,
      serve: () => serveTiles(server),
      async restart() {
        await client.end();
        await server.crash();
        await server.restart();
        client = await connectTo(server.url);
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

async function serveTiles({ url }: NativePostgres): Promise<Contestant> {
  const child = fork(new URL("./postgis-process.ts", import.meta.url), [url]);
  return contestantOf(child, await urlFrom(child));
}
