import type { Map as MapLibreMap } from "maplibre-gl";
import type { Notices } from "./notices.ts";

/** Quick loads show nothing: a bar that flashes is noise. */
const SHOW_AFTER_MS = 400;
/** Browsers say "online" when there is a network, which is a little before it carries anything. */
const AFTER_ONLINE_MS = [1_000, 4000, 10_000];

/** Shows the bar while tiles load, and a notice with "Try again" when reports could not be loaded. */
export function bindProgress(bar: HTMLElement, map: MapLibreMap, notices: Notices): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = () => {
    bar.hidden = false;
  };
  map.on("dataloading", () => {
    timer ??= setTimeout(show, SHOW_AFTER_MS);
  });
  map.on("idle", () => {
    clearTimeout(timer);
    timer = undefined;
    bar.hidden = true;
  });
  let isLacking = false;
  const tryAgain = () => {
    isLacking = false;
    notices.set("tiles", undefined);
    for (const source of Object.keys(map.getStyle().sources)) map.refreshTiles(source);
  };
  map.on("error", ({ error }) => {
    isLacking = true;
    if (!navigator.onLine) return;
    console.warn("map:", error.message);
    notices.set("tiles", "Part of the map could not be loaded.", { label: "Try again", run: tryAgain });
  });
  const mend = () => {
    if (isLacking) tryAgain();
  };
  addEventListener("online", () => {
    for (const waitMs of AFTER_ONLINE_MS) setTimeout(mend, waitMs);
  });
}
