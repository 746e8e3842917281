import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import type { LiveLayer, ReportLayer } from "../../tiles/layers.ts";
import { BASE } from "../api/base.ts";
import { type SharedStream, type StreamMessage, type StreamPorts, shareStream } from "./shared-stream.ts";
import { grown, isWatched, type WatchedView } from "./watched-view.ts";

/** A tile, and its entity tag without quotes. */
export type ToldTile = readonly [tile: TileAddress, tag: string];

/** What one map shows. */
export type MapView = WatchedView & Required<Pick<WatchedView, "tiles">>;

export interface ChangeStreamOptions {
  /** What is in view now. */
  view(): MapView;
  /** Something changed in a cell, in view or where another map of this browser looks. */
  onChange(layer: ReportLayer, geohash: string): void;
  /** From now on all tiles of a zoom are told; of none while it is undefined. */
  onZoom(zoom: number | undefined): void;
  onTiles(layer: LiveLayer, tiles: readonly ToldTile[]): void;
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
/**
 * Hears of changes in view from the server (`/api/live`); while that does not work, takes everything in view for changed
 * every 10 s. Pauses while the page is hidden: browsers allow six connections to an HTTP/1 server for all tabs together.
 */
export function watchChanges({ view, onChange, onZoom, onTiles, onUnknown }: ChangeStreamOptions): ChangeStream {
  let watched: MapView | undefined;
  let isFirst = true;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let polling: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let moved: ReturnType<typeof setTimeout> | undefined;

  const stream = openStream((message) => {
    if (message.type === "error") return lost(message.data === true);
    listenForBreath();
    clearTimeout(polling);
    if (watched !== undefined) take(message, watched.tiles);
  });

  function take({ type, data }: StreamMessage, asked: MapView["tiles"]): void {
    if (type === "hello") {
      onZoom((data as { tiles?: boolean }).tiles ? asked.zoom : undefined);
      // What changed between the first tiles and the stream nobody has told.
      if (isFirst) onUnknown(false);
      isFirst = false;
    } else if (type === "change") {
      const { layer, geohash } = data as { layer: ReportLayer; geohash: string };
      onChange(layer, geohash);
    } else if (type === "tiles") {
      const { layer, z, tiles } = data as { layer: LiveLayer; z: number; tiles: [number, number, string][] };
      const told = tiles.map(([x, y, tag]): ToldTile => [{ z, x, y }, tag]);
      // Otherwise it is between a switch of the window and the next stream.
      if (view().tiles.window === asked.window) onTiles(layer, told);
    } else if (type === "reset") onUnknown(true);
  }

  function lost(forGood: boolean): void {
    onZoom(undefined);
    pollAfter(PATIENCE_MS);
    // Otherwise the browser tries again by itself.
    if (forGood) retry = setTimeout(open, TRY_AGAIN_MS);
  }

  function open(isDead = false): void {
    stopTimers();
    watched = grown(view());
    onZoom(undefined);
    listenForBreath();
    pollAfter(PATIENCE_MS);
    stream.watch(watched, isDead);
  }

  function close(): void {
    stopTimers();
    onZoom(undefined);
    stream.leave();
  }

  function stopTimers(): void {
    for (const timer of [silence, polling, retry, moved]) clearTimeout(timer);
  }

  function listenForBreath(): void {
    clearTimeout(silence);
    silence = setTimeout(open, SILENT_MS, true);
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
  addEventListener("online", () => {
    // What a stream has missed it does not know.
    close();
    openIfSeen();
  });
  // A frame that its page takes away is not hidden first.
  addEventListener("pagehide", close);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) openIfSeen();
  });
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

const TYPES = ["hello", "change", "tiles", "reset", "beat"] as const;

/** A stream that is shared with the other maps of this browser, as far as they can be reached. */
function openStream(tell: (message: StreamMessage) => void): SharedStream {
  const channel = openChannel();
  // Frames that cannot know of each other might be many: they poll. A page of its own is one of few in sight.
  if (channel === undefined && self !== top) return { watch() {}, leave() {} };
  return shareStream({ channel, open: openSource }, tell);
}

/** Undefined in old browsers, and where a page reaches no other of its origin: in a sandbox it has one of its own. */
function openChannel(): BroadcastChannel | undefined {
  try {
    return origin === "null" ? undefined : new BroadcastChannel(`stratum-live ${BASE}`);
  } catch {
    return undefined;
  }
}

const openSource: StreamPorts["open"] = (address, tell) => {
  const source = new EventSource(address);
  for (const type of TYPES) {
    source.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) =>
      tell({ type, data: JSON.parse(data), id: lastEventId }),
    );
  }
  source.addEventListener("error", () =>
    tell({ type: "error", data: source.readyState === EventSource.CLOSED, id: "" }),
  );
  return source;
};
