import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { BASE } from "../api/base.ts";
import { FONT_BOLD } from "../map/basemap-labels.ts";
import { basemapStyle, GRID_LAYER } from "../map/basemap-style.ts";
import { type MarkLayer, reportLayers, reportSources } from "../map/report-layers.ts";
import { currentTheme } from "../map/theme.ts";
import type { PageState } from "../page/page-state.ts";
import { scoreFill, scoreOutlines, scoreSources } from "../scores/score-layers.ts";
import { withUnknownGround } from "./unknown-ground.ts";

const BASEMAP_TIMEOUT_MS = 6_000;

/** A basemap of the operator's choice. @throws when it cannot be fetched or is no style. */
export async function fetchBasemapStyle(url: string): Promise<StyleSpecification> {
  const response = await fetch(url, { signal: AbortSignal.timeout(BASEMAP_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const style = (await response.json()) as StyleSpecification;
  if (style.version !== 8 || !Array.isArray(style.layers)) throw new Error(`${url} is not a style`);
  return absolute(style, url);
}

/** Relative addresses in a style are meant relative to the style, not to our page. */
function absolute(style: StyleSpecification, base: string): StyleSpecification {
  const resolve = (address: string) =>
    decodeURI(new URL(address.replaceAll("{", "%7B").replaceAll("}", "%7D"), base).href);
  return {
    ...style,
    ...(style.glyphs && { glyphs: resolve(style.glyphs) }),
    ...(typeof style.sprite === "string" && { sprite: resolve(style.sprite) }),
  };
}

/** The whole style in the system's theme: a basemap, ours when no other is given, and the reports on top. */
export function composeStyle(state: PageState, foreign: StyleSpecification | undefined): StyleSpecification {
  const theme = currentTheme();
  const base = foreign ?? withUnknownGround(basemapStyle(theme, BASE), theme);
  const { below, above } = parted(base.layers);
  return {
    ...base,
    sources: { ...base.sources, ...scoreSources(BASE), ...reportSources(BASE, state.window) },
    layers: [
      ...below,
      ...scoreFill(state.scores, theme),
      ...above,
      ...scoreOutlines(state.scores, theme),
      ...reportStyle(state.layers, foreign),
    ],
  };
}

/** The style layers of the reports, of which these show, bottom first. */
export function reportStyle(shown: readonly ReportLayer[], foreign: StyleSpecification | undefined): MarkLayer[] {
  const font = foreign === undefined ? FONT_BOLD : (foreignFont(foreign) ?? FONT_BOLD);
  const options = { theme: currentTheme(), font, shown, nowSeconds: Math.floor(Date.now() / 1000) };
  return REPORT_LAYERS.flatMap((layer) => reportLayers(layer, options));
}

/** A basemap's grounds, and its streets and names, which are drawn over the colours of the scores. */
function parted(layers: readonly LayerSpecification[]): Record<"below" | "above", readonly LayerSpecification[]> {
  const ours = layers.findIndex(({ id }) => id === GRID_LAYER);
  const first = ours >= 0 ? ours : layers.findIndex(({ type }) => type === "symbol");
  const at = first < 0 ? layers.length : first;
  return { below: layers.slice(0, at), above: layers.slice(at) };
}

/** A font that the foreign style's glyph server has for sure: the first that one of its layers names. */
function foreignFont(style: StyleSpecification): string[] | undefined {
  for (const layer of style.layers) {
    const font = layer.type === "symbol" ? layer.layout?.["text-font"] : undefined;
    if (Array.isArray(font) && font[0] !== "literal") {
      const names = (font as readonly unknown[]).filter((name): name is string => typeof name === "string");
      if (names.length === font.length) return names;
    }
  }
  return undefined;
}
