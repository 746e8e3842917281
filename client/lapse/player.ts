import { element, icon } from "../ui/dom.ts";
import { CLOSE_ICON, PAUSE_ICON, PLAY_ICON, STEP_ICON } from "../ui/icons.ts";
import { formatCount } from "../words/words.ts";
import { createHistogram, type Histogram } from "./histogram.ts";

/** What the button does now: "Play", "Pause", or one step. */
export type PlayAction = "play" | "pause" | { readonly next: "day" | "hour" };

/** The card with the button, the time and the histogram, which is a slider, too. */
export interface Player {
  readonly play: HTMLButtonElement;
  readonly close: HTMLButtonElement;
  readonly scrubber: HTMLInputElement;
  readonly histogram: Histogram;
  showAction(action: PlayAction): void;
  /** Says where it is, as the step's words and its reports. */
  showStep(step: number, words: string, count: number): void;
  note(text: string): void;
}

export function createPlayer(section: HTMLElement): Player {
  const histogram = createHistogram();
  const play = element("button", { type: "button", class: "bare play" });
  const when = element("strong", { class: "when" });
  const what = element("span", { class: "what" });
  const note = element("p", { class: "hint", role: "status" });
  const scrubber = element("input", { type: "range", min: "0", step: "1", "aria-label": "Time" });
  const close = element(
    "button",
    { type: "button", class: "bare round", "aria-label": "Close the time-lapse" },
    icon(CLOSE_ICON),
  );
  section.replaceChildren(
    element("div", { class: "player-head" }, play, element("p", {}, when, what), close),
    element("div", { class: "scrub" }, histogram.element, scrubber),
    note,
  );
  return {
    play,
    close,
    scrubber,
    histogram,
    showAction(action) {
      const [shape, label] =
        typeof action === "object"
          ? [STEP_ICON, `Next ${action.next}`]
          : action === "play"
            ? [PLAY_ICON, "Play"]
            : [PAUSE_ICON, "Pause"];
      play.replaceChildren(icon(shape));
      play.setAttribute("aria-label", label);
      play.title = label;
    },
    showStep(step, words, count) {
      scrubber.value = String(step);
      const reports = `${formatCount(count)} ${count === 1 ? "report" : "reports"}`;
      // In most frames nothing is new.
      if (when.textContent === words && what.textContent === reports) return;
      when.textContent = words;
      what.textContent = reports;
      scrubber.setAttribute("aria-valuetext", `${words}, ${reports}`);
    },
    note(text) {
      note.textContent = text;
    },
  };
}
