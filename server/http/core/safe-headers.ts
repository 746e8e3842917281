/**
 * Headers of every answer, the app's and those that come from elsewhere: the tile fast path, the edge's files and its gateway.
 * Hono's `secureHeaders` knows the app's only, and would have eight further headers that each tile had to carry turned off.
 */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  // Tiles and answers are meant for other sites' pages, also for those that are cross-origin isolated.
  "Cross-Origin-Resource-Policy": "cross-origin",
};

const YEAR_SECONDS = 31_536_000;

/**
 * Tells browsers to come by https alone from now on (RFC 6797), where they find us there. Not below a path: what else is on that host is
 * for others to say.
 * @param publicUrl scheme, host and path at which clients find us
 */
export function strictTransport(publicUrl: string | undefined): Readonly<Record<string, string>> {
  const isOurs = publicUrl !== undefined && /^https:\/\/[^/]+\/?$/.test(publicUrl);
  return isOurs ? { "Strict-Transport-Security": `max-age=${YEAR_SECONDS}` } : {};
}

/** Headers that a page of another origin may read. */
export const EXPOSED_HEADERS = [
  "Content-Disposition",
  "ETag",
  "Idempotency-Replayed",
  "Link",
  "Location",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "X-Request-Id",
];

/** Every page may call every route, without cookies: keys are sent by whoever holds them, and what a session does must come from pages of ours. */
export const OPEN_HEADERS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": EXPOSED_HEADERS.join(","),
};
