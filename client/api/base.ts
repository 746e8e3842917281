/**
 * Where this Stratum is, without a slash at the end: `https://maps.example`, or `https://maps.example/stratum` under a path of another
 * site. Pages, API and tiles are below. Known from where this code came from, one folder below (`assets/`), on whichever page it runs.
 */
export const BASE = import.meta.url.split("/").slice(0, -2).join("/");

/** The path in it: `/stratum`, or empty. What a browser keeps for us is named by it, for several may be on one site. */
export const OF_PATH = new URL(BASE).pathname.replace(/\/$/, "");
