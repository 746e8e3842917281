import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Log } from "../console/log.ts";
import { fromRoot, IS_BUILT } from "../console/root.ts";

const SOURCE = fromRoot("client");
/** Where the built client is. */
export const CLIENT_DIR = fromRoot("dist/client");
/** The client is made of these: it imports the tile core, and its packages are pinned by the lock file. */
const INPUTS = [SOURCE, fromRoot("tiles"), fromRoot("package-lock.json")];

const COMPRESSIBLE = new Set([".html", ".js", ".mjs", ".css", ".svg", ".json", ".map", ".wasm", ".pbf"]);
const MIN_COMPRESSIBLE_BYTES = 1_024;
/** Nearly the size of the best level for a tenth of its time. */
const BROTLI_LEVEL = 9;

export type BuildOutcome = "built" | "fresh" | "kept" | "absent";

/**
 * Builds the client when its sources are newer than what is built. "kept": the build failed, and the older one stays.
 * "absent": there is nothing to build. A built server has been built with its client. @throws when there is no older one.
 */
export async function buildClientWhenStale(log: Log): Promise<BuildOutcome> {
  const built = await stat(join(CLIENT_DIR, "index.html")).catch(() => undefined);
  if (IS_BUILT || !existsSync(join(SOURCE, "index.html"))) return built === undefined ? "absent" : "fresh";
  const newest = Math.max(...(await Promise.all(INPUTS.map(newestChange))));
  if (built !== undefined && built.mtimeMs >= newest) return "fresh";
  try {
    await buildClient();
    return "built";
  } catch (error) {
    if (built === undefined) throw error;
    log.warn("client not rebuilt, serving the older build", { error });
    return "kept";
  }
}

/** Builds beside the old client and swaps: nobody is served half a build, also when two processes build at once. */
export async function buildClient(): Promise<void> {
  const { build } = await import("vite");
  await mkdir(dirname(CLIENT_DIR), { recursive: true });
  const fresh = await mkdtemp(`${CLIENT_DIR}-`);
  try {
    await build({ root: SOURCE, logLevel: "error", build: { outDir: fresh, emptyOutDir: true } });
    await compressFiles(fresh);
    await rm(CLIENT_DIR, { recursive: true, force: true });
    await rename(fresh, CLIENT_DIR).catch((error: unknown) => {
      // Another process swapped its own in at this moment: as fresh as ours.
      if (!existsSync(join(CLIENT_DIR, "index.html"))) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Unix milliseconds of the newest file in a tree. */
export async function newestChange(path: string): Promise<number> {
  const info = await stat(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const times = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(0, ...times);
}

/** Puts `.br` and `.gz` beside every text: they are then sent as they are, at no cost per request. */
async function compressFiles(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const texts = entries.filter((entry) => entry.isFile() && COMPRESSIBLE.has(extname(entry.name)));
  await Promise.all(texts.map((entry) => compressFile(join(entry.parentPath, entry.name))));
}

async function compressFile(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < MIN_COMPRESSIBLE_BYTES) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_LEVEL };
  const [br, gz] = await Promise.all([promisify(brotliCompress)(bytes, { params }), promisify(gzip)(bytes)]);
  await Promise.all([writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)]);
}
