import { DEFAULT_WINDOW, isReportLayer, isTimeWindow, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";

export interface MapView {
  readonly zoom: number;
  readonly latDeg: number;
  readonly lonDeg: number;
}

/** What the address shows and a shared link brings back. */
export interface PageState {
  readonly view: MapView;
  /** Never empty. */
  readonly layers: readonly ReportLayer[];
  readonly window: TimeWindow;
}

/** San Francisco: without a link the page opens on a city, not on an ocean. */
export const INITIAL_STATE: PageState = {
  view: { zoom: 12, latDeg: 37.7689, lonDeg: -122.431 },
  layers: ["safety"],
  window: DEFAULT_WINDOW,
};

/** `#12.4/37.7689/-122.4310/safety,vibe/7d`. */
export function formatHash({ view, layers, window }: PageState): string {
  const digits = Math.max(2, Math.ceil(view.zoom / 3.3) + 1);
  const place = `${view.zoom.toFixed(2)}/${view.latDeg.toFixed(digits)}/${view.lonDeg.toFixed(digits)}`;
  return `#${place}/${layers.join(",")}/${window}`;
}

/** Reads what `formatHash` writes; parts that are missing or make no sense are taken from `fallback`. */
export function parseHash(hash: string, fallback: PageState): PageState {
  const [zoom = "", lat = "", lon = "", layerList = "", window = ""] = hash.replace(/^#/, "").split("/");
  const layers = layerList.replaceAll("%2C", ",").split(",").filter(isReportLayer);
  const view = { zoom: Number.parseFloat(zoom), latDeg: Number.parseFloat(lat), lonDeg: Number.parseFloat(lon) };
  const inside = view.zoom >= 0 && view.zoom <= 22 && Math.abs(view.latDeg) <= 85.06 && Math.abs(view.lonDeg) <= 180;
  return {
    view: inside ? view : fallback.view,
    layers: layers.length > 0 ? [...new Set(layers)] : fallback.layers,
    window: isTimeWindow(window) ? window : fallback.window,
  };
}
