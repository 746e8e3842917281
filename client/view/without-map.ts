import "../style/without-map.css";
import type { ReportQuery } from "../api/api.ts";
import { canDrawMap } from "../map/can-draw.ts";
import { bindCitySwitch } from "../page/city-switch.ts";
import type { Page } from "../page/page-state.ts";
import { element, find } from "../ui/dom.ts";
import { bindLatest, type ListedView } from "./in-view.ts";

/** Half the side of the list's box: nobody can zoom out to find more, so it is most of a city. */
const HALF_DEG = 0.06;

/** The list is what there is to see. */
const LIST_LENGTH = 20;

const NO_WEBGL = "This browser cannot draw the map: it has no WebGL 2. Reading and reporting work without it.";

/** What the page can do without a map: the latest reports of a city, and, where that is for good, why there is no more. */
export function showWithoutMap(page: Page): void {
  document.body.classList.add("mapless");
  // On a phone, too, there is nothing else to see.
  find("#panel").classList.remove("folded");
  find("#fold").ariaExpanded = "true";
  // What MapLibre may have left of it.
  find("#map").replaceChildren();
  if (!canDrawMap()) find("#panel .masthead").after(element("p", { class: "why", role: "status" }, NO_WEBGL));
  void bindCitySwitch(find<HTMLSelectElement>("#city"), page, ({ center: [lonDeg, latDeg], zoom }) =>
    page.set({ view: { lonDeg, latDeg, zoom } }),
  );
  bindLatest(find("#latest"), viewOf(page), page);
}

/** Around where the map would be. */
function viewOf(page: Page): ListedView {
  return {
    limit: LIST_LENGTH,
    box(): ReportQuery["bbox"] {
      const { lonDeg, latDeg } = page.get().view;
      const [west, east] = [lonDeg - HALF_DEG, lonDeg + HALF_DEG];
      return [
        Math.max(-180, west),
        Math.max(-90, latDeg - HALF_DEG),
        Math.min(180, east),
        Math.min(90, latDeg + HALF_DEG),
      ];
    },
    onMove: (listener) =>
      page.listen((state, before) => {
        if (state.view !== before.view) listener();
      }),
  };
}
