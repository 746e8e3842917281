import type { Confidence } from "../../tiles/scores/scores.ts";

/** How far a score can be relied on. */
export const CONFIDENCE_WORDS: Readonly<Record<Confidence, string>> = {
  low: "low confidence",
  medium: "medium confidence",
  high: "high confidence",
};

export const NOT_ENOUGH = "Not enough reports";
export const NOT_ENOUGH_IN_30_DAYS = "Not enough reports in the last 30 days for a score";

export const ABOUT_SCORES =
  "Scores go from 0 to 100 and follow the reports of the last 30 days, newer and graver ones more. Reports are not verified, and say nothing about the people of a place.";

export const NEIGHBOURHOOD = "Neighbourhood";
export const APPROXIMATE = "approximate boundaries";
export const ABOUT_APPROXIMATE = "Its boundaries are approximate: to each name on the map all that is nearest to it.";
