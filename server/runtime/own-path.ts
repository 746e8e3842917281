import { bareSlashRedirect } from "../http/core/slash-redirect.ts";

/** First segments of our own addresses. Below such a path it cannot be told whether the proxy has taken the path away. */
const OWN = ["api", "assets", "basemap", "docs", "embed", "tiles"];

/**
 * The path of the public address that requests may still carry: some proxies, and every route of a Worker, leave it there. Undefined
 * when there is none to take away.
 */
export function leftPrefix(publicUrl: string | undefined): string | undefined {
  const path = publicUrl === undefined ? "" : new URL(publicUrl).pathname.replace(/\/$/, "");
  return path === "" || OWN.includes(path.split("/")[1] ?? "") ? undefined : path;
}

/** A path with its query as ours, without the prefix, which it may lack already; undefined for the prefix with no slash after it. */
export function ownPath(path: string, prefix: string): string | undefined {
  if (!path.startsWith(prefix)) return path;
  const own = path.slice(prefix.length);
  if (own.startsWith("/")) return own;
  // The page's addresses are relative to a folder. `/stratumxyz` is another path.
  return own === "" || own.startsWith("?") ? undefined : path;
}

/**
 * Leads from the bare prefix, which `ownPath` does not know, to the page below it. The query stays: it may name what to show. A
 * preflight may not be redirected, so it is for the app.
 * @param asked path with its query, as it came
 */
export function fromBarePrefix(asked: string, prefix: string, method: string | undefined) {
  const query = asked.indexOf("?");
  // Read as part of a URL: what may not stand in a header is escaped.
  const search = query < 0 ? "" : new URL(asked.slice(query), "http://any").search;
  return method === "OPTIONS" ? `/${search}` : bareSlashRedirect(`${prefix}/${search}`);
}
