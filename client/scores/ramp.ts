import type { ReportLayer } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";

/** What a ramp is made of, of the map's theme. */
export interface RampTheme {
  readonly name: "light" | "dark";
  readonly layers: Readonly<Record<ReportLayer, string>>;
}

/** A colour for a score; scores between two stops have the colours between. */
export type RampStop = readonly [score: number, color: string];

/** Whatever the score, the worse it is the more it stands out from the land, as the bar of the card is the shorter. */
const OVERALL: Readonly<Record<RampTheme["name"], readonly RampStop[]>> = {
  light: [
    [30, "#6b2a06"],
    [50, "#a9561c"],
    [70, "#e0a05c"],
    [85, "#f1d5a6"],
    [100, "#e2f3ed"],
  ],
  dark: [
    [30, "#ffd9b4"],
    [50, "#ee9d57"],
    [70, "#a3622a"],
    [85, "#5e4228"],
    [100, "#163b3c"],
  ],
};

const PALE = { light: "#f7f1e2", dark: "#242b31" } as const;
const FAR = {
  light: { safety: "#6b2203", vibe: "#5a1a52", infrastructure: "#05345c", opportunity: "#003f30" },
  dark: { safety: "#ffd9c2", vibe: "#ffdcf5", infrastructure: "#d3ecff", opportunity: "#c6f7e4" },
} as const;

/** Of cells without enough reports: no colour of any ramp, so that it is not taken for a score. */
export const NO_SCORE_COLORS = { light: "#d0d5d8", dark: "#363e45" } as const;

/** Ascending by score. One layer's score goes from its own colour and beyond to the land's. */
export function scoreRamp(name: ScoreName, theme: RampTheme): readonly RampStop[] {
  if (name === "overall") return OVERALL[theme.name];
  const [pale, far, full] = [PALE[theme.name], FAR[theme.name][name], theme.layers[name]];
  const [worst, middle] = name === "safety" || name === "infrastructure" ? [30, 70] : [50, 70];
  return [
    [worst, far],
    [middle, full],
    [100, pale],
  ];
}
