import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";

// Words of the one language that the pages are in; numbers and times are Intl's. An i18n package would come with a second one.

export const LAYER_LABELS: Readonly<Record<ReportLayer, string>> = {
  safety: "Safety",
  vibe: "Vibe",
  infrastructure: "Infrastructure",
  opportunity: "Opportunity",
};

export const SCORE_LABELS: Readonly<Record<ScoreName, string>> = { ...LAYER_LABELS, overall: "Overall" };

/** Beside the ramp: of what time the scores are, and which way they go. */
export const RAMP_ENDS = ["Worse", "30 days", "Better"] as const;
export const WINDOW_BESIDE_SCORES = "The time of the reports. Scores are always of the last 30 days.";

export const WINDOW_LABELS: Readonly<Record<TimeWindow, readonly [short: string, long: string]>> = {
  "24h": ["24 h", "the last 24 hours"],
  "7d": ["7 days", "the last 7 days"],
  "30d": ["30 days", "the last 30 days"],
  "90d": ["90 days", "the last 90 days"],
};

/** What severity means in a layer: the question of the form, and a word for each of 1 to 5. */
export const SEVERITY_WORDS: Readonly<Record<ReportLayer, readonly [question: string, ...words: string[]]>> = {
  safety: ["How serious is it?", "Minimal", "Minor", "Moderate", "Serious", "Severe"],
  vibe: ["How good is it?", "Meh", "Okay", "Good", "Great", "Superb"],
  infrastructure: ["How serious is it?", "Minimal", "Minor", "Moderate", "Serious", "Severe"],
  opportunity: ["How promising is it?", "Slim", "Fair", "Good", "Great", "Huge"],
};

/** Words that have a hyphen of their own. */
const HYPHENATED: Readonly<Record<string, string>> = { "pop-up": "Pop-up", "co-working": "Co-working" };

/** `unsafe-corner` becomes "Unsafe corner"; categories of cities' own are left as they are but for that. */
export function categoryLabel(category: string): string {
  if (Object.hasOwn(HYPHENATED, category)) return HYPHENATED[category] ?? category;
  const words = category.replaceAll(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const CODE_MISSING = "Part of this page could not be loaded. Check your connection.";

export const LOCATION_OFF = "Location is off for this page.";
export const NO_LOCATION = "Your location could not be found.";

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** "3 hours ago", from times in milliseconds. */
export function timeAgo(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - thenMs) / 1000);
  for (const [unit, size] of UNITS) if (seconds >= size) return relative.format(-Math.floor(seconds / size), unit);
  return "just now";
}

const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
/** "Nov 29, 2026, 2:35 PM", in the reader's time zone. */
export const formatTime = (timeMs: number): string => exact.format(timeMs);

const numbers = new Intl.NumberFormat("en");
export const formatCount = (count: number): string => numbers.format(count);
