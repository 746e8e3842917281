import type { Map as MapLibreMap } from "maplibre-gl";
import { cellBounds, encodeGeohash } from "../../tiles/geo/geohash.ts";
import { LIVE_LAYERS, type LiveLayer, type ReportLayer } from "../../tiles/layers.ts";
import { layerOfSource, sourceOf } from "../map/report-layers.ts";
import type { PageState } from "../page/address.ts";
import { AREA_SOURCE } from "../scores/score-layers.ts";
import { watchChanges } from "./change-stream.ts";
import { createTileFreshness } from "./tile-freshness.ts";

export interface LiveTiles {
  /** A report was stored there, by us: its tiles are loaded again without waiting to be told. */
  noteReport(layer: ReportLayer, lonDeg: number, latDeg: number): void;
  /** Other layers may be shown, or another window. */
  stateChanged(): void;
}

/** Changes that come together are asked for together, and in a busy place not more often than the eye needs. */
const GATHER_MS = 80;
const REFRESH_EVERY_MS = 1000;
const LOOK_AFTER_EVERY_MS = 15_000;
/** Ages move reports from one weight to the next, and out of the window, without a word. */
const AGE_EVERY_MS = 300_000;
/** Precision of the cells that the server tells for single reports. */
const REPORT_PRECISION = 8;

/**
 * Keeps a map's tiles of reports and areas right: those that changed are asked for again, and no others. The old tile is drawn until
 * the new one has come. `onTold` hears of every change in view that the server tells.
 */
export function keepTilesLive(
  map: MapLibreMap,
  state: () => Pick<PageState, "layers" | "window" | "scores">,
  onTold: (layer: ReportLayer, geohash: string) => void = () => {},
): LiveTiles {
  const freshness = createTileFreshness(() => performance.now());
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let refreshedAtMs = Number.NEGATIVE_INFINITY;

  // Every request of a tile comes through here, the first one and the later ones alike.
  map.setTransformRequest((url) => {
    const request = parseTileUrl(url);
    if (request !== undefined) freshness.requested(request.layer, request.tile);
    return undefined;
  });

  // And every answer that brings another tile through here.
  map.on("sourcedata", ({ sourceId, tile }) => {
    const layer = sourceId === AREA_SOURCE ? sourceId : layerOfSource(sourceId);
    if (tile && layer) freshness.loaded(layer, tile.tileID.canonical, /[\da-f]{24}/.exec(tile.etag)?.[0] ?? "");
  });

  function refresh(tiles: ReturnType<typeof freshness.stale>): void {
    if (document.hidden) return;
    for (const [layer, of] of tiles) {
      const source = layer === AREA_SOURCE ? layer : sourceOf(layer);
      if (map.getSource(source)) map.refreshTiles(source, of);
    }
  }
  const refreshStale = (): void => refresh(freshness.stale());
  function soon(): void {
    if (gathering !== undefined) return;
    const waitMs = Math.max(GATHER_MS, refreshedAtMs + REFRESH_EVERY_MS - performance.now());
    gathering = setTimeout(() => {
      gathering = undefined;
      refreshedAtMs = performance.now();
      refreshStale();
    }, waitMs);
  }

  const changes = watchChanges({
    view() {
      const { _sw, _ne } = map.getBounds();
      const { layers: shown, window, scores } = state();
      const zoom = Math.floor(map.getZoom());
      const layers: LiveLayer[] = scores ? [...shown, AREA_SOURCE] : [...shown];
      return { west: _sw.lng, south: _sw.lat, east: _ne.lng, north: _ne.lat, layers, tiles: { zoom, window } };
    },
    onZoom: freshness.tellsZoom,
    onTiles(layer, tiles) {
      for (const told of tiles) freshness.told(layer, ...told);
      // The server has gathered them.
      refreshStale();
    },
    onChange(layer, geohash) {
      freshness.changed(layer, geohash);
      soon();
      if (state().layers.includes(layer) && isSeen(map, geohash)) onTold(layer, geohash);
    },
    onUnknown(sure) {
      freshness.changedAll(sure);
      if (sure) soon();
    },
  });
  map.on("moveend", () => changes.viewChanged());
  // Tiles that came back from the map's cache, or that were on their way when they changed.
  map.on("idle", refreshStale);
  setInterval(() => refresh(freshness.doubtful()), LOOK_AFTER_EVERY_MS);
  setInterval(() => freshness.changedAll(false), AGE_EVERY_MS);

  return {
    noteReport(layer, lonDeg, latDeg) {
      freshness.changed(layer, encodeGeohash(lonDeg, latDeg, REPORT_PRECISION), true);
      soon();
    },
    stateChanged: () => changes.viewChanged(),
  };
}

/** Whether a cell meets what the map shows, and a little around: what another map sees is told here as well. */
function isSeen(map: MapLibreMap, geohash: string): boolean {
  const { west, south, east, north } = cellBounds(geohash);
  const { _sw, _ne } = map.getBounds();
  const margin = 0.2 * (_ne.lng - _sw.lng);
  const isBeside = (worlds: number) => west + worlds <= _ne.lng + margin && east + worlds >= _sw.lng - margin;
  return [-360, 0, 360].some(isBeside) && south <= _ne.lat + margin && north >= _sw.lat - margin;
}

function parseTileUrl(url: string) {
  const [, name, z, x, y] = /\/tiles\/([a-z]+)\/(\d+)\/(\d+)\/(\d+)\.pbf(?:\?|$)/.exec(url) ?? [];
  const layer = LIVE_LAYERS.find((live) => live === name);
  return layer && { layer, tile: { z: Number(z), x: Number(x), y: Number(y) } };
}
