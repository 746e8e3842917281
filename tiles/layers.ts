/**
 * The product's vocabulary: layers, categories, severities, time windows and recency.
 * Source of the numbers: the product contract (docs/decisions/0001-vocabulary.md).
 */

/** Layers that residents report into; the index is part of every report id, so only ever append. */
export const REPORT_LAYERS = ["safety", "vibe", "infrastructure", "opportunity"] as const;
export type ReportLayer = (typeof REPORT_LAYERS)[number];

/** Layers that tiles can have: the reports', and scores on polygons, those of cells and of areas. */
export const TILE_LAYERS = [...REPORT_LAYERS, "scores", "areas"] as const;
export type TileLayer = (typeof TILE_LAYERS)[number];

/** Layers of tiles that open maps are told of when reports change. */
export const LIVE_LAYERS = [...REPORT_LAYERS, "areas"] as const;
export type LiveLayer = (typeof LIVE_LAYERS)[number];

/** Below, the layer `scores` is empty: its largest cells would be narrower than 8 px. */
export const SCORES_MIN_ZOOM = 4;

/** Below, the layer `areas` is empty. A set of small areas begins closer: `minZoomOfBoxes`. */
export const AREAS_MIN_ZOOM = 8;

/** What a report is about within its layer, with an icon and a label of its own. */
export interface Category {
  readonly name: string;
  /** Somebody was wronged there and then: place and time are kept and told coarsely, see `kept.ts`. */
  readonly sensitive?: true;
}

/** Categories that residents report. Imports bring others too: cities name things differently. */
export const CATEGORY_TABLE: Readonly<Record<ReportLayer, readonly Category[]>> = {
  safety: [
    { name: "theft", sensitive: true },
    { name: "assault", sensitive: true },
    { name: "unsafe-corner" },
    { name: "harassment", sensitive: true },
    { name: "vandalism" },
    { name: "poor-lighting" },
    { name: "traffic-danger" },
  ],
  vibe: named("live-music", "street-art", "friendly", "noise", "festival", "green-space", "late-night"),
  infrastructure: named(
    "pothole",
    "flooding",
    "street-light",
    "construction",
    "transit-delay",
    "water-leak",
    "sidewalk",
  ),
  opportunity: named("new-business", "for-lease", "hiring", "pop-up", "market", "co-working", "development"),
};

function named(...names: string[]): Category[] {
  return names.map((name) => ({ name }));
}

/** The names of the table. */
export const CATEGORIES = Object.fromEntries(
  REPORT_LAYERS.map((layer) => [layer, CATEGORY_TABLE[layer].map(({ name }) => name)]),
) as unknown as Readonly<Record<ReportLayer, readonly string[]>>;

/** Layers with sensitive categories. In these a category outside the table is sensitive as well, for nobody has said that it is not. */
const SENSITIVE_LAYERS: ReadonlySet<ReportLayer> = new Set(
  REPORT_LAYERS.filter((layer) => CATEGORY_TABLE[layer].some(({ sensitive }) => sensitive)),
);
const PLAIN_CATEGORIES: ReadonlySet<string> = new Set(
  REPORT_LAYERS.flatMap((layer) =>
    CATEGORY_TABLE[layer].flatMap(({ name, sensitive }) => (sensitive ? [] : `${layer} ${name}`)),
  ),
);

/** Whether a layer has sensitive categories. */
export const hasSensitive = (layer: ReportLayer): boolean => SENSITIVE_LAYERS.has(layer);

/** Whether reports of a category are sensitive. */
export const isSensitive = (layer: ReportLayer, category: string): boolean =>
  SENSITIVE_LAYERS.has(layer) && !PLAIN_CATEGORIES.has(`${layer} ${category}`);

/** Categories beside which the form says whom to call when it happens now. */
export const EMERGENCY_CATEGORIES: readonly string[] = ["theft", "assault", "harassment", "traffic-danger", "flooding"];

export const MIN_SEVERITY = 1;
export const MAX_SEVERITY = 5;

/** A day in milliseconds. */
export const DAY_MS = 86_400_000;

/** A report lives this long after it was created. */
export const REPORT_LIFETIME_MS = 90 * DAY_MS;

/**
 * Ages are sorted into bands, newest first. Every time window is a run of bands from the newest on, and inside a band the
 * recency weight is constant, so per-band counts and severity sums answer every window and weight exactly.
 * `untilMs` is the oldest age inside; "1.0 under 1 day" excludes the first day's end, the later bands include theirs.
 * `weightTenths` is the recency weight w(age) times ten: integer sums have the same bytes in any order of adding.
 */
export const AGE_BANDS = [
  { untilMs: DAY_MS - 1, weightTenths: 10 },
  { untilMs: 7 * DAY_MS, weightTenths: 7 },
  { untilMs: 14 * DAY_MS, weightTenths: 4 },
  { untilMs: 30 * DAY_MS, weightTenths: 2 },
  { untilMs: REPORT_LIFETIME_MS, weightTenths: 0 },
] as const;

export const BAND_COUNT = AGE_BANDS.length;

/** Time windows of the tile API and how many age bands each spans. */
export const WINDOW_BANDS = { "24h": 1, "7d": 2, "30d": 4, "90d": 5 } as const;
export type TimeWindow = keyof typeof WINDOW_BANDS;
export const TIME_WINDOWS = Object.keys(WINDOW_BANDS) as readonly TimeWindow[];
/** Without `?window=` a tile shows every live report. */
export const DEFAULT_WINDOW: TimeWindow = "90d";

/** The band of an age in milliseconds, or -1 when the report has expired. Ages below zero (clock skew) count as new. */
export function ageBand(ageMs: number): number {
  for (let band = 0; band < BAND_COUNT; band++) if (ageMs <= (AGE_BANDS[band]?.untilMs ?? 0)) return band;
  return -1;
}

export function isReportLayer(name: string): name is ReportLayer {
  return (REPORT_LAYERS as readonly string[]).includes(name);
}

export function isTileLayer(name: string): name is TileLayer {
  return (TILE_LAYERS as readonly string[]).includes(name);
}

export function isTimeWindow(name: string): name is TimeWindow {
  return Object.hasOwn(WINDOW_BANDS, name);
}
