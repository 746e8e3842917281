/**
 * What each route may cost a client. `docs/limits.md` tells it in words, and of every route that there is; a test compares them.
 */

/** A route whose reading is counted against its client's read units. */
export interface ReadRoute {
  /** As Hono matches it. */
  readonly path: string;
  /** Read units that a request takes when it begins; at its end it has paid what it read. */
  readonly usual: number;
  /** Read units of the dearest request, with nothing in memory; no more are counted. Of a composite tile so many for each layer. */
  readonly most: number;
}

export const READ_ROUTES: readonly ReadRoute[] = [
  { path: "/tiles/:layers/:z/:x/:file", usual: 5, most: 50 },
  { path: "/api/reports", usual: 50, most: 6_000 },
  { path: "/api/reports/:id", usual: 1, most: 1 },
  { path: "/api/cities/:city/reports", usual: 50, most: 6_000 },
  { path: "/api/clusters/:id", usual: 5, most: 50 },
  { path: "/api/clusters/:id/reports", usual: 50, most: 6_000 },
  { path: "/api/neighborhood/:geohash", usual: 20, most: 200 },
  { path: "/api/areas", usual: 20, most: 1_000 },
  { path: "/api/areas/:id", usual: 20, most: 200 },
];
