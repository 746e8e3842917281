import { fileURLToPath } from "node:url";

/**
 * A path of ours: `fromRoot("migrations")`. This file, and every file of the built server (`dist/server`), lies two folders below the
 * root.
 */
export const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Whether this runs from the built server: what was built with it is served as it is. */
export const IS_BUILT = import.meta.url.endsWith(".js");
