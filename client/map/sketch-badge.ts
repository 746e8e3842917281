import "../style/sketch-badge.css";
import type { IControl, Map as MapLibreMap } from "maplibre-gl";
import { BASE } from "../api/base.ts";
import { element } from "../ui/dom.ts";
import { ABOUT_MAP, OWN_STREETS, SKETCH_WORDS } from "../words/map.ts";
import { CITY_LAYERS, CITY_ZOOM } from "./basemap-style.ts";

/** From here on a map is expected to have streets. */
const STREETS_ZOOM = 11;

type Kind = keyof typeof SKETCH_WORDS;

/**
 * A quiet badge that says what the built-in basemap is: a sketch where a city is drawn, nothing yet where none is. It opens to a
 * sentence, and to how the one who runs the service gets streets. Farther out, where the world is drawn from real data, it is hidden.
 * @param isMissing whether a tile in view that may hold a sketch could not be had: then nobody knows that there is none
 */
export function createSketchBadge(isMissing: () => boolean): IControl {
  const title = element("summary");
  const text = element("p");
  const [before, variable, after] = OWN_STREETS;
  const link = element("a", { href: `${BASE}/about#map`, target: "_blank", rel: "noopener" }, ABOUT_MAP);
  const badge = element(
    "details",
    { class: "maplibregl-ctrl sketch-badge", hidden: true },
    title,
    element("div", {}, text, element("p", {}, before, element("code", {}, variable), after), element("p", {}, link)),
  );
  const show = (kind: Kind | undefined) => {
    badge.hidden = kind === undefined;
    if (kind === undefined || badge.dataset.kind === kind) return;
    badge.dataset.kind = kind;
    title.textContent = SKETCH_WORDS[kind].title;
    text.textContent = SKETCH_WORDS[kind].text;
  };
  badge.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !badge.open) return;
    badge.open = false;
    title.focus();
  });
  let map: MapLibreMap | undefined;
  const look = () => {
    if (map) show(kindOf(map, isMissing()));
  };
  const close = () => {
    badge.open = false;
  };
  return {
    onAdd(to) {
      map = to;
      map.on("idle", look);
      map.on("click", close);
      return badge;
    },
    onRemove() {
      map?.off("idle", look);
      map?.off("click", close);
      badge.remove();
    },
  };
}

/** What of a sketch the map shows; `undefined` where none is needed, or nothing is known. */
function kindOf(map: MapLibreMap, isMissing: boolean): Kind | undefined {
  const zoom = map.getZoom();
  if (zoom < CITY_ZOOM) return undefined;
  const layers = CITY_LAYERS.filter((id) => map.getLayer(id));
  if (map.queryRenderedFeatures({ layers }).length > 0) return "sketched";
  return zoom < STREETS_ZOOM || isMissing ? undefined : "bare";
}
