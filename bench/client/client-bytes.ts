import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { printTable } from "../../test/kit/output.ts";

const CLIENT = fileURLToPath(new URL("../../client", import.meta.url));
const PAGES: Readonly<Record<string, string>> = {
  "/": "index.html",
  "/embed": "embed.html",
  "/embed.js": "embed/helper.ts",
  "/docs/embedding": "docs/embedding.html",
  "/docs": "docs.html",
};

/** JavaScript that a page may ever load, at the best level of gzip. */
export interface PageBytes {
  readonly page: string;
  readonly ownGzip: number;
  readonly ownChunks: number;
  /** MapLibre and its worker. */
  readonly maplibreGzip: number;
}

/** Builds the client as it is served and weighs what each page's entry reaches, later imports included. */
export async function measureBytes(): Promise<PageBytes[]> {
  const built = (await build({ root: CLIENT, logLevel: "error", build: { write: false } })) as Rolldown.RolldownOutput;
  const chunks = new Map(
    built.output.flatMap((each) => (each.type === "chunk" ? [[each.fileName, each] as const] : [])),
  );
  const worker = built.output.find(({ fileName }) => /maplibre-gl-worker.*\.m?js$/.test(fileName));
  const workerGzip = worker?.type === "asset" ? gzipOf(worker.source) : 0;
  const pages = Object.entries(PAGES).map(([page, file]) => {
    const entry = [...chunks.values()].find(({ facadeModuleId }) => facadeModuleId === `${CLIENT}/${file}`);
    if (entry === undefined) throw new Error(`the build has no entry for ${file}`);
    const reached = [...reach(entry.fileName, chunks)].flatMap((name) => chunks.get(name) ?? []);
    const [foreign, own] = [true, false].map((wanted) => reached.filter((chunk) => isForeign(chunk) === wanted));
    const sum = (of: readonly Rolldown.OutputChunk[] = []) => of.reduce((bytes, { code }) => bytes + gzipOf(code), 0);
    return {
      page,
      ownGzip: sum(own),
      ownChunks: own?.length ?? 0,
      maplibreGzip: sum(foreign) + (foreign?.length ? workerGzip : 0),
    };
  });
  printTable(
    "JavaScript, bytes in gzip, everything that a page may load",
    ["page", "own", "own chunks", "MapLibre and its worker"],
    pages.map(({ page, ownGzip, ownChunks, maplibreGzip }) => [page, ownGzip, ownChunks, maplibreGzip]),
  );
  return pages;
}

const gzipOf = (code: string | Uint8Array): number => gzipSync(code, { level: 9 }).length;

const isForeign = ({ moduleIds }: Rolldown.OutputChunk): boolean =>
  moduleIds.some((id) => id.includes("/node_modules/"));

function reach(from: string, chunks: ReadonlyMap<string, Rolldown.OutputChunk>, seen = new Set<string>()): Set<string> {
  if (seen.has(from)) return seen;
  seen.add(from);
  const chunk = chunks.get(from);
  for (const next of [...(chunk?.imports ?? []), ...(chunk?.dynamicImports ?? [])]) reach(next, chunks, seen);
  return seen;
}
