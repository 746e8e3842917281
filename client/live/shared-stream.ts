import { addressOf, isWatched, unionOf, type WatchedView } from "./watched-view.ts";

/** What a stream says; an error, that it said no more: for good if `data` is true. */
export interface StreamMessage {
  readonly type: "hello" | "change" | "tiles" | "reset" | "beat" | "error";
  readonly data: unknown;
  readonly id: string;
}

/** Hears of changes for one map, be it over a stream of its own or another map's. */
export interface SharedStream {
  /** From now on; `isDead`: what there was has not said a word for too long. */
  watch(view: WatchedView, isDead: boolean): void;
  /** Until it watches again. */
  leave(): void;
}

/** Of a `BroadcastChannel`. */
export interface Channel {
  postMessage(word: unknown): void;
  addEventListener(type: "message", hear: (event: { readonly data: unknown }) => void): void;
}

export interface StreamPorts {
  /** Reaches the maps and frames of this browser that may know of each other; undefined where there is no such way. */
  readonly channel: Channel | undefined;
  /** Opens a stream. */
  open(address: string, tell: (message: StreamMessage) => void): { close(): void };
}

/** Maps tell each other. */
type Word =
  | { readonly type: "here"; readonly from: string; readonly view: WatchedView; readonly isNew: boolean }
  | { readonly type: "gone"; readonly from: string }
  | { readonly type: "told"; readonly from: string; readonly message: StreamMessage };

/** Maps that open together find each other in this time; who finds another later gives up its own stream then. */
const SETTLE_MS = 200;

/** Of the maps of one page that come in the same millisecond, who came first. */
let comings = 0;

/**
 * All maps in sight share the stream of the one that has been so for longest, which asks for what all of them show and passes on what it
 * hears: a page of six frames would otherwise hold all connections that a browser makes to an HTTP/1 server. Each map knows all the
 * others, so that nobody has to be elected. Not by a SharedWorker, which phones lack, nor by locks, which want a secure origin: HTTP/1
 * is mostly where there is none.
 */
export function shareStream({ channel, open }: StreamPorts, tell: (message: StreamMessage) => void): SharedStream {
  /** Undefined while this map is out of sight; ascends with the time of coming. */
  let me: string | undefined;
  let mine: WatchedView | undefined;
  const others = new Map<string, WatchedView>();
  let stream: { readonly asked: WatchedView; readonly isOver: boolean; close(): void } | undefined;
  let lastEventId: string | undefined;
  /** Whether what came while this map was out of sight is known to nobody. */
  let hasGap = false;
  let settling: ReturnType<typeof setTimeout> | undefined;

  const say = (word: Word) => channel?.postMessage(word);
  const isLeading = () => me !== undefined && [...others.keys()].every((other) => other > (me ?? ""));

  function hear(message: StreamMessage): void {
    // Until it is greeted it has not heard of all before this.
    const isInOrder = !hasGap || message.type === "hello" || isLeading();
    if (message.id !== "" && isInOrder) lastEventId = message.id;
    tell(message);
    if (message.type !== "hello" || !hasGap) return;
    hasGap = false;
    if (!isLeading()) tell({ type: "reset", data: {}, id: "" });
  }

  function pass(message: StreamMessage, from: string): void {
    say({ type: "told", from, message });
    hear(message);
  }

  function close(): void {
    stream?.close();
    stream = undefined;
  }

  function settle(): void {
    clearTimeout(settling);
    settling = undefined;
    if (me === undefined || mine === undefined) return;
    const wanted = others.size === 0 ? mine : unionOf([mine, ...others.values()]);
    const isCovered = stream !== undefined && !stream.isOver && isWatched(wanted, stream.asked);
    if (!isLeading() || !isCovered) close();
    if (!isLeading()) return;
    if (!isCovered) start(wanted, me);
    // Whoever is covered already waits for a greeting, as of a stream of its own.
    else if (others.size > 0) pass({ type: "hello", data: {}, id: lastEventId ?? "" }, me);
  }

  function start(asked: WatchedView, from: string): void {
    let isOver = false;
    const source = open(addressOf(asked, lastEventId), (message) => {
      if (message.type === "error") isOver = message.data === true;
      // The tiles of one map are nothing to others, who have just come.
      if (asked.tiles === undefined) pass(message, from);
      else hear(message);
    });
    stream = {
      asked,
      get isOver() {
        return isOver;
      },
      close: () => source.close(),
    };
  }

  function settleSoon(): void {
    settling ??= setTimeout(settle, SETTLE_MS);
  }

  function answer(word: Word): void {
    if (me === undefined || mine === undefined) return;
    if (word.type === "told") {
      if (!isLeading()) hear(word.message);
      // Somebody who was here before us, and whom we took for gone.
      else if (word.from < me) say({ type: "here", from: me, view: mine, isNew: true });
    } else if (word.type === "gone") {
      others.delete(word.from);
      settleSoon();
    } else {
      others.set(word.from, word.view);
      if (word.isNew) say({ type: "here", from: me, view: mine, isNew: false });
      // A second stream is one too many at once; a wider one can wait for whoever else comes.
      if (isLeading()) settleSoon();
      else settle();
    }
  }

  channel?.addEventListener("message", ({ data }) => answer(data as Word));

  return {
    watch(view, isDead) {
      mine = view;
      if (me === undefined) {
        me = `${Date.now()} ${String(comings++).padStart(9, "0")} ${Math.random()}`;
        hasGap = lastEventId !== undefined;
        say({ type: "here", from: me, view, isNew: true });
        if (channel === undefined) settle();
        else settleSoon();
        return;
      }
      if (isDead) {
        close();
        // Whoever should have passed something on.
        for (const other of others.keys()) if (other < me) others.delete(other);
      }
      say({ type: "here", from: me, view, isNew: isDead });
      settle();
    },
    leave() {
      if (me === undefined) return;
      say({ type: "gone", from: me });
      me = undefined;
      others.clear();
      clearTimeout(settling);
      settling = undefined;
      close();
    },
  };
}
