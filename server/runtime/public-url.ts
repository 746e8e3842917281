/** What is asked, as far as its address goes. */
interface Asked {
  readonly url: string;
  header(name: string): string | undefined;
}

export interface PublicUrlOptions {
  /** Where clients find us, whatever a proxy says; without a slash at the end. */
  readonly publicUrl?: string;
  readonly trustedProxies: number;
}

const HOST = /^[\w.-]+(:\d{1,5})?$/;
/** Segments that are neither empty nor dots: `//host` and `/..` would lead elsewhere. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;
/** Looked for at the first of a row of slashes alone: 16,000 of them before a letter would else take 0.1 s. */
const SLASHES_AT_END = /(?<!\/)\/+$/;

/**
 * Scheme, host and path under which a request's client finds us, without a slash at the end: `https://maps.example/stratum`. Our
 * answers' addresses begin with it, and a page on https loads no tiles from http. It is the configured one; or what the trusted
 * proxies tell: the last one's X-Forwarded-Proto and -Host, and every one's X-Forwarded-Prefix, the outermost first; or the
 * request's own. What makes no sense is not believed.
 */
export function publicUrlOf({ url, header }: Asked, { publicUrl, trustedProxies }: PublicUrlOptions): string {
  if (publicUrl !== undefined) return publicUrl;
  const own = new URL(url);
  if (trustedProxies === 0) return own.origin;
  const entries = (name: string) => (header(name) ?? "").split(",").map((entry) => entry.trim());
  const last = (name: string) => entries(name).at(-1) ?? "";
  const protocol = last("X-Forwarded-Proto");
  const host = last("X-Forwarded-Host");
  const prefixes = entries("X-Forwarded-Prefix").slice(-trustedProxies);
  const prefix = prefixes.map((entry) => entry.replace(SLASHES_AT_END, "")).join("");
  const scheme = protocol === "http" || protocol === "https" ? `${protocol}:` : own.protocol;
  // As browsers write it, without a default port.
  const { origin } = new URL(`${scheme}//${HOST.test(host) ? host : own.host}`);
  return PREFIX.test(prefix) ? origin + prefix : origin;
}
