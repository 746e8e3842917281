import { type LngLatLike, type Map as MapLibreMap, Popup } from "maplibre-gl";
import { coveredEdges } from "../map/free-area.ts";
import { prefersReducedMotion } from "../ui/dom.ts";

/** Room around a popup's place for what is drawn there. */
const MARK_PX = 24;
/** Between the tip of a popup and its place; and the tip, which the stylesheet of MapLibre makes so high. */
const OFFSET_PX = 16;
const TIP_PX = 10;
const MARGIN_PX = 8;
const WIDTH_PX = 320;
/** The stylesheet's, too. */
const FLAT_PX = 500;

/** Opens a popup at a place, which comes into view if it is not; Escape closes it and gives the focus back. */
export function openPopup(map: MapLibreMap, at: LngLatLike, content: HTMLElement): Popup {
  const opener = document.activeElement;
  // Who came by keyboard goes on from the popup, and back with Escape; a pointer's focus stays where it is.
  const byKeyboard = opener instanceof HTMLElement && opener.matches(":focus-visible") && opener !== map.getCanvas();
  const covered = coveredEdges();
  const { x, y } = map.project(at);
  if (x < covered.left || y < covered.top || x > innerWidth - covered.right || y > innerHeight - covered.bottom) {
    map.easeTo({ center: at, duration: prefersReducedMotion() ? 0 : 400 });
  }
  // Whether a click on the map closes it, or opens something else, the map's own listener says.
  const popup = new Popup({
    maxWidth: `${Math.min(WIDTH_PX, innerWidth - covered.left - covered.right - 2 * MARGIN_PX)}px`,
    offset: OFFSET_PX,
    focusAfterOpen: byKeyboard,
    closeOnClick: false,
    padding: covered,
  })
    .setLngLat(at)
    .setDOMContent(content)
    .addTo(map);
  popup.getElement().addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    popup.remove();
    (standingFor(opener) ?? map.getCanvas()).focus();
  });
  fitPopup(map, popup);
  return popup;
}

/** Gives the popup the height that there is, finds a place for it, and moves the map if there is none. */
export function fitPopup(map: MapLibreMap, popup: Popup): void {
  if (!popup.isOpen()) return;
  if (map.isMoving()) {
    map.once("moveend", () => fitPopup(map, popup));
    return;
  }
  const element = popup.getElement();
  const replace = () => popup.setLngLat(popup.getLngLat());
  replace();
  const at = map.project(popup.getLngLat());
  const { left, right, width } = element.getBoundingClientRect();
  const { top, bottom, ...sides } = freeRoom();
  // On a phone only the middle has the width.
  const middle = (sides.left + sides.right) / 2;
  const movedX = left < sides.left || right > sides.right ? at.x - middle : 0;
  const room =
    movedX === 0 ? { left, right, top, bottom } : { left: middle - width / 2, right: middle + width / 2, top, bottom };
  const { top: high, bottom: low } = besideButton(room);
  element.style.setProperty("--room", `${low - high - MARK_PX - OFFSET_PX - TIP_PX}px`);
  replace();
  const placed = element.getBoundingClientRect();
  const up = Math.min(placed.bottom - low, at.y - high - MARK_PX);
  const down = Math.min(high - placed.top, low - MARK_PX - at.y);
  const movedY = up > 0 ? up : -Math.max(0, down);
  if (movedX !== 0 || movedY !== 0) map.panBy([movedX, movedY], { duration: prefersReducedMotion() ? 0 : 300 });
}

interface Room {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where nothing covers the map. */
function freeRoom(): Room {
  const { left, right, top, bottom } = coveredEdges();
  const [width, height] = [innerWidth - MARGIN_PX, innerHeight - MARGIN_PX];
  const room = { left: left + MARGIN_PX, right: width - right, top: top + MARGIN_PX, bottom: height - bottom };
  const button = reportButton();
  // A phone on its side has no height to lose.
  const isFlat = innerHeight < FLAT_PX && button !== undefined && button.left - left > WIDTH_PX + 2 * MARGIN_PX;
  return isFlat ? { ...room, right: Math.min(room.right, button.left - MARGIN_PX) } : room;
}

const reportButton = () => document.querySelector(".open-report")?.getBoundingClientRect();

/** What is left of a room above or below the button to report, which lies over the map. */
function besideButton(room: Room): Room {
  const button = reportButton();
  if (!button?.width || button.left >= room.right + MARGIN_PX || button.right <= room.left - MARGIN_PX) return room;
  return button.top > innerHeight / 2
    ? { ...room, bottom: Math.min(room.bottom, button.top - MARGIN_PX) }
    : { ...room, top: Math.max(room.top, button.bottom + MARGIN_PX) };
}

/** What opened a popup, or what has taken its place in a list that was brought up to date meanwhile. */
function standingFor(opener: Element | null): HTMLElement | undefined {
  if (!(opener instanceof HTMLElement) || opener === document.body) return undefined;
  if (opener.isConnected) return opener;
  const id = opener.closest("li")?.dataset.id ?? "";
  return document.querySelector<HTMLElement>(`li[data-id="${CSS.escape(id)}"] button`) ?? undefined;
}
