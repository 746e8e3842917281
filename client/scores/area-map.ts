import type { ExpressionSpecification, FilterSpecification, GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
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
import { type Coverage, coverageOf } from "./coverage.ts";
import { bindRankingLink } from "./ranking-link.ts";
import { AREA_FILL, AREA_SOURCE, NO_CELLS, SCORE_FILL, SCORE_HOVER, SCORE_SOURCE, scoreColor } from "./score-layers.ts";
import type { PointedPlace } from "./score-map.ts";
import { bindPointer } from "./score-pointer.ts";

/** Names of the basemap that areas have themselves. */
const BASEMAP_NAMES = "neighbourhood";
/** New reports are in the cells' scores after some minutes; tiles that are as they were cost a 304. */
const LOOK_AFTER_EVERY_MS = 60_000;

export interface AreaMap {
  /** Brings what is drawn in step with the page. */
  show(): void;
}

export interface AreaMapOptions {
  readonly map: MapLibreMap;
  readonly page: Page;
  /** Told which cells show beside the areas; null: all. */
  onCells(cells: FilterSpecification | null): void;
  onPointed(place: PointedPlace | undefined): void;
}

/** What shows where no areas are. */
interface Beside {
  readonly areThere: boolean;
  readonly cells: FilterSpecification | null;
  /** Names of the basemap that lie in areas. */
  readonly hiddenNames: readonly string[];
}

const NOTHING_KNOWN: Beside = { areThere: false, cells: NO_CELLS, hiddenNames: [] };
const NO_AREAS: Beside = { areThere: false, cells: null, hiddenNames: [] };

/** Draws the areas' scores wherever a city has areas, and leaves the cells where none are. */
export function bindAreas({ map, page, onCells, onPointed }: AreaMapOptions): AreaMap {
  let beside = NOTHING_KNOWN;
  let drawn = "";
  let named = "";
  let basemapNames: FilterSpecification | undefined;
  const showRankingLink = bindRankingLink(page);

  const add = (): boolean => {
    if (!map.getLayer(SCORE_FILL)) return false;
    if (map.getLayer(AREA_FILL)) return true;
    // That of the counts is there in any basemap.
    const font = map.getLayoutProperty("safety-count", "text-font") as string[];
    const options = { shown: page.get().scores ?? "overall", theme: currentTheme(), font };
    for (const [id, source] of Object.entries(areaSources(BASE))) if (!map.getSource(id)) map.addSource(id, source);
    map.addLayer(areaFill(options), SCORE_FILL);
    for (const layer of areaOutlines(options)) map.addLayer(layer, SCORE_HOVER);
    basemapNames = map.getLayer(BASEMAP_NAMES) && (map.getFilter(BASEMAP_NAMES) ?? undefined);
    drawn = "";
    named = "";
    return true;
  };

  const show = (): void => {
    if (!add()) return;
    const { scores, card } = page.get();
    showRankingLink(scores !== undefined && beside.areThere);
    const chosen = card?.split(",").filter(isArea) ?? [];
    const wanted = JSON.stringify([scores, chosen, beside, currentTheme().name]);
    if (wanted === drawn) return;
    drawn = wanted;
    // Where there are none they cost nothing, and tell when there are.
    for (const id of AREA_LAYERS) map.setLayoutProperty(id, "visibility", visible(scores !== undefined));
    if (scores) map.setPaintProperty(AREA_FILL, "fill-color", scoreColor(scores, currentTheme()));
    for (const id of AREA_CHOSEN) {
      map.setFilter(id, isOneOf("id", chosen));
      map.setLayoutProperty(id, "visibility", visible(chosen.length > 0));
    }
    if (basemapNames) map.setFilter(BASEMAP_NAMES, without(basemapNames, scores ? beside.hiddenNames : []));
    onCells(beside.cells);
  };

  const look = (): void => {
    if (page.get().scores === undefined || !map.getSource(AREA_SOURCE)) return;
    const isFar = map.getZoom() < AREAS_FROM_ZOOM;
    if (!isFar && !map.isSourceLoaded(AREA_SOURCE)) return;
    const pieces = isFar ? [] : map.querySourceFeatures(AREA_SOURCE, { sourceLayer: "areas" });
    beside = pieces.length === 0 ? NO_AREAS : besideOf(map, coverageOf(pieces));
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
    if (map.getZoom() < AREAS_FROM_ZOOM && beside.areThere) look();
  });
  // Areas are live; of cells nobody tells.
  setInterval(() => {
    const { scores } = page.get();
    if (scores && !document.hidden && map.queryRenderedFeatures({ layers: [SCORE_FILL] }).length > 0)
      map.refreshTiles(SCORE_SOURCE);
  }, LOOK_AFTER_EVERY_MS);
  const pointed = { map, page, onPointed };
  bindPointer({ ...pointed, fill: SCORE_FILL, source: SCORE_SOURCE, sourceLayer: "scores" });
  bindPointer({ ...pointed, fill: AREA_FILL, source: AREA_SOURCE, sourceLayer: "areas" });
  return { show };
}

function besideOf(map: MapLibreMap, coverage: Coverage): Beside {
  const cells = map.querySourceFeatures(SCORE_SOURCE, { sourceLayer: "scores" });
  const geohashes = new Set(cells.map(({ properties }) => String(properties.geohash)));
  const shown = [...geohashes].filter((geohash) => !coverage.meets(geohash)).sort();
  return { areThere: true, cells: isOneOf("geohash", shown), hiddenNames: namesIn(map, coverage) };
}

function namesIn(map: MapLibreMap, coverage: Coverage): string[] {
  const layer = map.getLayer(BASEMAP_NAMES);
  if (!layer?.source) return [];
  const names = map.querySourceFeatures(layer.source, { sourceLayer: layer.sourceLayer ?? "" });
  const hidden = names.flatMap(({ geometry, properties }) => {
    const [lon = 0, lat = 0] = geometry.type === "Point" ? geometry.coordinates : [];
    return coverage.has(lon, lat) ? [String(properties.name)] : [];
  });
  return [...new Set(hidden)].sort();
}

const isOneOf = (name: string, values: readonly string[]): ExpressionSpecification =>
  ["in", ["get", name], ["literal", [...values]]] as unknown as ExpressionSpecification;

const without = (filter: FilterSpecification, names: readonly string[]): FilterSpecification =>
  names.length === 0 ? filter : (["all", filter, ["!", isOneOf("name", names)]] as FilterSpecification);

const visible = (is: boolean) => (is ? "visible" : "none");

/** Ids of areas have hyphens, geohashes have none; a city's list has a colon. */
const isArea = (card: string): boolean => card.includes("-") && !card.includes(":");
