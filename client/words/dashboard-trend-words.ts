import { formatCount } from "./words.ts";

/** How a figure moved. */
export const MARK_WORDS = {
  better: "better",
  worse: "worse",
  same: "no change",
  fresh: "new",
  notComparable: "not comparable yet",
} as const;

export const OVERVIEW_WORDS = {
  scores: "Scores this week",
  scoresHint:
    "Means of the neighbourhoods that are known in both weeks, 0 to 100. A neighbourhood's overall score is the mean of the layers that it has, so overall can move another way than the four.",
  improved: "Most improved",
  worsened: "Most worsened",
  movesHint: "Neighbourhoods by their overall score, against a week ago.",
  noMoves: {
    unknown: "No neighbourhood has enough reports in both weeks to be compared.",
    up: "None of those that can be compared has improved this week.",
    down: "None of those that can be compared has worsened this week.",
  },
  plan: "Your plan",
  quota: "Used of your quota",
  latest: "Busiest days",
  reports: "Reports by day",
  reportsHint: "All layers, the last 30 days.",
} as const;

export const neighbourhoods = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? "neighbourhood" : "neighbourhoods"}`;

export const TREND_WORDS = {
  area: "Neighbourhood",
  ownAreas: "Own areas",
  ofCity: "Neighbourhoods",
  allOf: (city: string): string => `All of ${city}`,
  score: "Score",
  span: "Span",
  spans: { 7: "7 days", 30: "30 days", 90: "90 days" } as Readonly<Record<string, string>>,
  thisWeek: "This week",
  lastWeek: "Last week",
  average: (days: number): string => `Mean of ${days} days`,
  range: (low: string, high: string): string => `lowest ${low}, highest ${high}`,
  reports: (days: number): string => `Reports in ${days} days`,
  severity: (mean: string): string => `mean severity ${mean} of 5`,
  byDay: "Reports by day",
  byDayLink: "Usage by day",
  reportsSeries: "Reports",
  scoreByDay: (score: string): string => `${score} score by day`,
  scoreHint: "The last 30 days.",
  rising: "Rising month over month",
  risingHint: (layer: string): string => `${layer} reports, the last 30 days against the 30 before.`,
  noScores: "Not enough reports for a score on any day.",
  noRising: "Nothing has risen.",
  ranking: "Neighbourhoods by score",
  rankingHint: "With the change against a week ago.",
  name: "Neighbourhood",
  reports30: "Reports, 30 days",
  thisMonth: "This month",
  lastMonth: "Month before",
  change: "Change",
  weekChange: "Week over week",
  few: "few reports",
  goneTitle: "There is no such area here",
  goneText: "It was deleted, or it is an area of another account's own, which nobody else sees. Choose one above.",
  overallLayers: "all layers",
} as const;

export const COMPARE_WORDS = {
  add: "Add a neighbourhood",
  choose: "Choose…",
  remove: (name: string): string => `Leave out ${name}`,
  emptyTitle: "Nothing to compare yet",
  emptyText: "Choose two to four neighbourhoods above. Or begin with the busiest ones.",
  begin: "Compare the four busiest",
  noneYet: "No neighbourhood of this city has been scored yet.",
  scores: "Scores beside each other",
  chart: "Overall score by day",
  chartHint: "The last 30 days.",
  most: "Four at the most are compared.",
  table: "Figures",
} as const;

/** Beside a score of which there is none. */
export const NO_SCORE = "Not enough reports";

export const QUEUE_WORDS = {
  offerTitle: "The infrastructure of your city, sorted",
  offer: [
    "Every report about streets, lights, pipes and sidewalks, newest or most severe first",
    "By neighbourhood and by category, with where it is on the map",
    "Month over month, by neighbourhood",
    "Moderation of your city's reports, exports, 100 000 calls a month",
  ],
  order: "Order",
  newest: "Newest",
  severe: "Most severe",
  category: "Category",
  allCategories: "All categories",
  span: "Span",
  list: "Reports",
  listed: (count: number, days: string): string => `${formatCount(count)} in ${days}`,
  cut: (count: number): string => `Only the newest ${formatCount(count)} are listed.`,
  none: "Nothing was reported",
  noneText: "Not in this span, place and category.",
  onMap: "On the map",
  more: "Show more",
  month: "Month over month",
  monthHint: "Infrastructure reports of the last 30 days against the 30 before.",
  thisMonth: "Last 30 days",
  before: "30 days before",
  areas: "Where it rose most",
  severity: (level: number): string => `Severity ${level} of 5`,
  near: (name: string): string => `near ${name}`,
  byCategory: "By category",
} as const;
