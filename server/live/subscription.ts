import type { LiveChange } from "./hub.ts";
import type { TellTile, ToldTile } from "./watched-tiles.ts";

export type LiveEvent =
  | { readonly type: "change"; readonly id: string; readonly change: LiveChange }
  /** What tiles of one layer and zoom are now. */
  | { readonly type: "tiles"; readonly id: string; readonly tiles: readonly ToldTile[] }
  /** What changed is not known any more: everything may have. */
  | { readonly type: "reset"; readonly id: string }
  | { readonly type: "beat"; readonly id: string };

/**
 * One subscriber's changes, which wait here until it takes them: merged by cell and by tile, so they are few however slow it
 * is.
 */
export interface LiveSubscription {
  /** Id to resume from before the first event; undefined when a reset comes first. */
  readonly startId: string | undefined;
  /** Whether it hears of tiles, too; undefined when it did not ask for them. */
  readonly tellsTiles: boolean | undefined;
  /**
   * The events that wait, or that come within `waitMs`; when none came a beat, whose id says that nothing was missed until
   * then. Undefined when the subscription has ended. One call at a time.
   */
  next(waitMs: number): Promise<readonly LiveEvent[] | undefined>;
  close(): void;
}

/** A subscriber that has taken nothing for so long, while something waited, is taken for gone. */
const STALLED_MS = 60_000;

export interface SubscriptionOptions {
  readonly startId: string | undefined;
  idOf(sequence: number): string;
  /** Sequence of the newest change that all subscribers were told. */
  newest(): number;
  readonly maxPending: number;
  /** Begins to tell of tiles, and returns what ends it; undefined when they cannot be told. Left out when nobody asks. */
  readonly watchTiles: ((tell: TellTile) => (() => void) | undefined) | undefined;
  onClose(): void;
}

export function createSubscription(options: SubscriptionOptions) {
  const { startId, idOf, newest, maxPending, watchTiles, onClose } = options;
  const pending = new Map<string, LiveChange>();
  const pendingTiles = new Map<string, ToldTile>();
  let isReset = false;
  let waitingSinceMs: number | undefined;
  let ended = false;
  let wake: (() => void) | undefined;

  function drain(): LiveEvent[] {
    const events: LiveEvent[] = isReset
      ? [{ type: "reset", id: idOf(newest()) }]
      : [...pending.values()].map((change) => ({ type: "change", id: idOf(change.sequence), change }));
    const byLayer = Map.groupBy(pendingTiles.values(), ({ layer }) => layer);
    for (const tiles of byLayer.values()) events.push({ type: "tiles", id: idOf(newest()), tiles });
    if (events.length === 0) events.push({ type: "beat", id: idOf(newest()) });
    pending.clear();
    pendingTiles.clear();
    isReset = false;
    waitingSinceMs = undefined;
    return events;
  }

  function reset(): void {
    isReset = true;
    pending.clear();
    wake?.();
  }

  function close(): void {
    if (ended) return;
    ended = true;
    pending.clear();
    pendingTiles.clear();
    unwatch?.();
    onClose();
    wake?.();
  }

  /** Whether there is anybody left to take something. */
  function isTaking(): boolean {
    waitingSinceMs ??= performance.now();
    if (performance.now() - waitingSinceMs > STALLED_MS) close();
    return !ended;
  }

  const unwatch = watchTiles?.((told) => {
    if (!isTaking()) return;
    // As many as are watched, and no more.
    pendingTiles.set(`${told.layer}/${told.tile.x}/${told.tile.y}`, told);
    wake?.();
  });

  const subscription: LiveSubscription = {
    startId,
    tellsTiles: watchTiles && unwatch !== undefined,
    async next(waitMs) {
      if (!ended && !isReset && pending.size === 0 && pendingTiles.size === 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, waitMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      return ended ? undefined : drain();
    },
    close,
  };

  return {
    subscription,
    reset,
    take(change: LiveChange): void {
      if (!isTaking() || isReset) return;
      const cell = `${change.layer}/${change.geohash}`;
      // The one taken last comes last, so that ids ascend.
      pending.delete(cell);
      pending.set(cell, change);
      if (pending.size > maxPending) reset();
      else wake?.();
    },
  };
}
