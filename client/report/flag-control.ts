import { type FlagReason, flagReport } from "../api/api.ts";
import { withProof } from "../api/proof.ts";
import { element, icon } from "../ui/dom.ts";
import { FLAG_ICON } from "../ui/icons.ts";
import { FLAG_THANKS } from "../words/form-words.ts";

const REASONS: readonly (readonly [reason: FlagReason, label: string])[] = [
  ["spam", "Spam"],
  ["offensive", "Offensive"],
  ["personal", "Names a person"],
  ["untrue", "Not true"],
  ["wrong-place", "Wrong place"],
];

let controls = 0;

/**
 * Puts a quiet "Flag" into a report's card. It asks what is wrong, so that nobody flags by a slip; the answer sends it, and
 * there is no way back. `onResize` is told when the card has another size.
 */
export function addFlagControl(card: HTMLElement, reportId: string, onResize: () => void): void {
  const id = `flag-${++controls}`;
  const button = element(
    "button",
    { type: "button", class: "flag", "aria-expanded": "false", "aria-controls": id },
    icon(FLAG_ICON),
    "Flag",
  );
  const error = element("p", { class: "error", role: "alert" });
  const reasons = REASONS.map(([reason, label]) => {
    const choice = element("button", { type: "button", class: "reason" }, label);
    choice.addEventListener("click", () => void send(reason));
    return choice;
  });
  const question = element("legend", {}, "What is wrong with it?");
  const panel = element("fieldset", { id, class: "flag-reasons", hidden: true }, question, ...reasons, error);

  const toggle = (isOpen: boolean) => {
    panel.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    onResize();
  };
  button.addEventListener("click", () => {
    toggle(panel.hidden !== false);
    if (!panel.hidden) reasons[0]?.focus();
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    // Else the map's popup would close with it.
    event.stopPropagation();
    toggle(false);
    button.focus();
  });

  async function send(reason: FlagReason): Promise<void> {
    panel.disabled = true;
    error.textContent = "";
    try {
      const { hidden, reviewed } = await withProof((proof) => flagReport(reportId, reason, proof));
      const thanks = FLAG_THANKS[hidden ? "hidden" : reviewed ? "reviewed" : "counted"];
      const message = element("p", { class: "flagged", role: "status", tabindex: "-1" }, thanks);
      panel.replaceWith(message);
      button.remove();
      onResize();
      message.focus();
    } catch (problem) {
      panel.disabled = false;
      error.textContent = problem instanceof Error ? problem.message : "Something went wrong.";
    }
  }

  card.querySelector(".facts")?.append(button);
  card.append(panel);
}
