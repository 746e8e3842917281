import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { currentTheme } from "../map/theme.ts";
import type { Page, PageState } from "../page/page-state.ts";
import type { AreaMap } from "./area-map.ts";
import { CHOSEN_SOURCE, SCORE_FILL, SCORE_LAYERS, SCORE_SOURCE, scoreColor } from "./score-layers.ts";

/** New reports are in the scores after some minutes; tiles that are as they were cost a 304. */
const LOOK_AFTER_EVERY_MS = 60_000;

/** The cell under the pointer, with its scores as the tile has them. */
export interface PointedCell {
  readonly geohash: string;
  /** Undefined without enough reports. */
  readonly score: number | undefined;
}

/** Keeps the cells' colours and outlines in step with the page, and tells which cell the pointer is over. */
export function bindScores(map: MapLibreMap, page: Page, onPointed: (cell: PointedCell | undefined) => void): void {
  let areInAreas = false;
  let areas: Promise<AreaMap> | undefined;
  const showAreas = () => {
    const { scores, card } = page.get();
    if (areas === undefined && scores === undefined && !card?.includes("-")) return;
    if (areas === undefined && scores) areInAreas = true;
    areas ??= import("./area-map.ts").then(({ bindAreas }) => bindAreas({ map, page, onAreas, onPointed }));
    areas.then(
      ({ show }) => show(),
      () => {
        // Cells do instead.
        areas = undefined;
        onAreas(false);
      },
    );
  };
  const onAreas = (areShown: boolean) => {
    if (areShown === areInAreas) return;
    areInAreas = areShown;
    showScores(map, page.get(), areInAreas);
  };
  const showAll = () => {
    showAreas();
    showScores(map, page.get(), areInAreas);
    showChosen(map, page.get());
  };
  map.on("style.load", showAll);
  page.listen((state, before) => {
    if (state.scores !== before.scores || state.card !== before.card) showAreas();
    if (state.scores !== before.scores) showScores(map, state, areInAreas);
    if (state.card !== before.card) showChosen(map, state);
  });
  setInterval(() => {
    if (page.get().scores && !areInAreas && !document.hidden) map.refreshTiles(SCORE_SOURCE);
  }, LOOK_AFTER_EVERY_MS);
  let pointed: number | string | undefined;
  const point = (id: number | string | undefined) => {
    if (id === pointed) return;
    const of = (feature: number | string) => ({ source: SCORE_SOURCE, sourceLayer: "scores", id: feature });
    if (pointed !== undefined) map.setFeatureState(of(pointed), { hover: false });
    if (id !== undefined) map.setFeatureState(of(id), { hover: true });
    pointed = id;
  };
  map.on("mousemove", SCORE_FILL, ({ features }) => {
    const [cell] = features ?? [];
    const { scores } = page.get();
    point(cell?.id);
    const score: unknown = scores && cell?.properties[scores];
    const known = typeof score === "number" ? score : undefined;
    onPointed(cell && scores && { geohash: String(cell.properties.geohash), score: known });
  });
  map.on("mouseleave", SCORE_FILL, () => {
    point(undefined);
    onPointed(undefined);
  });
}

function showScores(map: MapLibreMap, { scores }: PageState, areInAreas: boolean): void {
  if (!map.getLayer(SCORE_FILL)) return;
  for (const id of SCORE_LAYERS) map.setLayoutProperty(id, "visibility", scores && !areInAreas ? "visible" : "none");
  if (scores) map.setPaintProperty(SCORE_FILL, "fill-color", scoreColor(scores, currentTheme()));
}

function showChosen(map: MapLibreMap, { card }: PageState): void {
  const ring = (geohash: string): [number, number][] => {
    const { west, south, east, north } = cellBounds(geohash);
    return [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ];
  };
  map.getSource<GeoJSONSource>(CHOSEN_SOURCE)?.setData({
    type: "FeatureCollection",
    features:
      card && !card.includes("-")
        ? [{ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring(card)] } }]
        : [],
  });
}
