import type { Map as MapLibreMap } from "maplibre-gl";
import type { Notices } from "./notices.ts";

/** Quick loads show nothing: a bar that flashes is noise. */
const SHOW_AFTER_MS = 400;

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
  map.on("error", ({ error }) => {
    if (!navigator.onLine) return;
    console.warn("map:", error.message);
    notices.set("tiles", "Part of the map could not be loaded.", {
      label: "Try again",
      run: () => {
        for (const source of Object.keys(map.getStyle().sources)) map.refreshTiles(source);
      },
    });
  });
}
