import type { Bounds } from "../../tiles/geo/geohash.ts";
import { LIVE_LAYERS, type LiveLayer, type TimeWindow } from "../../tiles/layers.ts";
import { BASE } from "../api/base.ts";

/** What a stream of changes is asked for. Degrees as they come, also beyond 180. */
export interface WatchedView extends Bounds {
  readonly layers: readonly LiveLayer[];
  /** Of one map, whose tiles are to be told; without it only cells are. */
  readonly tiles?: { readonly zoom: number; readonly window: TimeWindow };
}

/** The watched box is wider than the view by this share on each side, so that small moves change nothing. */
const MARGIN = 0.2;

export function grown<V extends WatchedView>(view: V): V {
  const { west, south, east, north } = view;
  const x = (east - west) * MARGIN;
  const y = (north - south) * MARGIN;
  const box = { west: west - x, south: Math.max(-90, south - y), east: east + x, north: Math.min(90, north + y) };
  return { ...view, ...box };
}

/** Whether a stream of one view tells what another needs, tiles too if that asks for them. */
export function isWatched(view: WatchedView, watched: WatchedView): boolean {
  const isInside =
    view.west >= watched.west &&
    view.east <= watched.east &&
    view.south >= watched.south &&
    view.north <= watched.north;
  const hasLayers = view.layers.every((layer) => watched.layers.includes(layer));
  if (view.tiles === undefined) return isInside && hasLayers && watched.tiles === undefined;
  const of = ({ layers, tiles }: WatchedView) => [tiles?.zoom, tiles?.window, ...layers].join();
  return isInside && of(view) === of(watched);
}

/** Everything that several maps show; no tiles are told of it, for each has its own. */
export function unionOf(views: readonly WatchedView[]): WatchedView {
  const all = <T>(of: (view: WatchedView) => T): T[] => views.map(of);
  // Two maps may count their longitudes from different worlds.
  const isBeyond = views.some(({ west, east }) => west < -180 || east > 180);
  return {
    west: isBeyond ? -180 : Math.min(...all(({ west }) => west)),
    east: isBeyond ? 180 : Math.max(...all(({ east }) => east)),
    south: Math.min(...all(({ south }) => south)),
    north: Math.max(...all(({ north }) => north)),
    layers: LIVE_LAYERS.filter((layer) => views.some(({ layers }) => layers.includes(layer))),
  };
}

/** Where a view's changes are told, from behind the last that was heard of. */
export function addressOf(watched: WatchedView, lastEventId: string | undefined): string {
  const { west, south, east, north, layers, tiles } = watched;
  const isWholeWorld = east - west >= 360;
  const box = isWholeWorld ? [-180, south, 180, north] : [wrap(west), south, wrap(east), north];
  const parameters = new URLSearchParams({
    bbox: box.map((deg) => deg.toFixed(4)).join(","),
    layers: layers.join(","),
    ...(tiles && { window: tiles.window }),
    // Without a layer on the map there is no tile.
    ...(tiles && layers[0] && { zoom: `${tiles.zoom}` }),
    ...(lastEventId !== undefined && { last_event_id: lastEventId }),
  });
  return `${BASE}/api/live?${parameters}`;
}

/** A longitude in [-180, 180). */
const wrap = (lonDeg: number): number => ((((lonDeg + 180) % 360) + 360) % 360) - 180;
