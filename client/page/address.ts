import { DEFAULT_WINDOW, isReportLayer, isTimeWindow, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";
import { SCORE_NAMES, type ScoreName } from "../../tiles/scores/scores.ts";

export interface MapView {
  readonly zoom: number;
  readonly latDeg: number;
  readonly lonDeg: number;
}

/** What the address shows and a shared link brings back. */
export interface PageState {
  readonly view: MapView;
  /** Empty only while the scores show. */
  readonly layers: readonly ReportLayer[];
  readonly window: TimeWindow;
  /** The score that colours the cells. */
  readonly scores?: ScoreName | undefined;
  /**
   * Geohash of the neighbourhood, or larger cell, whose card is open; or an area's id, which has hyphens; up to four of them with commas
   * between, or one and a comma, to compare; or `all-of:` and a city, for its list of areas.
   */
  readonly card?: string | undefined;
  /** Id of the report whose popup is open. */
  readonly report?: string | undefined;
}

/** San Francisco: without a link the page opens on a city, not on an ocean. */
export const INITIAL_STATE: PageState = {
  view: { zoom: 12, latDeg: 37.7689, lonDeg: -122.431 },
  layers: ["safety"],
  window: DEFAULT_WINDOW,
};

/** Stands in the address for no layer at all. */
const NO_LAYERS = "none";

/**
 * `#12.4/37.7689/-122.4310/safety,vibe/7d`, then `/scores=overall`, `/card=9q8yyk` and `/report=` with an id where they show.
 * MapLibre's own hash knows the view alone.
 */
export function formatHash({ view, layers, window, scores, card, report }: PageState): string {
  const digits = Math.max(2, Math.ceil(view.zoom / 3.3) + 1);
  const place = `${view.zoom.toFixed(2)}/${view.latDeg.toFixed(digits)}/${view.lonDeg.toFixed(digits)}`;
  const shown = layers.length === 0 ? NO_LAYERS : layers.join(",");
  const named = Object.entries({ scores, card, report }).filter(([, value]) => value);
  return [`#${place}`, shown, window, ...named.map((pair) => pair.join("="))].join("/");
}

/** Reads what `formatHash` writes; parts that are missing or make no sense are taken from `fallback`. */
export function parseHash(hash: string, fallback: PageState): PageState {
  const [zoom = "", lat = "", lon = "", layerList = "", window = "", ...more] = hash.replace(/^#/, "").split("/");
  const layers = layerList.replaceAll("%2C", ",").split(",").filter(isReportLayer);
  const view = { zoom: Number.parseFloat(zoom), latDeg: Number.parseFloat(lat), lonDeg: Number.parseFloat(lon) };
  const inside = view.zoom >= 0 && view.zoom <= 22 && Math.abs(view.latDeg) <= 85.06 && Math.abs(view.lonDeg) <= 180;
  const named = new URLSearchParams(more.join("&"));
  const scores = SCORE_NAMES.find((name) => name === named.get("scores"));
  const card = CARD.exec(named.get("card") ?? "")?.[0];
  const report = /^\w{1,64}$/.exec(named.get("report") ?? "")?.[0];
  const isBare = layerList === NO_LAYERS && scores !== undefined;
  return {
    view: inside ? view : fallback.view,
    layers: layers.length > 0 || isBare ? [...new Set(layers)] : orDefault(fallback.layers),
    window: isTimeWindow(window) ? window : fallback.window,
    ...(scores && { scores }),
    ...(card && { card }),
    ...(report && { report }),
  };
}

const CARD = /^([0-9b-hjkmnp-z]{4,6}|all-of:[a-z\d-]{1,80}|[a-z\d]+(-[a-z\d]+){2,}(,[a-z\d]+(-[a-z\d]+){2,}){0,3},?)$/;

/** A comparison that is open takes the area that is clicked, up to four, and stays for all else that is clicked. */
export function cardAfterClick(open: string | undefined, place: string): string {
  if (!open?.includes(",")) return place;
  const areas = new Set(`${open},${place}`.split(",").filter((id) => /-/.test(id)));
  return areas.size > 1 && areas.size < 5 ? [...areas].join() : open;
}

const orDefault = (layers: readonly ReportLayer[]) => (layers.length > 0 ? layers : INITIAL_STATE.layers);
