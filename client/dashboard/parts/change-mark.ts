import { element, icon } from "../../ui/dom.ts";
import type { Icon } from "../../ui/icons.ts";
import { MARK_WORDS } from "../../words/dashboard-trend-words.ts";
import { formatPercent } from "../../words/dashboard-words.ts";

const UP: Icon = ["M12 5 21 18H3z"];
const DOWN: Icon = ["M12 19 3 6h18z"];

/** "▲ +2.3 better", by sign, word and shape, and colour last. @param change points, more is better; null is told as such */
export function pointsMark(change: number | null, digits = 1, than = ""): HTMLElement {
  if (change === null) return element("span", { class: "change none" }, MARK_WORDS.notComparable);
  const size = Math.abs(change).toFixed(digits);
  if (Number(size) === 0) return element("span", { class: "change" }, MARK_WORDS.same);
  const [way, sign, word, shape] =
    change > 0 ? (["up", "+", MARK_WORDS.better, UP] as const) : (["down", "−", MARK_WORDS.worse, DOWN] as const);
  return element("span", { class: `change ${way}` }, icon(shape), `${sign}${size} ${word}${than && ` ${than}`}`);
}

/** "▲ +30%" of a number of reports, of which more is neither good nor bad. @param percent null where there were none before */
export function percentMark(percent: number | null): HTMLElement {
  if (percent === null) return element("span", { class: "change" }, MARK_WORDS.fresh);
  if (Math.round(percent) === 0) return element("span", { class: "change" }, MARK_WORDS.same);
  return element("span", { class: "change" }, icon(percent > 0 ? UP : DOWN), formatPercent(percent));
}
