import type { SlotLimits } from "../kit/slots.ts";

/**
 * What one client may take of what all share. `docs/limits.md` tells these figures, and a test compares the two.
 */

/** Live streams of a process, or a Durable Object. A school behind one address has room; a page's maps share one stream. */
export const LIVE_PER_CLIENT = 50;
const LIVE_PER_CUSTOMER = 200;
/** One in so many streams is for customers alone. */
const LIVE_KEPT_SHARE = 20;

export const liveLimits = (total: number): SlotLimits => ({
  total,
  kept: Math.floor(total / LIVE_KEPT_SHARE),
  perClient: LIVE_PER_CLIENT,
  perCustomer: LIVE_PER_CUSTOMER,
});

/** Exports under way in a process. Each takes memory for a page or two, and its turn at PostgreSQL, for as long as its reader likes. */
export const EXPORT_LIMITS: SlotLimits = { total: 12, kept: 8, perClient: 2, perCustomer: 4 };

/** Who takes what an export gives more slowly than this is cut off: a slot is for reading. */
export const EXPORT_PACE = { bytesPerSecond: 16_384, graceMs: 20_000 };

/**
 * Read units of one client a minute, also at once, unless `READ_UNITS_PER_MINUTE` says otherwise: seventy times what a visitor's dearest minute costs who
 * goes over a city of 200 000 reports at full speed with all layers, alone on a process that holds nothing (`npm run bench -- limits`), and four time-lapses, of eight lists of 500 reports each.
 */
export const READ_UNITS_PER_MINUTE = 20_000;

/** An account whose key is sent with tiles has so many times as much, in place of its clients' addresses. */
export const TIMES_OF_ACCOUNT = 5;
