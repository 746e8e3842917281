/** Share of the window's height that a sheet takes at first, and drawn up. */
const [LOW, HIGH] = [0.5, 0.9];
/** Released below this it closes. */
const CLOSE_BELOW = 0.3;

/**
 * Makes the bottom edge's sheet of a dialog on a phone follow its handle: drawn up, down, and away. The handle is a button,
 * too: it draws the sheet up and down.
 */
export function bindSheet(sheet: HTMLElement, handle: HTMLButtonElement, close: () => void): { lower(): void } {
  let from: { readonly y: number; readonly height: number } | undefined;
  let moved = false;
  const setShare = (share: number) => {
    sheet.style.setProperty("--sheet", `${(100 * share).toFixed(2)}dvh`);
    handle.setAttribute("aria-expanded", String(share > (LOW + HIGH) / 2));
  };
  handle.addEventListener("pointerdown", (event) => {
    from = { y: event.clientY, height: sheet.getBoundingClientRect().height };
    moved = false;
    handle.setPointerCapture(event.pointerId);
    sheet.classList.add("dragged");
  });
  handle.addEventListener("pointermove", ({ clientY }) => {
    if (!from) return;
    moved ||= Math.abs(clientY - from.y) > 6;
    if (moved) setShare(Math.min(HIGH, Math.max(0.1, (from.height + from.y - clientY) / innerHeight)));
  });
  const release = () => {
    if (!from) return;
    from = undefined;
    sheet.classList.remove("dragged");
    if (!moved) return;
    const share = sheet.getBoundingClientRect().height / innerHeight;
    if (share < CLOSE_BELOW) close();
    else setShare(share < (LOW + HIGH) / 2 ? LOW : HIGH);
  };
  handle.addEventListener("pointerup", release);
  handle.addEventListener("pointercancel", release);
  handle.addEventListener("click", () => {
    if (!moved) setShare(handle.getAttribute("aria-expanded") === "true" ? LOW : HIGH);
  });
  setShare(LOW);
  return { lower: () => setShare(LOW) };
}
