import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NO_SCORE_COLORS, type RampTheme, scoreRamp } from "../../../client/scores/ramp.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";

/** Colours of the layers as the stylesheet has them, the light ones first. */
const css = readFileSync(new URL("../../../client/style/tokens.css", import.meta.url), "utf8");
const colorsOf = (layer: string) =>
  [...css.matchAll(new RegExp(`--${layer}: (#[0-9a-f]{6})`, "g"))].map(([, hex]) => hex);
const themes = (["light", "dark"] as const).map((name, i) => ({
  name,
  layers: Object.fromEntries(REPORT_LAYERS.map((layer) => [layer, colorsOf(layer)[i]])),
})) as unknown as RampTheme[];

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("stands out the more the worse a score is, told by lightness alone, and has no colour of a place without a score", () => {
  for (const theme of themes) {
    for (const name of [...REPORT_LAYERS, "overall"] as const) {
      const ramp = scoreRamp(name, theme);
      const scores = ramp.map(([score]) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => a - b));
      expect(scores.at(-1)).toBe(100);
      const light = ramp.map(([, color]) => luminance(color));
      const sorted = light.toSorted((a, b) => (theme.name === "light" ? a - b : b - a));
      expect(light, `${theme.name} ${name}`).toEqual(sorted);
      expect(ramp.map(([, color]) => color)).not.toContain(NO_SCORE_COLORS[theme.name]);
    }
  }
});
