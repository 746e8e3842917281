import type { Confidence } from "../../tiles/scores/scores.ts";
import { formatCount } from "./words.ts";

/** How far a score can be relied on. */
export const CONFIDENCE_WORDS: Readonly<Record<Confidence, string>> = {
  low: "low confidence",
  medium: "medium confidence",
  high: "high confidence",
};

/**
 * The reports of 30 days, and what they count as where that is at most half: of one person's in a place, layer and day the second counts half,
 * and so on, so few people said most of it. @param worth reporters' worth, of the same layers
 */
export function reportsBehind(reports: number, worth: number): string {
  const told = `${formatCount(reports)} ${reports === 1 ? "report" : "reports"} in 30 days`;
  return 2 * worth > reports ? told : `${told}, many of them from the same people: together they count as ${worth}`;
}

export const NOT_ENOUGH = "Not enough reports";
export const NOT_ENOUGH_IN_30_DAYS = "Not enough reports in the last 30 days for a score";

export const ABOUT_SCORES =
  "Scores go from 0 to 100 and follow the reports of the last 30 days, newer and graver ones more. Reports are not verified, and say nothing about the people of a place.";

export const NEIGHBOURHOOD = "Neighbourhood";
export const APPROXIMATE = "approximate boundaries";
export const ABOUT_APPROXIMATE = "Its boundaries are approximate: to each name on the map all that is nearest to it.";

export const METHOD = "How scores are made";

/** Of comparisons. */
export const COMPARE = "Compare";
export const COMPARISON = "Comparison";
export const CHOOSE_ANOTHER = "Choose another neighbourhood on the map, or here.";
export const CHOOSE_MORE = "Up to four: choose them on the map, or here.";
export const FOUR_AT_MOST = "Four neighbourhoods at most are compared.";

/** Of the list of a city's areas. */
export const ALL_AREAS = "All neighbourhoods";
export const AREAS = "Neighbourhoods";
export const rankingTitle = (city: string): string => `Neighbourhoods of ${city}`;
export const NO_AREAS_HERE = "No neighbourhoods are known here.";
/** Orders of the list, as the API names them. */
export const ORDER_WORDS = {
  best: "Best first",
  worst: "Worst first",
  rising: "Most improved in a week",
  name: "By name",
} as const;
