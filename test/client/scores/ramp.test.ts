import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type RampTheme, scoreRamp } from "../../../client/scores/ramp.ts";
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

test("tells scores apart by lightness alone, away from that of a place without reports", () => {
  for (const theme of themes) {
    for (const name of [...REPORT_LAYERS, "overall"] as const) {
      const ramp = scoreRamp(name, theme);
      const start = { safety: 100, vibe: 50, infrastructure: 100, opportunity: 50, overall: 75 }[name];
      const scores = ramp.map(([score]) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => a - b));
      expect(scores).toContain(start);
      for (const side of [
        ramp.filter(([score]) => score <= start).toReversed(),
        ramp.filter(([score]) => score >= start),
      ]) {
        const light = side.map(([, color]) => luminance(color));
        const sorted = light.toSorted((a, b) => (theme.name === "light" ? b - a : a - b));
        expect(light, `${theme.name} ${name}`).toEqual(sorted);
      }
    }
  }
});
