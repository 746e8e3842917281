import { isReportLayer, isTimeWindow } from "../../tiles/layers.ts";
import type { PageState } from "../page/address.ts";

export interface EmbedAddress {
  readonly state: PageState;
  readonly legend: boolean;
}

/**
 * Reads `?layers=safety,vibe&center=-122.42,37.77&zoom=12&window=7d&legend=on`: whoever writes it by hand learns from the map what
 * they got wrong, so what is missing or makes no sense is taken from `fallback`. A centre with its latitude first is turned
 * around where that can be told.
 */
export function parseEmbedAddress(search: string, fallback: PageState): EmbedAddress {
  const parameters = new URLSearchParams(search);
  const layers = (parameters.get("layers") ?? "").split(",").filter(isReportLayer);
  const window = parameters.get("window") ?? "";
  const zoom = Number.parseFloat(parameters.get("zoom") ?? "");
  return {
    state: {
      view: {
        ...(parseCenter(parameters.get("center") ?? "") ?? fallback.view),
        zoom: zoom >= 0 && zoom <= 22 ? zoom : fallback.view.zoom,
      },
      layers: layers.length > 0 ? [...new Set(layers)] : fallback.layers,
      window: isTimeWindow(window) ? window : fallback.window,
    },
    legend: ["on", "1", "true"].includes(parameters.get("legend") ?? ""),
  };
}

function parseCenter(text: string): { lonDeg: number; latDeg: number } | undefined {
  const [first, second, ...more] = text.split(",").map(Number.parseFloat);
  if (first === undefined || second === undefined || more.length > 0) return undefined;
  if (Math.abs(first) <= 180 && Math.abs(second) <= 85.05) return { lonDeg: first, latDeg: second };
  if (Math.abs(second) <= 180 && Math.abs(first) <= 85.05) return { lonDeg: second, latDeg: first };
  return undefined;
}
