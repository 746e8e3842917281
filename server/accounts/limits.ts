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
