import { serveStatic } from "@hono/node-server/serve-static";
import type { MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import { ASSET_HEADERS, clientPath, fileHeaders } from "../../client/headers.ts";
import { listClientFiles } from "../../client/listing.ts";
import type { App, AppEnv } from "../core/app-parts.ts";

/** A richer basemap from elsewhere, which the page must be allowed to fetch. */
export interface ClientFilesOptions {
  readonly dir: string;
  readonly basemapStyleUrl?: string;
}

/**
 * Mounts the built client: `/` and a page for each further HTML file (`embed.html` is `/embed`), its hashed assets and what
 * lies beside them. Paths are those of the listing, so a request cannot leave the directory.
 */
export function mountClientFiles(app: App, { dir, basemapStyleUrl }: ClientFilesOptions): void {
  const served = (path?: string): MiddlewareHandler<AppEnv> =>
    serveStatic<AppEnv>({ root: dir, precompressed: true, ...(path === undefined ? {} : { path }) });

  app.get("/assets/*", withHeaders(ASSET_HEADERS), served());
  for (const name of listClientFiles(dir)) {
    app.get(clientPath(name), wholeFile(), etag(), withHeaders(fileHeaders(name, basemapStyleUrl)), served(name));
  }
}

/**
 * Has the whole file read for a HEAD and for a Range, too: the tag is a digest of what is read, and would else be none, or the part's.
 * Ranges of files this small are not answered, as those of tiles.
 */
function wholeFile(): MiddlewareHandler<AppEnv> {
  return async function wholeFile(c, next) {
    const asked = c.req.raw;
    const isHead = c.req.method === "HEAD";
    if (!isHead && !asked.headers.has("Range")) return next();
    const headers = new Headers(asked.headers);
    headers.delete("Range");
    c.req.raw = new Request(asked.url, { headers });
    await next();
    c.req.raw = asked;
    if (!isHead) return;
    await c.res.body?.cancel();
    c.res = new Response(null, c.res);
  };
}

/** Adds headers to what was found; an error keeps its own. */
function withHeaders(headers: Readonly<Record<string, string>>): MiddlewareHandler<AppEnv> {
  return async function withHeaders(c, next) {
    await next();
    if (!c.res.ok) return;
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    c.header("Vary", "Accept-Encoding");
  };
}
