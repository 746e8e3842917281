import type { FilterSpecification, GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { currentTheme } from "../map/theme.ts";
import type { Page, PageState } from "../page/page-state.ts";
import type { AreaMap } from "./area-map.ts";
import { CHOSEN_SOURCE, NO_CELLS, SCORE_FILL, SCORE_LAYERS, scoreColor } from "./score-layers.ts";

/** The cell or area under the pointer, with its score as the tile has it. */
export interface PointedPlace {
  /** Undefined without enough reports. */
  readonly score: number | undefined;
}

/** Keeps the colours and outlines of cells and areas in step with the page, and tells which of them the pointer is over. */
export function bindScores(map: MapLibreMap, page: Page, onPointed: (place: PointedPlace | undefined) => void): void {
  let cells: FilterSpecification | null = null;
  let areas: Promise<AreaMap> | undefined;
  const onCells = (shown: FilterSpecification | null) => {
    cells = shown;
    showScores(map, page.get(), cells);
  };
  /** What only scores and cards of areas need comes with the first of them. */
  const showAreas = () => {
    const { scores, card } = page.get();
    if (!areas && !scores && !card?.includes("-")) return;
    // Cells wait until it is known that there are no areas, or that this cannot be known.
    if (!areas) cells = NO_CELLS;
    areas ??= import("./area-map.ts").then(({ bindAreas }) => bindAreas({ map, page, onCells, onPointed }));
    areas.then(
      ({ show }) => show(),
      () => {
        areas = undefined;
        onCells(null);
      },
    );
  };
  const showAll = () => {
    showAreas();
    showScores(map, page.get(), cells);
    showChosen(map, page.get());
  };
  map.on("style.load", showAll);
  page.listen((state, before) => {
    if (state.scores !== before.scores || state.card !== before.card) showAreas();
    if (state.scores !== before.scores) showScores(map, state, cells);
    if (state.card !== before.card) showChosen(map, state);
  });
}

/** `cells` tells which of them show, null: all. */
function showScores(map: MapLibreMap, { scores }: PageState, cells: FilterSpecification | null): void {
  if (!map.getLayer(SCORE_FILL)) return;
  for (const id of SCORE_LAYERS) {
    map.setLayoutProperty(id, "visibility", scores ? "visible" : "none");
    map.setFilter(id, cells);
  }
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
