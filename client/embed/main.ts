import "../style/page.css";
import "./embed.css";
import type { Map as MapLibreMap } from "maplibre-gl";
import { fetchBasemapStyleUrl } from "../api/api.ts";
import { OF_PATH } from "../api/base.ts";
import { formatHash, INITIAL_STATE, type PageState } from "../page/address.ts";
import { sayCodeMissing } from "../page/code-missing.ts";
import { createNotices, watchConnection } from "../page/notices.ts";
import type { Page } from "../page/page-state.ts";
import { find } from "../ui/dom.ts";
import { sayWhatIsMissing } from "../view/progress.ts";
import { applyScheme } from "./apply-scheme.ts";
import { parseEmbedAddress } from "./embed-address.ts";
import { gatherChanges } from "./gather-changes.ts";
import { openHostChannel } from "./host-channel.ts";
import { bindLegend } from "./legend.ts";

declare global {
  /** The page's handle for scripts and consoles, as on the map's own page. */
  var stratum: { readonly map: MapLibreMap } | undefined;
}

const channel = openHostChannel();
const address = parseEmbedAddress(location.search, INITIAL_STATE);
let { look } = address;
applyScheme(look.theme);
const page = createEmbedPage(address.state);
const notices = createNotices(find("#notices"));
watchConnection(notices);
bindOpen(find<HTMLAnchorElement>("#open"));
const legend = find("#legend");
bindLegend(legend, page);
legend.hidden = !look.legend;
for (const { message } of address.faults) notices.set(message, message);

startMap().catch((error: unknown) => {
  console.error(error);
  const fault = { code: "map", message: "The map could not be started. It needs a browser with WebGL 2." } as const;
  notices.set("map", fault.message);
  channel.tell({ type: "error", ...fault });
  channel.refuse(fault);
});

async function startMap(): Promise<void> {
  const [styleUrl, { chooseBasemap, createLiveMap, bindScores, serveHost }] = await Promise.all([
    fetchBasemapStyleUrl().catch(() => undefined),
    import("./frame-map.ts"),
  ]);
  const basemap = await chooseBasemap(styleUrl, () => {});
  // The map's own stylesheet has come with its code.
  applyScheme(look.theme);
  const onTold = gatherChanges(channel);
  const { map, failures } = createLiveMap({
    container: find("#map"),
    page,
    basemap,
    isPicking: () => false,
    embedded: true,
    onCodeMissing: sayCodeMissing(notices),
    onTold,
  });
  sayWhatIsMissing(map, failures, notices);
  bindScores(map, page, () => {});
  serveHost({
    map,
    page,
    channel,
    look: () => look,
    setLook(change) {
      look = { ...look, ...change };
      applyScheme(look.theme);
      legend.hidden = !look.legend;
    },
  });
  for (const fault of address.faults) channel.tell({ type: "error", code: "parameter", ...fault });
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
    link.href = `${OF_PATH}/${formatHash(to)}`;
  };
  point(page.get());
  page.listen(point);
}
