import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { loadCities } from "../../basemap/cities.ts";
import { encodePack, type PackAddress, packName, placeInPack, tilesOfPack } from "../../basemap/packs.ts";
import { createBasemapTiles } from "../../basemap/tiles.ts";
import { CITY_MAX_ZOOM, CITY_MIN_ZOOM, WORLD_MAX_ZOOM } from "../../basemap/zooms.ts";
import { buildClientWhenStale, CLIENT_DIR, newestChange } from "../../client/build.ts";
import { ASSET_HEADERS, clientPath, fileHeaders, type HeaderFields } from "../../client/headers.ts";
import { listClientFiles } from "../../client/listing.ts";
import type { Log } from "../../console/log.ts";
import { fromRoot } from "../../console/root.ts";
import { SAFE_HEADERS, strictTransport } from "../../http/core/safe-headers.ts";
import type { Config } from "../config.ts";
import { PACKS_DIR } from "../worker/packed-basemap.ts";

/** What `wrangler.toml` names as the directory of the assets. */
export const EDGE_DIR = fromRoot("dist/edge");
const INPUTS = [
  "basemap",
  // The streets and names that the basemap draws.
  "areas",
  "seed",
  "runtime/local-worker",
  "runtime/worker",
  "client/headers.ts",
  "http/core/safe-headers.ts",
].map((name) => fromRoot(`server/${name}`));
/** A file that says which build this is; not served, for its name begins with a dot. */
const STAMP = ".stamp";

/** Settings that the files' headers depend on. */
type HeaderSettings = Pick<Config, "basemapStyleUrl" | "publicUrl">;

/**
 * Puts together what Workers assets serve, when it is not there or older than what it is made of: the client, its headers
 * and the basemap's packs.
 */
export async function buildEdgeAssets(log: Log, settings: HeaderSettings = {}): Promise<void> {
  await buildClientWhenStale(log);
  const newest = await Promise.all([CLIENT_DIR, fromRoot("package-lock.json"), ...INPUTS].map(newestChange));
  const stamp = `${Math.max(...newest)} ${settings.basemapStyleUrl ?? ""} ${settings.publicUrl ?? ""}`;
  if ((await readFile(join(EDGE_DIR, STAMP), "utf8").catch(() => "")) === stamp) return;
  await mkdir(dirname(EDGE_DIR), { recursive: true });
  const fresh = await mkdtemp(`${EDGE_DIR}-`);
  try {
    // The platform compresses by itself.
    await cp(CLIENT_DIR, fresh, { recursive: true, filter: (path) => !/\.(br|gz)$/.test(path) });
    await writeFile(join(fresh, "_headers"), renderHeaders(listClientFiles(fresh), settings));
    await writePacks(join(fresh, PACKS_DIR));
    await writeFile(join(fresh, ".assetsignore"), `${STAMP}\n`);
    await writeFile(join(fresh, STAMP), stamp);
    await swap(fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Another process may swap its own in at this moment: as fresh as ours. */
async function swap(fresh: string): Promise<void> {
  await rm(EDGE_DIR, { recursive: true, force: true });
  await rename(fresh, EDGE_DIR).catch((error: unknown) => {
    if (!existsSync(join(EDGE_DIR, STAMP))) throw error;
  });
}

/** Workers assets' `_headers` file: the same headers as on Node. */
function renderHeaders(files: readonly string[], { basemapStyleUrl, publicUrl }: HeaderSettings): string {
  const rules: [path: string, headers: HeaderFields][] = [
    ["/*", { ...SAFE_HEADERS, ...strictTransport(publicUrl), "Access-Control-Allow-Origin": "*" }],
    ["/assets/*", ASSET_HEADERS],
    ...files.map((name): [string, HeaderFields] => [clientPath(name), fileHeaders(name, basemapStyleUrl)]),
  ];
  return rules.map(([path, headers]) => [path, ...Object.entries(headers).map(renderField)].join("\n")).join("\n\n");
}

const renderField = ([name, value]: [string, string]): string => `  ${name}: ${value}`;

async function writePacks(dir: string): Promise<void> {
  await mkdir(dir);
  const readTile = createBasemapTiles();
  for (const pack of [...worldPacks(), ...cityPacks()]) {
    const tiles = await Promise.all([...tilesOfPack(pack)].map(([z, x, y]) => readTile(z, x, y)));
    const bytes = encodePack(tiles);
    if (bytes !== undefined) await writeFile(join(dir, packName(pack)), bytes);
  }
}

function* worldPacks(): Generator<PackAddress> {
  const seen = new Set<string>();
  for (let z = 0; z <= WORLD_MAX_ZOOM; z++) {
    for (let x = 0; x < 2 ** z; x++) for (let y = 0; y < 2 ** z; y++) yield* once(seen, z, x, y);
  }
}

/** Packs that any feature of the cities comes near. */
function* cityPacks(): Generator<PackAddress> {
  const seen = new Set<string>();
  const side = 2 ** CITY_MIN_ZOOM;
  for (const { geometry } of Object.values(loadCities()).flat()) {
    for (const [lonDeg, latDeg] of positionsOf(geometry)) {
      const x = ((lonDeg + 180) / 360) * side;
      const y = ((1 - Math.asinh(Math.tan((latDeg * Math.PI) / 180)) / Math.PI) / 2) * side;
      // Tiles have a buffer, and an edge between two positions may cross a corner.
      for (const dx of [-0.5, 0, 0.5]) {
        for (const dy of [-0.5, 0, 0.5]) yield* once(seen, CITY_MIN_ZOOM, Math.floor(x + dx), Math.floor(y + dy));
      }
    }
  }
}

function* once(seen: Set<string>, z: number, x: number, y: number): Generator<PackAddress> {
  const { pack } = placeInPack(z, x, y, CITY_MAX_ZOOM);
  if (seen.has(packName(pack))) return;
  seen.add(packName(pack));
  yield pack;
}

/** All positions of a geometry. */
function positionsOf(geometry: object): [lonDeg: number, latDeg: number][] {
  const { coordinates = [] } = geometry as { coordinates?: readonly unknown[] };
  const flat = coordinates.flat(3) as number[];
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0]);
}
