import "maplibre-gl/dist/maplibre-gl.css";
import {
  AttributionControl,
  GeolocateControl,
  Map as MapLibreMap,
  Marker,
  NavigationControl,
  type StyleSpecification,
  setWorkerUrl,
  type VectorSourceSpecification,
  type VectorTileSource,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { BASE } from "../api/base.ts";
import { keepTilesLive } from "../live/live-tiles.ts";
import { CITY_SOURCE } from "../map/basemap-style.ts";
import { coveredEdges } from "../map/free-area.ts";
import { bindGeohashGrid } from "../map/geohash-grid.ts";
import type { MapHandle } from "../map/map-handle.ts";
import { createPulses } from "../map/pulses.ts";
import { drawReportIcon } from "../map/report-icon.ts";
import { MAX_ZOOM, sourceOf, tileUrl } from "../map/report-layers.ts";
import { createSketchBadge } from "../map/sketch-badge.ts";
import { bindSpread } from "../map/spread-source.ts";
import { onThemeChange } from "../map/theme.ts";
import { cardAfterClick } from "../page/address.ts";
import type { Page, PageState } from "../page/page-state.ts";
import type { WayBack } from "../page/way-back.ts";
import { prefersReducedMotion } from "../ui/dom.ts";
import { ALLOW_LOCATION } from "../words/map.ts";
import { LOCATION_OFF, NO_LOCATION } from "../words/words.ts";
import { bindClicks, cardAt } from "./clicks.ts";
import { createPopupsOnDemand } from "./popups-on-demand.ts";
import type { ReportPopups } from "./report-popup.ts";
import { composeStyle, fetchBasemapStyle, reportStyle } from "./style.ts";
import { type TileFailures, watchTileFailures } from "./tile-failures.ts";
import { bindUnknownGround } from "./unknown-ground.ts";

setWorkerUrl(new URL(workerUrl, location.href).href);

/** Below this width the attribution folds to its button once it has been seen. */
const PHONE_WIDTH = 640;

export interface LiveMapOptions {
  readonly container: HTMLElement;
  readonly page: Page;
  /** A basemap instead of our own. */
  readonly basemap: StyleSpecification | undefined;
  /** While this is true a click picks a place and opens nothing. */
  isPicking(): boolean;
  /** On another site's page: scrolling that page must not zoom the map, and whoever reads it did not come to be located. */
  readonly embedded?: boolean;
  /** The page's history, which closes popups. */
  readonly back?: WayBack;
  /** Hands the address of a report or a place on; without it popups link to the whole page. */
  readonly share?: (url: string, link: HTMLElement) => void;
  /** Tells the reader in words what a control could not do. */
  say?(text: string): void;
  /** Hears that code which comes with its first use did not come. */
  onCodeMissing(error: unknown): void;
  /** Hears of what changes in view, as the server tells it. */
  onTold?(layer: ReportLayer, geohash: string): void;
}

export interface LiveMap extends MapHandle {
  readonly popups: ReportPopups;
  readonly failures: TileFailures;
  /** Whose card the middle of the map means: an area's, or a cell's. */
  cardInMiddle(): string | undefined;
}

/** The style at the operator's URL; `undefined`, for our own basemap, when there is none or it cannot be had. */
export async function chooseBasemap(
  styleUrl: string | undefined,
  onFailure: () => void,
): Promise<StyleSpecification | undefined> {
  if (styleUrl === undefined) return undefined;
  try {
    return await fetchBasemapStyle(styleUrl);
  } catch (error) {
    console.warn("basemap:", error);
    onFailure();
    return undefined;
  }
}

/** The map, kept in step with the page's state in both directions. */
export function createLiveMap(options: LiveMapOptions): LiveMap {
  const { container, page, basemap, isPicking, embedded = false } = options;
  const { view } = page.get();
  const map = new MapLibreMap({
    container,
    style: composeStyle(page.get(), basemap),
    center: [view.lonDeg, view.latDeg],
    zoom: view.zoom,
    maxZoom: MAX_ZOOM,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    cooperativeGestures: embedded,
    fadeDuration: prefersReducedMotion() ? 0 : 200,
    reduceMotion: prefersReducedMotion(),
    locale: { "GeolocateControl.LocationNotAvailable": LOCATION_OFF },
  });
  map.jumpTo({ center: [view.lonDeg, view.latDeg], padding: coveredEdges() });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.setMissingStyleImageResolver((name) => {
    const icon = drawReportIcon(name);
    if (icon) map.addImage(name, icon.image, { pixelRatio: icon.pixelRatio });
  });
  map.addControl(new AttributionControl({ compact: true }), "bottom-right");
  const failures = watchTileFailures(map);
  const isSketchMissing = () => failures.inView(CITY_SOURCE).length > 0;
  if (basemap === undefined) map.addControl(createSketchBadge(isSketchMissing), "bottom-left");
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  if (!embedded) {
    addGeolocate(map, options.say);
  }

  if (innerWidth < PHONE_WIDTH)
    map.once("idle", () =>
      container.querySelector(".maplibregl-compact-show summary")?.dispatchEvent(new MouseEvent("click")),
    );
  // On another site's page there is no room for a card.
  const openCard = embedded ? undefined : (card: string) => page.set({ card });
  const popups = createPopupsOnDemand({
    map,
    page,
    openCard,
    back: options.back,
    share: options.share,
    onCodeMissing: options.onCodeMissing,
  });
  const hideReports = bindState(map, page, basemap);
  bindGeohashGrid(map);
  bindUnknownGround(map, failures);
  const onPlace = openCard && ((place: string) => openCard(cardAfterClick(page.get().card, place)));
  bindClicks({ map, popups, openCard: onPlace, isPicking });
  onThemeChange(() => map.setStyle(composeStyle(page.get(), basemap), { diff: true }));
  const pulses = createPulses(map);
  const live = keepTilesLive(map, page.get, (layer, geohash) => {
    if (page.get().layers.includes(layer)) pulses.told(layer, geohash);
    options.onTold?.(layer, geohash);
  });
  page.listen(live.stateChanged);
  return {
    map,
    popups,
    failures,
    cardInMiddle: () => cardAt(map, map.getCenter()),
    hideReports,
    showNew(report) {
      live.noteReport(report.layer, report.lon, report.lat);
      pulses.own(report.layer, report.lon, report.lat);
    },
    mark(at, mark) {
      const marker = new Marker({ element: mark }).setLngLat(at).addTo(map);
      return () => marker.remove();
    },
  };
}

/** `GeolocationPositionError.PERMISSION_DENIED`, which MapLibre's declaration hides. */
const PERMISSION_DENIED = 1;

/** The button that shows where the reader is, and says in words when it cannot. */
function addGeolocate(map: MapLibreMap, say: (text: string) => void = () => {}): void {
  const control = new GeolocateControl({ positionOptions: { enableHighAccuracy: true } });
  map.addControl(control, "bottom-right");
  const sayOff = () => say(`${LOCATION_OFF} ${ALLOW_LOCATION}`);
  control.on("error", ({ code }) => {
    if (code === PERMISSION_DENIED) sayOff();
    else say(NO_LOCATION);
  });
  // A button that is switched off hears nothing; what is around it does.
  const group = map.getContainer().querySelector(".maplibregl-ctrl-group:has(.maplibregl-ctrl-geolocate)");
  group?.addEventListener("click", () => {
    if (group.querySelector("button:disabled")) sayOff();
  });
}

function bindState(map: MapLibreMap, page: Page, basemap: StyleSpecification | undefined): MapHandle["hideReports"] {
  let styled = false;
  let hidden = false;
  const shown = () => (hidden ? [] : page.get().layers);
  const respread = bindSpread(map, shown);
  const showReports = () => {
    if (!styled) return;
    showLayers(map, shown(), basemap);
    respread();
  };
  map.on("style.load", () => {
    styled = true;
    showReports();
    showWindow(map, page.get());
  });
  page.listen((state, before) => {
    if (state.layers !== before.layers) showReports();
    if (styled && state.window !== before.window) showWindow(map, state);
    if (state.view !== before.view && !sameView(map, state)) {
      map.jumpTo({ center: [state.view.lonDeg, state.view.latDeg], zoom: state.view.zoom });
    }
  });
  map.on("moveend", () => {
    const { lng, lat } = map.getCenter().wrap();
    page.set({ view: { zoom: map.getZoom(), lonDeg: lng, latDeg: lat } });
  });
  return (hide) => {
    hidden = hide;
    showReports();
  };
}

function sameView(map: MapLibreMap, { view }: PageState): boolean {
  const { lng, lat } = map.getCenter().wrap();
  return (
    Math.abs(lng - view.lonDeg) < 1e-6 &&
    Math.abs(lat - view.latDeg) < 1e-6 &&
    Math.abs(map.getZoom() - view.zoom) < 0.01
  );
}

/** Shows these layers' marks and no others, each drawn from its own tiles, or all beside each other. */
function showLayers(map: MapLibreMap, shown: readonly ReportLayer[], basemap: StyleSpecification | undefined): void {
  for (const wanted of reportStyle(shown, basemap)) {
    const layer = map.getLayer(wanted.id);
    if (layer && layer.source !== wanted.source) {
      // A layer cannot change its source.
      const order = map.getLayersOrder();
      const above = order[order.indexOf(wanted.id) + 1];
      map.removeLayer(wanted.id);
      map.addLayer(wanted, above);
    } else map.setLayoutProperty(wanted.id, "visibility", wanted.layout?.visibility);
  }
}

function showWindow(map: MapLibreMap, { window }: PageState): void {
  for (const layer of REPORT_LAYERS) {
    const source = map.getSource<VectorTileSource>(sourceOf(layer));
    const url = tileUrl(BASE, layer, window);
    // Its `tiles` are there only once it has loaded.
    const shown = (source?.serialize() as VectorSourceSpecification | undefined)?.tiles?.[0];
    if (shown !== url) source?.setTiles([url]);
  }
}
