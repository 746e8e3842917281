/** Headers of every answer. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  // Tiles and answers are meant for other sites' pages, also for those that are cross-origin isolated.
  "Cross-Origin-Resource-Policy": "cross-origin",
};
