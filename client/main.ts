import "./style/page.css";
import type { Map as MapLibreMap } from "maplibre-gl";
import { fetchBasemapStyleUrl } from "./api.ts";
import { find, prefersReducedMotion } from "./dom.ts";
import type { LiveMap } from "./map/live-map.ts";
import { bindCitySwitch } from "./page/city-switch.ts";
import { bindCount, bindLatest } from "./page/in-view.ts";
import { bindLayerSwitch, bindWindowSwitch } from "./page/layer-switch.ts";
import { fillLegend } from "./page/legend.ts";
import { createNotices, watchConnection } from "./page/notices.ts";
import { createPage } from "./page/page-state.ts";
import { bindProgress } from "./page/progress.ts";
import { bindReportForm } from "./report/report-form.ts";

declare global {
  /** The page's handle for scripts and consoles, there once the map is: `stratum.map` is the MapLibre map. */
  var stratum: { readonly map: MapLibreMap } | undefined;
}

const page = createPage();
const notices = createNotices(find("#notices"));
bindLayerSwitch(find("#layers"), find<HTMLInputElement>("#combine"), page);
bindWindowSwitch(find("#windows"), page);
fillLegend(find("#legend"));
watchConnection(notices);

// The map is the larger part of the code: the controls are there and work before it has arrived.
startMap().catch((error: unknown) => {
  console.error(error);
  const run = () => location.reload();
  notices.set("map", "The map could not be started. It needs a browser with WebGL 2.", { label: "Reload", run });
});

async function startMap(): Promise<void> {
  const [styleUrl, { chooseBasemap, createLiveMap }] = await Promise.all([
    fetchBasemapStyleUrl().catch(() => undefined),
    import("./map/live-map.ts"),
  ]);
  const basemap = await chooseBasemap(styleUrl, () =>
    notices.set("basemap", "The detailed basemap cannot be reached; this is the built-in one."),
  );
  let picking = false;
  const liveMap = createLiveMap({ container: find("#map"), page, basemap, isPicking: () => picking });
  bindProgress(find("#progress"), liveMap.map, notices);
  bindReportForm({
    liveMap,
    page,
    notices,
    onOpenChange: (open) => {
      picking = open;
    },
  });
  bindView(liveMap);
  globalThis.stratum = { map: liveMap.map };
}

function bindView({ map, popups }: LiveMap): void {
  bindCount(find("#in-view"), map, page);
  bindLatest(find("#latest"), map, page, (report) => {
    popups.showReport([report.lon, report.lat], report.id, { ...report, createdAtMs: Date.parse(report.created_at) });
  });
  void bindCitySwitch(find<HTMLSelectElement>("#city"), ({ center, zoom }) => {
    const target = { center: [...center] as [number, number], zoom };
    if (prefersReducedMotion()) map.jumpTo(target);
    else map.flyTo({ ...target, duration: 2_400 });
  });
}
