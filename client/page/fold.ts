import type { WayBack } from "./way-back.ts";
import { closeWithBack } from "./way-back.ts";

/**
 * On a phone the panel shows what one needs at a glance, and the rest when its button is pressed; the map, or what opens
 * over it, folds it again. Elsewhere the stylesheet shows all of it, and no button.
 */
export function bindFold(panel: HTMLElement, button: HTMLElement, map: HTMLElement, back: WayBack): () => void {
  const isOpen = () => button.ariaExpanded === "true";
  const set = (open: boolean) => {
    button.ariaExpanded = String(open);
    panel.classList.toggle("folded", !open);
    if (!open) panel.scrollTop = 0;
  };
  const fold = () => {
    if (isOpen()) set(false);
  };
  button.addEventListener("click", () => set(!isOpen()));
  map.addEventListener("pointerdown", fold);
  closeWithBack(back, panel, isOpen, fold);
  return fold;
}
