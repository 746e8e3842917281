import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import { BASE } from "../api/base.ts";

export interface WatchedView {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  readonly layers: readonly ReportLayer[];
  /** Of the tiles. */
  readonly zoom: number;
  readonly window: TimeWindow;
}

/** A tile, and its entity tag without quotes. */
export type ToldTile = readonly [tile: TileAddress, tag: string];

export interface ChangeStreamOptions {
  /** What is in view now; degrees as they come, also beyond 180. */
  view(): WatchedView;
  onChange(layer: ReportLayer, geohash: string): void;
  /** From now on all tiles of a zoom are told; of none while it is undefined. */
  onZoom(zoom: number | undefined): void;
  onTiles(layer: ReportLayer, tiles: readonly ToldTile[]): void;
  /** Anything may have changed: surely looked at, or only perhaps. */
  onUnknown(sure: boolean): void;
}

export interface ChangeStream {
  /** To be called after the map was moved, or its layers or window were switched. */
  viewChanged(): void;
}

/** A stream that says nothing at all for so long is dead: the server beats every 15 s. */
const SILENT_MS = 40_000;
/** How long to be without a stream before asking for tiles on suspicion, and how often then. */
const PATIENCE_MS = 5000;
const POLL_EVERY_MS = 10_000;
/** After the server refused, or has no streams. */
const TRY_AGAIN_MS = 60_000;
const MOVED_MS = 400;
/** The watched box is wider than the view by this share on each side, so that small moves change nothing. */
const MARGIN = 0.2;

/**
 * Hears of changes in view from the server (`/api/live`); while that does not work, takes everything in view for changed
 * every 10 s. Pauses while the page is hidden: browsers allow six connections to an HTTP/1 server for all tabs together.
 */
export function watchChanges({ view, onChange, onZoom, onTiles, onUnknown }: ChangeStreamOptions): ChangeStream {
  let source: EventSource | undefined;
  let watched: WatchedView | undefined;
  let lastEventId: string | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let polling: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let moved: ReturnType<typeof setTimeout> | undefined;

  function open(): void {
    close();
    watched = grown(view());
    const { zoom, window } = watched;
    const opened = new EventSource(addressOf(watched, lastEventId));
    source = opened;
    listenForBreath();
    pollAfter(PATIENCE_MS);
    const isFirst = lastEventId === undefined;
    hearStream(opened, {
      onMessage(id) {
        listenForBreath();
        clearTimeout(polling);
        if (id !== "") lastEventId = id;
      },
      onHello(tellsTiles) {
        onZoom(tellsTiles ? zoom : undefined);
        // What changed between the first tiles and the stream nobody has told.
        if (isFirst) onUnknown(false);
      },
      onChange,
      onTiles(...tiles) {
        // Between a switch of the window and the next stream.
        if (view().window === window) onTiles(...tiles);
      },
      onReset: () => onUnknown(true),
    });
    opened.addEventListener("error", () => {
      onZoom(undefined);
      pollAfter(PATIENCE_MS);
      // Otherwise the browser tries again by itself.
      if (opened.readyState === EventSource.CLOSED) retry = setTimeout(open, TRY_AGAIN_MS);
    });
  }

  function close(): void {
    source?.close();
    source = undefined;
    onZoom(undefined);
    for (const timer of [silence, polling, retry, moved]) clearTimeout(timer);
  }

  function listenForBreath(): void {
    clearTimeout(silence);
    silence = setTimeout(open, SILENT_MS);
  }

  function pollAfter(waitMs: number): void {
    clearTimeout(polling);
    polling = setTimeout(() => {
      onUnknown(true);
      pollAfter(POLL_EVERY_MS);
    }, waitMs);
  }

  const openIfSeen = () => (document.hidden ? close() : open());
  document.addEventListener("visibilitychange", openIfSeen);
  addEventListener("online", openIfSeen);
  openIfSeen();

  return {
    viewChanged() {
      clearTimeout(moved);
      moved = setTimeout(() => {
        if (!document.hidden && (watched === undefined || !isWatched(view(), watched))) open();
      }, MOVED_MS);
    },
  };
}

interface StreamHandlers extends Pick<ChangeStreamOptions, "onChange" | "onTiles"> {
  /** Before what the message says. */
  onMessage(lastEventId: string): void;
  onHello(tellsTiles: boolean): void;
  onReset(): void;
}

/** Takes a stream's messages apart. */
function hearStream(source: EventSource, handlers: StreamHandlers): void {
  const { onMessage, onHello, onChange, onTiles, onReset } = handlers;
  const hear = <T>(type: string, take?: (data: T) => void): void =>
    source.addEventListener(type, (event: MessageEvent<string>) => {
      onMessage(event.lastEventId);
      take?.(JSON.parse(event.data));
    });
  hear<{ tiles?: boolean }>("hello", ({ tiles = false }) => onHello(tiles));
  hear<{ layer: ReportLayer; geohash: string }>("change", ({ layer, geohash }) => onChange(layer, geohash));
  hear<{ layer: ReportLayer; z: number; tiles: [number, number, string][] }>("tiles", ({ layer, z, tiles }) =>
    onTiles(
      layer,
      tiles.map(([x, y, tag]) => [{ z, x, y }, tag]),
    ),
  );
  hear("reset", onReset);
  hear("beat");
}

function grown({ west, south, east, north, ...rest }: WatchedView): WatchedView {
  const x = (east - west) * MARGIN;
  const y = (north - south) * MARGIN;
  return { west: west - x, south: Math.max(-90, south - y), east: east + x, north: Math.min(90, north + y), ...rest };
}

/** Whether a stream of one view tells what another needs. */
function isWatched(view: WatchedView, watched: WatchedView): boolean {
  const isInside =
    view.west >= watched.west &&
    view.east <= watched.east &&
    view.south >= watched.south &&
    view.north <= watched.north;
  const of = ({ layers, zoom, window }: WatchedView) => [zoom, window, ...layers].join();
  return isInside && of(view) === of(watched);
}

function addressOf(watched: WatchedView, lastEventId: string | undefined): string {
  const { west, south, east, north, layers, zoom, window } = watched;
  const isWholeWorld = east - west >= 360;
  const box = isWholeWorld ? [-180, south, 180, north] : [wrap(west), south, wrap(east), north];
  const parameters = new URLSearchParams({
    bbox: box.map((deg) => deg.toFixed(4)).join(","),
    layers: layers.join(","),
    window,
    // Without a layer on the map there is no tile.
    ...(layers[0] && { zoom: `${zoom}` }),
    ...(lastEventId !== undefined && { last_event_id: lastEventId }),
  });
  return `${BASE}/api/live?${parameters}`;
}

/** A longitude in [-180, 180). */
const wrap = (lonDeg: number): number => ((((lonDeg + 180) % 360) + 360) % 360) - 180;
