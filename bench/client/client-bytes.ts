import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { build, type Rolldown } from "vite";
import { printTable } from "../../test/kit/output.ts";
import { startPrefixProxy } from "../../test/kit/prefix-proxy.ts";

const CLIENT = fileURLToPath(new URL("../../client", import.meta.url));
const PAGES: Readonly<Record<string, string>> = {
  "/": "index.html",
  "/embed": "embed.html",
  "/embed.js": "embed/helper.ts",
  "/docs/embedding": "docs/embedding.html",
  "/docs": "docs.html",
};
/** Pages whose first view is a map; they load more once somebody asks for it. */
const MAPS = ["/", "/embed"];
const PREFIX = "/stratum";
const WAIT_MS = 60_000;

/** JavaScript of a page, in bytes at the best level of gzip. */
export interface PageBytes {
  /** As it is addressed; below a path, with that. */
  readonly page: string;
  /** Ours that a browser loads until the first view rests; undefined where that is all. */
  readonly firstGzip?: number;
  /** Ours that the page may ever load. */
  readonly ownGzip: number;
  readonly ownChunks: number;
  /** MapLibre and its worker. */
  readonly maplibreGzip: number;
}

type Chunks = ReadonlyMap<string, Rolldown.OutputChunk>;

/**
 * Builds the client as it is served and weighs what each page's entry reaches, later imports included, and what a browser loads of
 * it until the first view of a map at `url` rests: there, and below a path of another site.
 */
export async function measureBytes(browser: Browser, url: string): Promise<PageBytes[]> {
  const built = (await build({ root: CLIENT, logLevel: "error", build: { write: false } })) as Rolldown.RolldownOutput;
  const chunks: Chunks = new Map(
    built.output.flatMap((each) => (each.type === "chunk" ? [[each.fileName, each] as const] : [])),
  );
  const worker = built.output.find(({ fileName }) => /maplibre-gl-worker.*\.m?js$/.test(fileName));
  const workerGzip = worker?.type === "asset" ? gzipOf(worker.source) : 0;
  const proxy = await startPrefixProxy(() => url, { prefix: PREFIX });
  const pages: PageBytes[] = [];
  try {
    for (const [page, file] of Object.entries(PAGES)) {
      const whole = weighAll(file, chunks, workerGzip);
      if (!MAPS.includes(page)) {
        pages.push({ page, ...whole });
        continue;
      }
      for (const [prefix, base] of [
        ["", url],
        [PREFIX, proxy.url],
      ] as const) {
        const firstGzip = weighOwn(await loadedAtFirst(browser, base + page), chunks);
        pages.push({ page: prefix + page, firstGzip, ...whole });
      }
    }
  } finally {
    await proxy.close();
  }
  printTable(
    "JavaScript, bytes in gzip: what the first view loads, and all that a page may load",
    ["page", "own at first", "own in all", "own chunks", "MapLibre and its worker"],
    pages.map(({ page, firstGzip, ownGzip, ownChunks, maplibreGzip }) => [
      page,
      firstGzip ?? ownGzip,
      ownGzip,
      ownChunks,
      maplibreGzip,
    ]),
  );
  return pages;
}

function weighAll(file: string, chunks: Chunks, workerGzip: number) {
  const entry = [...chunks.values()].find(({ facadeModuleId }) => facadeModuleId === `${CLIENT}/${file}`);
  if (entry === undefined) throw new Error(`the build has no entry for ${file}`);
  const reached = [...reach(entry.fileName, chunks)].flatMap((name) => chunks.get(name) ?? []);
  const own = reached.filter((chunk) => !isForeign(chunk));
  const foreign = reached.filter(isForeign);
  return {
    ownGzip: sum(own),
    ownChunks: own.length,
    maplibreGzip: sum(foreign) + (foreign.length > 0 ? workerGzip : 0),
  };
}

/** @throws Error when a page loads a script that is not of the build: another one would be weighed than is served */
function weighOwn(names: readonly string[], chunks: Chunks): number {
  const loaded = names
    .filter((name) => !name.includes("maplibre-gl-worker"))
    .map((name) => {
      const chunk = chunks.get(name);
      if (chunk === undefined) throw new Error(`${name} is served and not built: is the served client older?`);
      return chunk;
    });
  if (loaded.length === 0) throw new Error("the first view loaded no script");
  return sum(loaded.filter((chunk) => !isForeign(chunk)));
}

/** Scripts that a page loads until its map rests, as the build names them. The page's own, not its service worker's. */
async function loadedAtFirst(browser: Browser, address: string): Promise<string[]> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block" });
  try {
    const page = await context.newPage();
    const names = new Set<string>();
    page.on("request", (request) => {
      const [name] = /assets\/[^/]+\.m?js$/.exec(new URL(request.url()).pathname) ?? [];
      if (name !== undefined) names.add(name);
    });
    await page.goto(address);
    await rest(page);
    return [...names];
  } finally {
    await context.close();
  }
}

async function rest(page: Page): Promise<void> {
  await page.waitForFunction(
    () => {
      const map = globalThis.stratum?.map;
      return map?.loaded() && map.areTilesLoaded() && !map.isMoving();
    },
    undefined,
    { timeout: WAIT_MS },
  );
}

const sum = (of: readonly Rolldown.OutputChunk[]): number => of.reduce((bytes, { code }) => bytes + gzipOf(code), 0);

const gzipOf = (code: string | Uint8Array): number => gzipSync(code, { level: 9 }).length;

const isForeign = ({ moduleIds }: Rolldown.OutputChunk): boolean =>
  moduleIds.some((id) => id.includes("/node_modules/"));

function reach(from: string, chunks: Chunks, seen = new Set<string>()): Set<string> {
  if (seen.has(from)) return seen;
  seen.add(from);
  const chunk = chunks.get(from);
  for (const next of [...(chunk?.imports ?? []), ...(chunk?.dynamicImports ?? [])]) reach(next, chunks, seen);
  return seen;
}
