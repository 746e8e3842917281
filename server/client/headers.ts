/** Headers of the built client's files and where they are served, the same from Node and from Workers assets. */
export type HeaderFields = Readonly<Record<string, string>>;

/** Vite puts a hash of the content into the names below `assets/`, so such a file never changes. */
export const ASSET_HEADERS: HeaderFields = { "Cache-Control": "public, max-age=31536000, immutable" };

/** Headers of what lies beside the pages, such as an icon. */
const FILE_HEADERS: HeaderFields = { "Cache-Control": "no-cache" };

/** What other sites' pages load by its name: not asked for again with every one of their readers' visits. */
const SHARED_HEADERS: HeaderFields = { "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400" };
const SHARED = ["embed.js"];

const isPage = (name: string): boolean => name.endsWith(".html");

/** Path of one of the client's files: `index.html` is `/`, `embed.html` is `/embed`, `docs/embedding.html` is `/docs/embedding`. */
export function clientPath(name: string): string {
  if (name === "index.html") return "/";
  return `/${isPage(name) ? name.slice(0, -".html".length) : name}`;
}

/** The pages that any site may show in a frame: they hold no one's data and do nothing in anyone's name. */
const FRAMED = ["embed.html"];

/** Headers of one of the client's files outside `assets/`. */
export function fileHeaders(name: string, basemapStyleUrl: string | undefined): HeaderFields {
  if (isPage(name)) return pageHeaders(name, basemapStyleUrl);
  return SHARED.includes(name) ? SHARED_HEADERS : FILE_HEADERS;
}

/**
 * Headers of a page. MapLibre runs its worker from a blob and draws images out of
 * blobs and data URLs; nothing else is foreign.
 */
function pageHeaders(name: string, basemapStyleUrl: string | undefined): HeaderFields {
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
    // Even `*` would shut out pages of files and of apps, whose schemes are none of the network's.
    ...(FRAMED.includes(name) ? [] : ["frame-ancestors 'none'"]),
  ];
  return {
    ...FILE_HEADERS,
    "Content-Security-Policy": policy.join("; "),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), geolocation=(self)",
  };
}

/** Styles commonly keep their tiles on a name below their own (`tiles.example.com` below `example.com`). */
function originsOf({ protocol, host, origin }: URL): string {
  return `${origin} ${protocol}//*.${host}`;
}
