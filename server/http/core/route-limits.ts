/**
 * What each route may cost a client. `docs/limits.md` tells it in words, and of every route that there is; a test compares them.
 */

/** A route whose reading is counted against its client's read units. */
export interface ReadRoute {
  /** As Hono matches it. */
  readonly path: string;
  /** Read units that a request costs whatever is in memory: what it takes of the processor. Of a tile nothing. */
  readonly least: number;
  /** Read units of the dearest request, with nothing in memory; no more are counted. Of a composite tile so many for each layer. */
  readonly most: number;
  /** Whether requests of one client take turns (`READ_TURNS`): those that keep the processor busy. */
  readonly inTurns?: true;
}

export const READ_ROUTES: readonly ReadRoute[] = [
  { path: "/tiles/:layers/:z/:x/:file", least: 0, most: 50 },
  { path: "/api/reports", least: 50, most: 6_000, inTurns: true },
  { path: "/api/reports/:id", least: 1, most: 1 },
  { path: "/api/cities/:city/reports", least: 50, most: 6_000, inTurns: true },
  { path: "/api/clusters/:id", least: 5, most: 50, inTurns: true },
  { path: "/api/clusters/:id/reports", least: 50, most: 6_000, inTurns: true },
  { path: "/api/neighborhood/:geohash", least: 20, most: 200, inTurns: true },
  { path: "/api/areas", least: 20, most: 1_000, inTurns: true },
  // Of an own area the rows are read.
  { path: "/api/areas/:id", least: 20, most: 1_000, inTurns: true },
  { path: "/api/live", least: 5, most: 50 },
  { path: "/readyz", least: 5, most: 10 },
];

/** Requests of an account for its own areas a minute; of these so many may add some. */
export const OWN_AREA_CALLS = { perMinute: 120, addedPerMinute: 10 };

/** Cards and lists of reports of own areas that one account may ask for in a minute: they are made of rows. */
export const OWN_CARDS_PER_MINUTE = 120;

/** A request takes so many when it begins, or what its route costs at least: of many at once not all are to slip in. */
export const UNITS_TO_BEGIN = 5;

/** Of lists and cards of one client so many are worked on at once; as many more wait as is said. */
export const READ_TURNS = { atOnce: 2, waiting: 32 };

/** Geohash-5 cells that the box of an export of reports may meet, or that of its area. */
export const EXPORTED_CELLS = 1024;
