import { element } from "../../ui/dom.ts";
import { KIND_WORDS, USAGE_WORDS as WORDS } from "../../words/dashboard-account-words.ts";
import { formatDay } from "../../words/dashboard-words.ts";
import { formatCount } from "../../words/words.ts";
import type { QuotaJson } from "../api/usage.ts";

/** From here on of a quota it is told with emphasis. */
const NEARLY = 0.8;

/** How much of each quota is used, as bars with their numbers. */
export function quotaBars(quotas: readonly QuotaJson[]): HTMLElement {
  return element("ul", { class: "quotas" }, ...quotas.map(quotaBar));
}

function quotaBar({ kind, calls, per, used, resets_at }: QuotaJson): HTMLElement {
  const share = calls === null || calls === 0 ? 0 : Math.min(1, used / calls);
  const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("span", {}));
  bar.style.setProperty("--share", `${100 * share}%`);
  const told =
    calls === null
      ? WORDS.unlimited(formatCount(used))
      : calls === 0
        ? WORDS.notInPlan
        : WORDS.used(formatCount(used), formatCount(calls), per);
  const state = calls !== null && calls > 0 && used >= calls ? "spent" : share >= NEARLY ? "nearly" : "";
  return element(
    "li",
    { class: `quota ${state}` },
    element("span", { class: "quota-kind" }, KIND_WORDS[kind]),
    element("span", { class: "quota-told" }, told),
    bar,
    state === ""
      ? undefined
      : element("span", { class: "quota-note" }, state === "spent" ? WORDS.spent(formatDay(resets_at)) : WORDS.nearly),
  );
}
