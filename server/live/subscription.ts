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
  const pending = createPendingEvents(maxPending);
  let waitingSinceMs: number | undefined;
  let ended = false;
  let wake: (() => void) | undefined;

  function reset(): void {
    pending.reset();
    wake?.();
  }

  function close(): void {
    if (ended) return;
    ended = true;
    pending.clear();
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

  const unwatch = watchTiles?.((tile) => {
    if (!isTaking()) return;
    pending.addTile(tile);
    wake?.();
  });

  const subscription: LiveSubscription = {
    startId,
    tellsTiles: watchTiles && unwatch !== undefined,
    async next(waitMs) {
      if (!ended && pending.isEmpty()) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, waitMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      if (ended) return undefined;
      waitingSinceMs = undefined;
      return pending.take(idOf(newest()), idOf);
    },
    close,
  };

  return {
    subscription,
    reset,
    take(change: LiveChange): void {
      if (!isTaking()) return;
      pending.addChange(change);
      wake?.();
    },
  };
}

/** What waits for one subscriber: the newest change of each cell, and each tile as it is now. */
function createPendingEvents(maxChanges: number) {
  const changes = new Map<string, LiveChange>();
  const tiles = new Map<string, ToldTile>();
  let isReset = false;

  function reset(): void {
    isReset = true;
    changes.clear();
  }

  return {
    reset,
    isEmpty: () => !isReset && changes.size === 0 && tiles.size === 0,
    addChange(change: LiveChange): void {
      if (isReset) return;
      const cell = `${change.layer}/${change.geohash}`;
      // The one added last comes last, so that ids ascend.
      changes.delete(cell);
      changes.set(cell, change);
      if (changes.size > maxChanges) reset();
    },
    /** As many as are watched, and no more. */
    addTile(told: ToldTile): void {
      tiles.set(`${told.layer}/${told.tile.x}/${told.tile.y}`, told);
    },
    /** All that waits; a beat when nothing does. @param id of what is known now */
    take(id: string, idOf: SubscriptionOptions["idOf"]): LiveEvent[] {
      const events: LiveEvent[] = isReset
        ? [{ type: "reset", id }]
        : [...changes.values()].map((change) => ({ type: "change", id: idOf(change.sequence), change }));
      const byLayer = Map.groupBy(tiles.values(), ({ layer }) => layer);
      for (const ofLayer of byLayer.values()) events.push({ type: "tiles", id, tiles: ofLayer });
      if (events.length === 0) events.push({ type: "beat", id });
      this.clear();
      return events;
    },
    clear(): void {
      changes.clear();
      tiles.clear();
      isReset = false;
    },
  };
}
