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
    app.get(clientPath(name), etag(), withHeaders(fileHeaders(name, basemapStyleUrl)), served(name));
  }
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
