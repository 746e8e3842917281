import type { ReportLayer } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";

/** What a ramp is made of, of the map's theme. */
export interface RampTheme {
  readonly name: "light" | "dark";
  readonly layers: Readonly<Record<ReportLayer, string>>;
}

/** A colour for a score; scores between two stops have the colours between. */
export type RampStop = readonly [score: number, color: string];

/**
 * Brown to teal is told apart with every common kind of colour blindness. The middle, 75, is a place without reports: it is
 * nearly the land's colour, so that what stands out are the places that differ.
 */
const OVERALL: Readonly<Record<RampTheme["name"], readonly RampStop[]>> = {
  light: [
    [50, "#83390a"],
    [62, "#c8752b"],
    [70, "#eebd82"],
    [75, "#efe9da"],
    [80, "#a3d3cf"],
    [88, "#3f9a9c"],
    [100, "#0a525d"],
  ],
  dark: [
    [50, "#ffc48c"],
    [62, "#e08a3c"],
    [70, "#915824"],
    [75, "#2c333a"],
    [80, "#1f6066"],
    [88, "#35a8a8"],
    [100, "#8ee8e0"],
  ],
};

const NEUTRAL = { light: "#f0eadc", dark: "#2a3138" } as const;
const FAR = {
  light: { safety: "#6b2203", vibe: "#5a1a52", infrastructure: "#05345c", opportunity: "#003f30" },
  dark: { safety: "#ffd9c2", vibe: "#ffdcf5", infrastructure: "#d3ecff", opportunity: "#c6f7e4" },
} as const;

/** Ascending by score. One layer's score goes from a place without reports to its layer's own colour and beyond. */
export function scoreRamp(name: ScoreName, theme: RampTheme): readonly RampStop[] {
  if (name === "overall") return OVERALL[theme.name];
  const [neutral, far, full] = [NEUTRAL[theme.name], FAR[theme.name][name], theme.layers[name]];
  const falls = name === "safety" || name === "infrastructure";
  return falls
    ? [
        [30, far],
        [70, full],
        [100, neutral],
      ]
    : [
        [50, neutral],
        [70, full],
        [100, far],
      ];
}
