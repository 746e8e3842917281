/** What a host may ask for; `auto` is whatever the reader's system asks for. */
export const SCHEMES = ["auto", "light", "dark"] as const;
export type Scheme = (typeof SCHEMES)[number];
