import { element } from "../../ui/dom.ts";
import { PLAN_WORDS as WORDS } from "../../words/dashboard-plan-words.ts";
import { formatDollars, PLAN_NAMES } from "../../words/dashboard-words.ts";
import { askOnce } from "../api/ask.ts";
import { PLANS_PATH, type PlanJson, type PlansJson } from "../api/billing.ts";
import type { Navigation } from "../page/visit.ts";
import { trouble } from "../parts/panel.ts";
import { sourceLink } from "../parts/source-link.ts";
import { giftsOf } from "./plan-gifts.ts";

/** What stands below a plan: a way to it, or that one has it. */
export type PlanWay = (plan: PlanJson, billing: PlansJson["billing"]) => Node | undefined;

/** What is sold, beside each other, as the one table of the server tells it. */
export function planCards(visit: Navigation, wayTo: PlanWay = signUpWay(visit)): HTMLElement {
  const place = element("div", { class: "plans", "aria-busy": "true" });
  const load = async () => {
    try {
      const { plans, billing } = await askOnce<PlansJson>(PLANS_PATH);
      place.replaceChildren(
        element("ul", { class: "plan-cards" }, ...plans.map((plan) => planCard(plan, wayTo(plan, billing)))),
        sourceLink(PLANS_PATH, WORDS.current),
        ...(billing === "off" ? [element("p", { class: "hint" }, WORDS.billingOff)] : []),
      );
    } catch (error) {
      place.replaceChildren(trouble(error, () => void load()));
    }
    place.ariaBusy = null;
  };
  void load();
  return place;
}

const signUpWay =
  (visit: Navigation): PlanWay =>
  ({ plan }) =>
    plan === "anonymous" ? undefined : element("a", { class: "secondary", href: visit.hrefOf("sign-up") }, WORDS.start);

function planCard(plan: PlanJson, way: Node | undefined): HTMLElement {
  const price =
    plan.dollars === 0
      ? [element("strong", {}, WORDS.free)]
      : [element("strong", {}, formatDollars(plan.dollars)), ` ${WORDS.month}`];
  return element(
    "li",
    { class: `plan-card plan-${plan.plan}` },
    element("h3", {}, PLAN_NAMES[plan.plan]),
    element("p", { class: "plan-price" }, ...price),
    element("p", { class: "hint" }, WORDS.for[plan.plan]),
    element("ul", {}, ...giftsOf(plan).map((gift) => element("li", {}, gift))),
    way,
  );
}
