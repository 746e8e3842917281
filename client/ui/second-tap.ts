import { element } from "./dom.ts";

/** The second tap of a double tap comes within this time, and about as near to the first. */
const SECOND_TAP_MS = 400;
const REACH_PX = 30;

const CLASS = "second-tap";

/**
 * Keeps what a tap on one of `buttons` brings under the finger from the second tap of a double tap: for a moment there is
 * nothing there, while everything else can be hit.
 */
export function absorbSecondTaps(buttons: string): void {
  const isOurs = (target: EventTarget | null) => target instanceof Element && target.closest(buttons) !== null;
  // Before the button's own listener, which may take the button away.
  const early = { capture: true };
  const cover = ({ target, detail, clientX, clientY }: MouseEvent) => {
    // A click by a key has no place.
    if (detail > 0 && isOurs(target)) coverSpot(clientX, clientY);
  };
  // A key that is held clicks again and again, and the focus moves on.
  const ignoreRepeat = (event: KeyboardEvent) => {
    if (event.repeat && event.key === "Enter" && isOurs(event.target)) event.preventDefault();
  };
  document.addEventListener("click", cover, early);
  document.addEventListener("keydown", ignoreRepeat, early);
}

function coverSpot(x: number, y: number): void {
  const spot = element("div", { class: CLASS });
  spot.style.translate = `${x - REACH_PX}px ${y - REACH_PX}px`;
  // The focus stays where it is.
  spot.addEventListener("mousedown", (event) => event.preventDefault());
  // Whoever goes on tapping has not looked yet.
  spot.addEventListener("click", (event) => coverSpot(event.clientX, event.clientY));
  document.body.append(spot);
  // From when the page is drawn: on a slow phone that takes a while.
  requestAnimationFrame(() => setTimeout(() => spot.remove(), SECOND_TAP_MS));
}
