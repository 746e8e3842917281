/** How much shorter random runs are than in full: 20 in `npm test`, 1 in `npm run test:extended`; see docs/testing.md. */
const SCALE = Number(process.env.FC_SCALE ?? 1);

/** As many as there should be of what takes `full` in the extended tier, and no fewer than a few. */
export const scaled = (full: number, least = 5): number => Math.max(Math.min(full, least), Math.ceil(full / SCALE));

/** fast-check's parameters for a property that gets so many random runs in the extended tier. */
export const runs = (full: number, least?: number): { numRuns: number } => ({ numRuns: scaled(full, least) });
