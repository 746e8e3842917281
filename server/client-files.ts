import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import type { MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import type { App, AppEnv } from "./app-parts.ts";

/** Vite puts a hash of the content into the names below `assets/`, so such a file never changes. */
const ASSET_CACHE_CONTROL = "public, max-age=31536000, immutable";
const PAGE_CACHE_CONTROL = "no-cache";

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
  const files = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const served = (path?: string): MiddlewareHandler<AppEnv> =>
    serveStatic<AppEnv>({ root: dir, precompressed: true, ...(path === undefined ? {} : { path }) });

  app.get("/assets/*", withHeaders({ "Cache-Control": ASSET_CACHE_CONTROL }), served());
  const pageHeaders = { "Cache-Control": PAGE_CACHE_CONTROL, ...securityHeaders(basemapStyleUrl) };
  for (const { name } of files) {
    if (/\.(br|gz)$/.test(name)) continue;
    const isPage = name.endsWith(".html");
    const path = name === "index.html" ? "/" : isPage ? `/${basename(name, ".html")}` : `/${name}`;
    app.get(path, etag(), withHeaders(isPage ? pageHeaders : { "Cache-Control": PAGE_CACHE_CONTROL }), served(name));
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

/** MapLibre runs its worker from a blob and draws images out of blobs and data URLs; nothing else is foreign. */
function securityHeaders(basemapStyleUrl: string | undefined): Readonly<Record<string, string>> {
  const basemap = basemapStyleUrl === undefined ? "" : ` ${originsOf(new URL(basemapStyleUrl))}`;
  const policy = [
    "default-src 'self'",
    "script-src 'self'",
    "worker-src 'self' blob:",
    `img-src 'self' data: blob:${basemap}`,
    `connect-src 'self'${basemap}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    "Content-Security-Policy": policy.join("; "),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), geolocation=(self)",
  };
}

/** Styles commonly keep their tiles on a name below their own (`tiles.example.com` below `example.com`). */
function originsOf({ protocol, host, origin }: URL): string {
  return `${origin} ${protocol}//*.${host}`;
}
