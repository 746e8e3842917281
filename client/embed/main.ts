import "../style/page.css";
import "./embed.css";
import type { Map as MapLibreMap } from "maplibre-gl";
import { fetchBasemapStyleUrl } from "../api.ts";
import { element, find, icon } from "../dom.ts";
import { LAYER_ICONS } from "../icons.ts";
import { formatHash, INITIAL_STATE, type PageState } from "../page/address.ts";
import { createNotices, watchConnection } from "../page/notices.ts";
import type { Page } from "../page/page-state.ts";
import { LAYER_LABELS, WINDOW_LABELS } from "../words.ts";
import { parseEmbedAddress } from "./embed-address.ts";

declare global {
  /** The page's handle for scripts and consoles, as on the map's own page. */
  var stratum: { readonly map: MapLibreMap } | undefined;
}

const { state, legend } = parseEmbedAddress(location.search, INITIAL_STATE);
const page = createEmbedPage(state);
const notices = createNotices(find("#notices"));
watchConnection(notices);
bindOpen(find<HTMLAnchorElement>("#open"));
if (legend) showLegend(find("#legend"));

startMap().catch((error: unknown) => {
  console.error(error);
  notices.set("map", "The map could not be started. It needs a browser with WebGL 2.");
});

async function startMap(): Promise<void> {
  const [styleUrl, { chooseBasemap, createLiveMap }] = await Promise.all([
    fetchBasemapStyleUrl().catch(() => undefined),
    import("../map/live-map.ts"),
  ]);
  const basemap = await chooseBasemap(styleUrl, () => {});
  const { map } = createLiveMap({ container: find("#map"), page, basemap, isPicking: () => false, embedded: true });
  map.on("error", ({ error }) => console.warn("map:", error.message));
  globalThis.stratum = { map };
}

/** State that the address begins and then leaves alone: a frame's moves belong into no history. */
function createEmbedPage(initial: PageState): Page {
  let current = initial;
  const listeners: Parameters<Page["listen"]>[0][] = [];
  return {
    get: () => current,
    set(change) {
      const before = current;
      current = { ...current, ...change };
      for (const listener of listeners) listener(current, before);
    },
    listen: (listener) => listeners.push(listener),
  };
}

/** Keeps the link on the same view, with all that the whole page offers. */
function bindOpen(link: HTMLAnchorElement): void {
  const point = (to: PageState) => {
    link.href = `/${formatHash(to)}`;
  };
  point(page.get());
  page.listen(point);
}

function showLegend(list: HTMLElement): void {
  const { layers, window } = page.get();
  const entries = layers.map((layer) =>
    element(
      "li",
      { class: `on-${layer}` },
      element("span", { class: "disc" }, icon(LAYER_ICONS[layer])),
      LAYER_LABELS[layer],
    ),
  );
  list.append(...entries, element("li", { class: "embed-window" }, WINDOW_LABELS[window][1]));
  list.hidden = false;
}
