import type { Map as MapLibreMap } from "maplibre-gl";
import type { Notices } from "../page/notices.ts";
import type { TileFailures } from "./tile-failures.ts";

/** Quick loads show nothing: a bar that flashes is noise. */
const SHOW_AFTER_MS = 400;
/** Browsers say "online" when there is a network, which is a little before it carries anything. */
const AFTER_ONLINE_MS = [1_000, 4000, 10_000];

/** Shows the bar while tiles load. */
export function bindProgress(bar: HTMLElement, map: MapLibreMap): void {
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
}

/** Says when the view lacks tiles, with "Try again"; and tries by itself when the network is back. */
export function sayWhatIsMissing(map: MapLibreMap, failures: TileFailures, notices: Notices): void {
  const say = () => {
    const isMissing = failures.inView().length > 0;
    // Offline the page says so already.
    const text = isMissing && navigator.onLine ? "Part of the map could not be loaded." : undefined;
    notices.set("tiles", text, { label: "Try again", run: failures.tryAgain });
  };
  map.on("error", ({ error }) => {
    if (navigator.onLine) console.warn("map:", error.message);
    say();
  });
  map.on("idle", say);
  addEventListener("online", () => {
    for (const waitMs of AFTER_ONLINE_MS) setTimeout(failures.tryAgain, waitMs);
  });
}
