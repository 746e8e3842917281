import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { BASE } from "../api/base.ts";
import { currentTheme } from "../map/theme.ts";
import type { Page } from "../page/page-state.ts";
import {
  AREA_CHOSEN,
  AREA_LAYERS,
  AREA_NAMES_SOURCE,
  AREAS_FROM_ZOOM,
  areaFill,
  areaOutlines,
  areaSources,
} from "./area-layers.ts";
import { namePoints } from "./area-names.ts";
import { AREA_FILL, AREA_SOURCE, SCORE_FILL, SCORE_HOVER, SCORE_SOURCE, scoreColor } from "./score-layers.ts";
import type { PointedPlace } from "./score-map.ts";
import { bindPointer } from "./score-pointer.ts";

/** Names of the basemap that areas have themselves. */
const BASEMAP_NAMES = "neighbourhood";
/** New reports are in the scores after some minutes; tiles that are as they were cost a 304. */
const LOOK_AFTER_EVERY_MS = 60_000;

export interface AreaMap {
  /** Brings what is drawn in step with the page. */
  show(): void;
}

export interface AreaMapOptions {
  readonly map: MapLibreMap;
  readonly page: Page;
  /** Told whether areas stand in place of cells. */
  onAreas(areShown: boolean): void;
  onPointed(place: PointedPlace | undefined): void;
}

/** Draws the areas' scores wherever a city has areas. */
export function bindAreas({ map, page, onAreas, onPointed }: AreaMapOptions): AreaMap {
  let areThere: boolean | undefined;
  let drawn = "";
  let named = "";

  const add = (): boolean => {
    if (!map.getLayer(SCORE_FILL)) return false;
    if (map.getLayer(AREA_FILL)) return true;
    // That of the counts is there in any basemap.
    const font = map.getLayoutProperty("safety-count", "text-font") as string[];
    const options = { shown: page.get().scores ?? "overall", theme: currentTheme(), font };
    for (const [id, source] of Object.entries(areaSources(BASE))) if (!map.getSource(id)) map.addSource(id, source);
    map.addLayer(areaFill(options), SCORE_FILL);
    for (const layer of areaOutlines(options)) map.addLayer(layer, SCORE_HOVER);
    drawn = "";
    named = "";
    return true;
  };

  const show = (): void => {
    if (!add()) return;
    const { scores, card } = page.get();
    const area = isArea(card) ? card : undefined;
    const wanted = [scores, area, areThere, currentTheme().name].join();
    if (wanted === drawn) return;
    drawn = wanted;
    // Where there are none they cost nothing, and tell when there are.
    for (const id of AREA_LAYERS) map.setLayoutProperty(id, "visibility", visible(scores !== undefined));
    if (scores) map.setPaintProperty(AREA_FILL, "fill-color", scoreColor(scores, currentTheme()));
    for (const id of AREA_CHOSEN) {
      map.setFilter(id, ["==", ["get", "id"], area ?? ""]);
      map.setLayoutProperty(id, "visibility", visible(area !== undefined));
    }
    if (map.getLayer(BASEMAP_NAMES))
      map.setLayoutProperty(BASEMAP_NAMES, "visibility", visible(!(scores !== undefined && areThere === true)));
    onAreas(scores !== undefined && areThere !== false);
  };

  const look = (): void => {
    if (page.get().scores === undefined || !map.getSource(AREA_SOURCE)) return;
    const isFar = map.getZoom() < AREAS_FROM_ZOOM;
    if (!isFar && !map.isSourceLoaded(AREA_SOURCE)) return;
    const pieces = isFar ? [] : map.querySourceFeatures(AREA_SOURCE, { sourceLayer: "areas" });
    areThere = pieces.length > 0;
    show();
    const names = namePoints(pieces);
    const wanted = JSON.stringify(names);
    if (wanted === named) return;
    named = wanted;
    map.getSource<GeoJSONSource>(AREA_NAMES_SOURCE)?.setData(names);
  };

  map.on("styledata", show);
  map.on("idle", look);
  map.on("zoom", () => {
    if (map.getZoom() < AREAS_FROM_ZOOM && areThere === true) look();
  });
  setInterval(() => {
    if (page.get().scores && !document.hidden) map.refreshTiles(areThere === true ? AREA_SOURCE : SCORE_SOURCE);
  }, LOOK_AFTER_EVERY_MS);
  const pointed = { map, page, onPointed };
  bindPointer({ ...pointed, fill: SCORE_FILL, source: SCORE_SOURCE, sourceLayer: "scores" });
  bindPointer({ ...pointed, fill: AREA_FILL, source: AREA_SOURCE, sourceLayer: "areas" });
  return { show };
}

const visible = (is: boolean) => (is ? "visible" : "none");

/** Ids of areas have hyphens, geohashes have none. */
const isArea = (card: string | undefined): card is string => card?.includes("-") === true;
