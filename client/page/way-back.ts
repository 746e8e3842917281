/** The browser's Back takes back what was done on the page, the latest first: it closes what is open, and undoes a jump. */
export interface WayBack {
  /** Something opened, or the map jumped; `undo` takes it back. */
  opened(key: unknown, undo: () => void): void;
  /** It went away by another way: so does its entry in the history. */
  closed(key: unknown): void;
  /** Another address was typed or followed: what is open now belongs to the entries before it. */
  left(): void;
}

const depthOf = (state: unknown): number => (state as { depth?: number } | null)?.depth ?? 0;

/**
 * One entry of the history for each thing that can be taken back. An entry knows only how many there are below it; which is
 * which does not matter. `write` puts the page's present state into the address of an entry that the browser came back to.
 */
export function createWayBack(write: () => void): WayBack {
  const open = new Map<unknown, () => void>();
  /** Of the entry that the browser is at. */
  let depth = depthOf(history.state);
  /** Entries from before a reload: nobody knows any more what they opened, their addresses do. */
  let floor = depth;
  let isReturning = false;

  const settle = () => {
    const surplus = depth - floor - open.size;
    if (isReturning || surplus === 0) return;
    if (surplus > 0) {
      isReturning = true;
      history.go(-surplus);
      return;
    }
    // Entries of another address have no state at all.
    history.replaceState({ depth }, "");
    history.pushState({ depth: ++depth }, "");
    settle();
  };
  addEventListener("popstate", ({ state }) => {
    if (state === null) return;
    depth = depthOf(state);
    if (isReturning) {
      // Not Back but us, and something may have opened since.
      isReturning = false;
      floor = Math.min(floor, depth);
      write();
      return settle();
    }
    let isChanged = false;
    while (open.size > Math.max(0, depth - floor)) {
      const [key, undo] = [...open].at(-1) ?? [];
      open.delete(key);
      undo?.();
      isChanged = true;
    }
    floor = Math.max(0, depth - open.size);
    // The address is of the time when its entry was left, and the map has moved since.
    if (isChanged) write();
  });
  return {
    opened(key, undo) {
      open.set(key, undo);
      settle();
    },
    closed(key) {
      open.delete(key);
      // Not at once: one popup often makes way for the next.
      setTimeout(settle);
    },
    left() {
      open.clear();
      depth = 0;
      floor = 0;
    },
  };
}

/** Back closes an element of the page as Escape does, unless there is another way to `close` it. */
export function closeWithBack(
  back: WayBack,
  element: HTMLElement,
  isOpen: () => boolean,
  close: () => void = () => element.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })),
): void {
  const look = () => (isOpen() ? back.opened(element, close) : back.closed(element));
  new MutationObserver(look).observe(element, { attributeFilter: ["open", "hidden", "class"] });
}
