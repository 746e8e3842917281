import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Config } from "../../server/runtime/config.ts";
import type { BareAnswer } from "../kit/bare-process.ts";
import { type Contestant, contestantOf, startServerProcess, urlFrom } from "../kit/contestant.ts";

const file = (name: string) => new URL(`./${name}`, import.meta.url);

/** The product's server on stores that run elsewhere; `more` are further environment variables. */
export function startOurs(
  config: Config,
  databaseUrl: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Contestant> {
  return startServerProcess({ ...more, DYNAMODB_ENDPOINT: config.dynamo?.endpoint, DATABASE_URL: databaseUrl });
}

/** A bare `node:http` server with these answers. */
export async function startBare(answers: readonly BareAnswer[]): Promise<Contestant> {
  const child = fork(file("../kit/bare-process.ts"), { serialization: "advanced" });
  child.send([...answers]);
  return contestantOf(child, await urlFrom(child));
}

/** One tile, for servers that serve nothing else. */
export interface ServedTile {
  /** As ours has it: `/tiles/<layers>/<z>/<x>/<y>.pbf`. */
  readonly path: string;
  readonly gzip: Uint8Array;
}

/** nginx with one worker on one file. @throws Error that says why, when it cannot be had. */
export async function startNginx({ gzip }: ServedTile): Promise<Contestant> {
  const binary = findOnPath("nginx", ["/usr/sbin", "/usr/local/sbin"]);
  const dir = mkdtempSync(join(tmpdir(), "stratum-nginx-"));
  const port = await freePort();
  mkdirSync(join(dir, "files"));
  writeFileSync(join(dir, "files", "tile.pbf"), gzip);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(dir, "nginx.conf"),
    `daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error;
    events {}
    http { access_log off; keepalive_requests 1000000; open_file_cache max=10; types { application/vnd.mapbox-vector-tile pbf; }
      ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join(" ")}
      server { listen 127.0.0.1:${port}; root ${dir}/files; add_header Content-Encoding gzip; } }`,
  );
  const child = spawn(binary, ["-c", join(dir, "nginx.conf"), "-p", dir], { stdio: "ignore" });
  return startedAt(child, { url: `http://127.0.0.1:${port}`, path: "/tile.pbf" }, dir);
}

/** Martin with one worker on an MBTiles file of one tile. @throws Error that says why, when it cannot be had. */
export async function startMartin({ path, gzip }: ServedTile): Promise<Contestant> {
  const binary = findOnPath("martin");
  const dir = mkdtempSync(join(tmpdir(), "stratum-martin-"));
  const [z = 0, x = 0, y = 0] = (/(\d+)\/(\d+)\/(\d+)\.pbf$/.exec(path) ?? []).slice(1).map(Number);
  writeMbtiles(join(dir, "tile.mbtiles"), { z, x, y, gzip });
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = ["--listen-addresses", new URL(url).host, "--workers", "1", join(dir, "tile.mbtiles")];
  const child = spawn(binary, args, { stdio: "ignore", cwd: dir, env: { PATH: process.env.PATH, RUST_LOG: "error" } });
  return startedAt(child, { url, path: `/tile/${z}/${x}/${y}` }, dir);
}

/** https://github.com/mapbox/mbtiles-spec/blob/master/1.3/spec.md */
function writeMbtiles(file: string, { z, x, y, gzip }: { z: number; x: number; y: number; gzip: Uint8Array }): void {
  const database = new DatabaseSync(file);
  database.exec(`CREATE TABLE metadata (name text, value text);
    CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
    CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);`);
  const describe = database.prepare("INSERT INTO metadata VALUES (?, ?)");
  for (const [name, value] of Object.entries({ name: "tile", format: "pbf", minzoom: `${z}`, maxzoom: `${z}` })) {
    describe.run(name, value);
  }
  // Rows count from the south.
  database.prepare("INSERT INTO tiles VALUES (?, ?, ?, ?)").run(z, x, 2 ** z - 1 - y, gzip);
  database.close();
}

async function startedAt(child: ChildProcess, place: { url: string; path: string }, dir: string): Promise<Contestant> {
  const started = contestantOf(child, place.url, () => rmSync(dir, { recursive: true, force: true }));
  try {
    await answering(place.url + place.path);
    return { ...started, path: place.path };
  } catch (error) {
    await started.close();
    throw error;
  }
}

/** @throws Error when it is nowhere. */
function findOnPath(name: string, alsoIn: readonly string[] = []): string {
  const dirs = [...(process.env.PATH ?? "").split(delimiter), ...alsoIn].filter((dir) => dir !== "");
  const found = dirs.map((dir) => join(dir, name)).find(isExecutable);
  if (found === undefined) throw new Error(`${name} is not on PATH`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}
