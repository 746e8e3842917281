import { element, icon } from "../../ui/dom.ts";
import { SHARE_ICON } from "../../ui/icons.ts";
import { SHARE_WORDS as WORDS } from "../../words/dashboard-words.ts";

/** Copies the address, which holds all that a view was asked for. */
export function shareButton({ say }: { say(text: string): void }): HTMLElement {
  const button = element("button", { type: "button", class: "secondary share" }, icon(SHARE_ICON), WORDS.share);
  button.addEventListener("click", () =>
    navigator.clipboard.writeText(location.href).then(
      () => say(WORDS.shared),
      () => say(WORDS.copyByHand),
    ),
  );
  return button;
}
