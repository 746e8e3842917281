import { type LngLatLike, type Map as MapLibreMap, Popup } from "maplibre-gl";
import { coveredEdges } from "../map/free-area.ts";
import { prefersReducedMotion } from "../ui/dom.ts";

/** Room above a popup's place for what is drawn there. */
const MARK_PX = 40;

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
    maxWidth: "300px",
    offset: 16,
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
  return popup;
}

/** Finds a place for the popup's size as it is now, and moves the map if there is none. */
export function fitPopup(map: MapLibreMap, popup: Popup): void {
  popup.setLngLat(popup.getLngLat());
  const covered = coveredEdges();
  const hiddenPx =
    popup.getElement().getBoundingClientRect().bottom - (innerHeight - Math.max(covered.bottom, footPx()));
  const roomPx = map.project(popup.getLngLat()).y - covered.top - MARK_PX;
  const upPx = Math.min(hiddenPx, roomPx);
  if (upPx > 0) map.panBy([0, upPx], { duration: prefersReducedMotion() ? 0 : 300 });
}

/** How far up from the bottom of a phone the button to report reaches. */
function footPx(): number {
  const top = document.querySelector(".open-report")?.getBoundingClientRect().top ?? 0;
  return top > innerHeight / 2 ? innerHeight - top : 0;
}

/** What opened a popup, or what has taken its place in a list that was brought up to date meanwhile. */
function standingFor(opener: Element | null): HTMLElement | undefined {
  if (!(opener instanceof HTMLElement) || opener === document.body) return undefined;
  if (opener.isConnected) return opener;
  const id = opener.closest("li")?.dataset.id ?? "";
  return document.querySelector<HTMLElement>(`li[data-id="${CSS.escape(id)}"] button`) ?? undefined;
}
