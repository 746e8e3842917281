import { type Bounds, cellBounds } from "../../tiles/geo/geohash.ts";
import { keptFrom } from "../../tiles/kept.ts";
import type { LiveLayer, ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import type { Clock } from "../ports/clock.ts";
import type { MetricSample } from "../ports/metrics.ts";
import { createSubscription, type LiveSubscription } from "./subscription.ts";
import type { TileWatch } from "./tile-watch.ts";
import type { TellTile } from "./watched-tiles.ts";

/** Something in a cell changed; the tiles of this process show it already. */
export interface LiveChange {
  /** Ascends within one hub. */
  readonly sequence: number;
  readonly layer: ReportLayer;
  /** As fine as known: 8 characters for a report, 5 for what another process wrote where nobody looks. */
  readonly geohash: string;
  readonly atMs: number;
}

/** What a subscriber wants to hear of. A box with west > east crosses the antimeridian. */
export interface LiveInterest {
  readonly bounds: Bounds;
  /** Geohashes, ascending and apart: of the box only what lies in one of these cells, or holds one. */
  readonly cells?: readonly string[];
  /** With `areas`, the changes of every layer are told. */
  readonly layers: readonly LiveLayer[];
  /** Besides, to hear of the tiles of a zoom that meet the box. */
  readonly tiles?: { readonly zoom: number; readonly window: TimeWindow; readonly bufferPx?: number };
}

/** Tells open maps of changes as they happen. Everything that it keeps is bounded. */
export interface LiveHub {
  publish(layer: ReportLayer, geohash: string): void;
  /**
   * Changes from now on, or from behind `lastEventId` on; when that is too long ago to know, "reset" comes first.
   * Undefined when there are as many subscribers as may be, or the hub is closed.
   * @param onEnd called once the subscription has ended, however it does
   */
  subscribe(interest: LiveInterest, lastEventId?: string, onEnd?: () => void): LiveSubscription | undefined;
  /** Counts a subscriber that was refused before it came here. */
  noteRefused(): void;
  subscribers(): number;
  /** Whether any subscriber would be told of a change in a cell. */
  isWatched(layer: ReportLayer, geohash: string): boolean;
  /** Ends every subscription, and takes no more. */
  close(): void;
  samples(): MetricSample[];
}

export interface LiveHubOptions {
  readonly clock: Clock;
  /** Knows of tiles; without it only cells are told. */
  readonly tileWatch?: TileWatch;
  readonly maxSubscribers?: number;
  /** Changes that are kept for those who come back. */
  readonly ringSize?: number;
  /** Changed cells that wait for one slow subscriber; of more it is told "reset". */
  readonly maxPending?: number;
}

/**
 * Who wants to hear of areas hears of changes so far beyond their box, degrees: an area in it reaches out of it, and so do the reports
 * that it tells of. That is two neighbourhoods; what is farther off shows when the map looks after its tiles by itself.
 */
const AREAS_REACH_DEG = 0.05;

/** Browsers come back within seconds; who was away for longer asks for the tiles in view again. */
const REPLAYED_MS = 60_000;

/** At most one change per cell and layer is told in this time. The first is told at once. */
const FLUSH_EVERY_MS = 250;

export function createLiveHub(options: LiveHubOptions): LiveHub {
  const { clock, tileWatch, maxSubscribers = 2000, ringSize = 4096, maxPending = 256 } = options;
  const subscribers = new Map<LiveSubscription, { readonly interest: LiveInterest; take(change: LiveChange): void }>();
  const recent = createRecentChanges(ringSize, clock);
  const unsent = new Map<string, { layer: ReportLayer; geohash: string }>();
  let flushedAtMs = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let refused = 0;

  function flush(): void {
    timer = undefined;
    flushedAtMs = performance.now();
    for (const { layer, geohash } of unsent.values()) {
      const change = recent.add({ layer, geohash, atMs: keptFrom(layer, clock.now()) });
      for (const { interest, take } of subscribers.values()) if (concerns(change, interest)) take(change);
    }
    unsent.clear();
  }

  return {
    publish(layer, geohash) {
      if (closed) return;
      tileWatch?.changed(layer, geohash);
      unsent.set(`${layer}/${geohash}`, { layer, geohash });
      if (timer !== undefined) return;
      const waitMs = FLUSH_EVERY_MS - (performance.now() - flushedAtMs);
      if (waitMs <= 0) flush();
      else timer = setTimeout(flush, waitMs);
    },
    subscribe(interest, lastEventId, onEnd) {
      if (closed || subscribers.size >= maxSubscribers) {
        refused++;
        return undefined;
      }
      const missed = lastEventId === undefined ? [] : recent.behind(lastEventId);
      // Who goes away before it was told what it missed comes back with the id that it has.
      const startId = missed === undefined ? undefined : (lastEventId ?? recent.idOf(recent.newest()));
      const onClose = () => {
        subscribers.delete(subscription);
        onEnd?.();
      };
      const { tiles } = interest;
      const watchTiles = tiles && ((tell: TellTile) => tileWatch?.watch({ ...interest, ...tiles }, tell));
      const { idOf, newest } = recent;
      const told = { startId, idOf, newest, maxPending, watchTiles, onClose };
      const { subscription, take, reset } = createSubscription(told);
      if (missed === undefined) reset();
      else for (const change of missed) if (concerns(change, interest)) take(change);
      subscribers.set(subscription, { interest, take });
      return subscription;
    },
    noteRefused: () => void refused++,
    subscribers: () => subscribers.size,
    isWatched: (layer, geohash) =>
      [...subscribers.values()].some(({ interest }) => concerns({ layer, geohash }, interest)),
    close() {
      closed = true;
      clearTimeout(timer);
      tileWatch?.close();
      for (const subscription of subscribers.keys()) subscription.close();
    },
    samples: () => [
      { name: "stratum_live_subscribers", help: "Open live streams.", type: "gauge", value: subscribers.size },
      {
        name: "stratum_live_changes_total",
        help: "Changes told to live streams.",
        type: "counter",
        value: recent.newest(),
      },
      { name: "stratum_live_refused_total", help: "Live streams refused.", type: "counter", value: refused },
      ...(tileWatch?.samples() ?? []),
    ],
  };
}

/**
 * The changes of the last minute, for those who come back and say up to which they have heard. No longer: they lie in the order in which
 * reports came, which nobody is told later.
 */
function createRecentChanges(size: number, clock: Clock) {
  // An id of another process, or of this one before it was started anew, is one that cannot be resumed from.
  const epoch = crypto.randomUUID().slice(0, 8);
  let changes: { readonly change: LiveChange; readonly toldAtMs: number }[] = [];
  let sequence = 0;

  function forget(): void {
    const sinceMs = clock.now() - REPLAYED_MS;
    const kept = changes.findIndex(({ toldAtMs }) => toldAtMs >= sinceMs);
    if (kept !== 0) changes = kept < 0 ? [] : changes.slice(kept);
  }

  return {
    newest: () => sequence,
    idOf: (of: number): string => `${epoch}-${of}`,
    add(change: Omit<LiveChange, "sequence">): LiveChange {
      const added = { sequence: ++sequence, ...change };
      changes.push({ change: added, toldAtMs: clock.now() });
      if (changes.length > 2 * size) changes = changes.slice(-size);
      return added;
    },
    /** Changes behind an id; undefined when some of them are not known any more. */
    behind(lastEventId: string): LiveChange[] | undefined {
      forget();
      const [, ofEpoch, last = ""] = /^(\w{8})-(\d{1,15})$/.exec(lastEventId) ?? [];
      const from = Number(last);
      const oldest = changes[0]?.change.sequence ?? sequence + 1;
      if (ofEpoch !== epoch || from > sequence || from < oldest - 1) return undefined;
      return changes.slice(from - oldest + 1).map(({ change }) => change);
    },
  };
}

function concerns(
  { layer, geohash }: Pick<LiveChange, "layer" | "geohash">,
  { bounds, layers, cells }: LiveInterest,
): boolean {
  const isOfAreas = layers.includes("areas");
  if (!layers.includes(layer) && !isOfAreas) return false;
  const reachDeg = isOfAreas ? AREAS_REACH_DEG : 0;
  const cell = cellBounds(geohash);
  if (cell.south > bounds.north + reachDeg || cell.north < bounds.south - reachDeg) return false;
  const eastOfWest = cell.east >= bounds.west - reachDeg;
  const westOfEast = cell.west <= bounds.east + reachDeg;
  const isInBounds = bounds.west <= bounds.east ? eastOfWest && westOfEast : eastOfWest || westOfEast;
  return isInBounds && (cells === undefined || meetsCells(geohash, cells));
}

/** @param cells ascending and apart, so that only the first behind the geohash, and the one before, can meet it */
function meetsCells(geohash: string, cells: readonly string[]): boolean {
  let [from, to] = [0, cells.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((cells[middle] as string) < geohash) from = middle + 1;
    else to = middle;
  }
  const [before, next] = [cells[from - 1], cells[from]];
  return next?.startsWith(geohash) === true || (before !== undefined && geohash.startsWith(before));
}
