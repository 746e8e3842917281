import { element } from "../../ui/dom.ts";
import { PLAN_WORDS, STATUS_WORDS, BILLING_WORDS as WORDS } from "../../words/dashboard-plan-words.ts";
import { formatDay, PLAN_NAMES } from "../../words/dashboard-words.ts";
import { ask } from "../api/ask.ts";
import { BILLING_PATH, type BillingJson, openCheckout, openPortal } from "../api/billing.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { panel } from "../parts/panel.ts";
import { type PlanWay, planCards } from "./plan-cards.ts";

/** A minute and a half in all. */
const LOOK_EVERY_MS = 2_000;
const MOST_LOOKS = 45;

/** The plan, how it stands, and ways to others. */
export function billingView(visit: Visit): ViewContent {
  return [
    ...outcomeOf(visit),
    panel({
      title: WORDS.plan,
      source: BILLING_PATH,
      className: "wide",
      signal: visit.signal,
      load: async () => standing(await ask<BillingJson>(BILLING_PATH, { signal: visit.signal }), visit),
    }),
    element("h2", { class: "wide section-title" }, WORDS.plans),
    element("div", { class: "wide" }, planCards(visit, wayTo(visit))),
  ];
}

/** What came of the checkout that one is back from. */
function outcomeOf(visit: Visit): HTMLElement[] {
  const { route, reload, account } = visit;
  const { checkout } = route.query;
  if (checkout === "cancelled") return [element("p", { class: "told wide", role: "status" }, WORDS.cancelled)];
  if (checkout !== "done") return [];
  if (account.subscription.active) return [element("p", { class: "told wide", role: "status" }, WORDS.paid)];
  void awaitPayment(visit);
  const again = element("button", { type: "button", class: "link" }, WORDS.checkAgain);
  again.addEventListener("click", () => void reload());
  return [element("p", { class: "told wide", role: "status" }, WORDS.done, " ", again)];
}

/** Whoever has paid may be back before Stripe has told us so. */
async function awaitPayment({ signal, reload }: Visit): Promise<void> {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (signal.aborted) return;
    const found = await ask<BillingJson>(BILLING_PATH, { signal }).catch(() => undefined);
    if (found?.active && !signal.aborted) return reload();
  }
}

function standing(billing: BillingJson, visit: Visit): Node[] {
  const [label, advice] =
    billing.status === null ? [WORDS.none, ""] : (STATUS_WORDS[billing.status] ?? [billing.status, ""]);
  const state = billing.active || billing.status === null ? "" : "bad";
  return [
    element(
      "div",
      { class: "standing" },
      element("p", { class: "standing-plan" }, PLAN_NAMES[billing.plan]),
      element("p", { class: `status ${state}` }, label),
      element("p", { class: "hint" }, periodWords(billing)),
    ),
    ...(advice === "" ? [] : [element("p", { class: "told warn", role: "status" }, advice)]),
    ...(billing.portal ? [portalButton(visit)] : []),
    ...(billing.billing === "off" ? [element("p", { class: "hint" }, PLAN_WORDS.billingOff)] : []),
  ];
}

function periodWords({ status, active, ends_at, current_period_end }: BillingJson): string {
  if (ends_at === null) return current_period_end === null ? "" : WORDS.period(formatDay(current_period_end));
  const until = formatDay(ends_at);
  if (!active) return WORDS.ended(until);
  // Of what is overdue the end comes only if it stays so.
  return status === "past_due" ? WORDS.kept(until) : WORDS.ends(until);
}

function portalButton(visit: Visit, words: string = WORDS.manage): HTMLElement {
  const button = element("button", { type: "button", class: "secondary" }, words);
  button.addEventListener("click", () => void leaveFor(openPortal(), button, visit));
  return button;
}

const wayTo =
  (visit: Visit): PlanWay =>
  ({ plan, dollars }, billing) => {
    const { account } = visit;
    // One that has ended can be bought again.
    const current = account.subscription.active ? account.plan : "resident";
    if (plan === current) return element("p", { class: "current-plan" }, PLAN_WORDS.current);
    if (dollars === 0) return undefined;
    if (account.is_demo) return element("p", { class: "hint" }, PLAN_WORDS.demo);
    // Whoever pays changes the plan at the portal, where what is paid already is reckoned with.
    if (account.subscription.active) return portalButton(visit, PLAN_WORDS.change(PLAN_NAMES[plan]));
    const button = element(
      "button",
      { type: "button", class: "primary", disabled: billing === "off" },
      PLAN_WORDS.choose(PLAN_NAMES[plan]),
    );
    button.addEventListener("click", () => void leaveFor(openCheckout(plan), button, visit));
    return button;
  };

/** Goes to Stripe's page. */
async function leaveFor(asked: Promise<string>, button: HTMLButtonElement, { say }: Visit): Promise<void> {
  button.ariaBusy = "true";
  button.disabled = true;
  try {
    location.assign(await asked);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    button.disabled = false;
  }
  button.ariaBusy = null;
}
