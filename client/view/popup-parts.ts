import type { Map as MapLibreMap } from "maplibre-gl";
import type { ReportLayer } from "../../tiles/layers.ts";
import { BASE } from "../api/base.ts";
import { formatHash, type PageState } from "../page/address.ts";
import { namePlace } from "../report/place-name.ts";
import { element, icon } from "../ui/dom.ts";
import { SCORE_ICON, SHARE_ICON } from "../ui/icons.ts";
import { formatTime } from "../words/words.ts";

type Place = readonly [lonDeg: number, latDeg: number];

/** Where popups lead. */
export interface PopupLinks {
  /** Opens the score card of a neighbourhood; without it popups do not lead there. */
  readonly openCard: ((geohash: string) => void) | undefined;
  /** Hands an address on; without it the link is one to the whole page. */
  readonly share: ((url: string, link: HTMLElement) => void) | undefined;
}

/** A link shows its place from no farther away. */
const REPORT_ZOOM = 16;

export function reportLink(state: PageState, at: Place, id: string, layer: ReportLayer): string {
  const layers = state.layers.includes(layer) ? state.layers : [layer];
  return linkTo({ ...state, layers, report: id }, at, Math.max(REPORT_ZOOM, state.view.zoom));
}

export const clusterLink = (state: PageState, at: Place): string =>
  linkTo({ ...state, report: undefined }, at, state.view.zoom);

const linkTo = (state: PageState, [lonDeg, latDeg]: Place, zoom: number): string =>
  `${BASE}/${formatHash({ ...state, view: { zoom, lonDeg, latDeg }, card: undefined })}`;

/** "18th St, Mission District" where the basemap knows, else degrees; below it the time in full, of the newest report of several. */
export function placeAndTime(map: MapLibreMap, [lonDeg, latDeg]: Place, timeMs?: number, before = ""): HTMLElement {
  const place = namePlace(map, lonDeg, latDeg) || `${latDeg.toFixed(4)}, ${lonDeg.toFixed(4)}`;
  const time = timeMs === undefined ? undefined : exactTime(timeMs, before);
  return element("div", { class: "where-when" }, element("p", {}, place), time);
}

export function exactTime(timeMs: number, before = ""): HTMLElement {
  const time = element("time", { datetime: new Date(timeMs).toISOString() }, formatTime(timeMs));
  return element("p", { class: "exact-time" }, before, time);
}

/** The ways on from a popup: its neighbourhood's card, and the link to it. */
export function popupFoot(
  { openCard, share }: PopupLinks,
  geohash: string,
  url: string,
  close: () => void,
): HTMLElement {
  const score = element("button", { type: "button", class: "link to-score" }, icon(SCORE_ICON), "Neighbourhood score");
  score.addEventListener("click", () => {
    close();
    openCard?.(geohash);
  });
  const link = element(
    "a",
    { class: "link", href: url, ...(share ? {} : { target: "_blank" }) },
    icon(SHARE_ICON),
    "Link",
  );
  link.addEventListener("click", (event) => {
    if (!share || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    share(url, link);
  });
  return element("p", { class: "popup-foot" }, openCard ? score : undefined, link);
}
