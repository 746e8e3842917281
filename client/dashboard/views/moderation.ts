import type { PlaceJson } from "../../api/api.ts";
import { element } from "../../ui/dom.ts";
import { MODERATION_WORDS as WORDS } from "../../words/dashboard-moderation-words.ts";
import { PLAN_NAMES } from "../../words/dashboard-words.ts";
import { categoryLabel, formatTime, LAYER_LABELS, timeAgo } from "../../words/words.ts";
import { type AccountJson, hasPlan, isModerator } from "../api/account.ts";
import { ask } from "../api/ask.ts";
import {
  type CaseJson,
  type DecisionJson,
  type LogJson,
  logAddress,
  QUEUE_STATES,
  type QueueJson,
  type QueueState,
  queueAddress,
  type Ruling,
  rule,
} from "../api/moderation.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { segments, toolbar } from "../parts/choice.ts";
import { emptiness, offer, panel } from "../parts/panel.ts";
import { table } from "../parts/table.ts";
import { cityChoice } from "./city-choice.ts";
import { loadPlaces } from "./near-name.ts";
import { mapLink, reportRow } from "./report-row.ts";

const MAX_REASON = 280;

/** What a case can become from its state. */
const RULINGS: Readonly<Record<CaseJson["state"], readonly Ruling[]>> = {
  held: ["restore", "dismiss", "hide"],
  hidden: ["restore", "undo"],
  restored: ["hide", "undo"],
  dismissed: ["hide", "undo"],
  shown: ["hide"],
};

/** Reports that wait for somebody to decide, and what was decided. */
export function moderationView(visit: Visit): ViewContent {
  const { account, hrefOf, cities } = visit;
  if (!isModerator(account)) return [notYet(account, hrefOf("billing"))];
  const mine = account.is_operator ? cities : cities.filter(({ id }) => account.cities.includes(id));
  const city = mine.find(({ id }) => id === visit.city.id) ?? mine[0] ?? visit.city;
  const bound = { ...visit, cities: mine, city };
  const state = QUEUE_STATES.find((each) => each === visit.route.query.state) ?? "held";
  const states = QUEUE_STATES.map((value) => ({ value, label: WORDS.states[value] }));
  return [
    toolbar(
      cityChoice(bound),
      segments("state", WORDS.state, states, state, (value) => visit.set({ state: value })),
    ),
    queuePanel(bound, state),
    logPanel(bound),
  ];
}

function notYet(account: AccountJson, plansHref: string): HTMLElement {
  if (!hasPlan(account, "city")) return offer(PLAN_NAMES.city, WORDS.offerTitle, WORDS.offer, plansHref);
  const made = account.is_demo
    ? emptiness(WORDS.demoTitle, WORDS.demoText)
    : emptiness(WORDS.unboundTitle, WORDS.unboundText);
  made.classList.add("wide");
  return made;
}

function queuePanel(visit: Visit, state: QueueState): HTMLElement {
  const { city, signal } = visit;
  const source = queueAddress(city.id, state);
  return panel({
    title: WORDS.queue,
    source,
    height: 320,
    className: "wide",
    signal,
    async load() {
      const [page, places] = await Promise.all([ask<QueueJson>(source, { signal }), loadPlaces()]);
      if (page.cases.length === 0) return [emptiness(WORDS.emptyTitle, WORDS.empty[state])];
      const list = element("ol", { class: "listed-reports" });
      const more = element("button", { type: "button", class: "secondary" }, WORDS.more);
      const add = ({ cases, next_cursor }: QueueJson) => {
        list.append(...cases.map((each) => caseRow(each, places, visit)));
        more.hidden = next_cursor === null;
        more.onclick = async () => {
          more.disabled = true;
          const next = queueAddress(city.id, state, next_cursor ?? "");
          await ask<QueueJson>(next, { signal }).then(add, (error: Error) => visit.say(error.message));
          more.disabled = false;
        };
      };
      add(page);
      return [list, more];
    },
  });
}

/** A case with what can be done; after a decision it tells what it is now. */
function caseRow(known: CaseJson, places: readonly PlaceJson[], visit: Visit): HTMLElement {
  const { report, state, cause, flags } = known;
  const reason = element("input", {
    class: "copy-text",
    maxlength: String(MAX_REASON),
    placeholder: WORDS.reason,
    "aria-label": WORDS.reason,
  });
  const buttons = RULINGS[state].map((ruling) => {
    const label = `${WORDS.actions[ruling]}: ${categoryLabel(report.category)}`;
    const attributes = { type: "button", class: "secondary", title: WORDS.hints[ruling], "aria-label": label };
    const button = element("button", attributes, WORDS.actions[ruling]);
    button.addEventListener("click", async () => {
      for (const other of buttons) other.disabled = true;
      try {
        const ruled = await rule(report.id, ruling, reason.value.trim());
        visit.say(WORDS.done[ruling]);
        const next = caseRow(ruled, places, visit);
        row.replaceWith(next);
        next.querySelector("button")?.focus();
      } catch (error) {
        for (const other of buttons) other.disabled = false;
        visit.say(error instanceof Error ? error.message : String(error));
      }
    });
    return button;
  });
  const row = reportRow(report, places, ...buttons, mapLink(report));
  const stateWords = state === "shown" ? "" : WORDS.states[state];
  const told = Object.entries(flags ?? {}).map(([name, count]) => `${count} ${name}`);
  const facts = [
    LAYER_LABELS[report.layer],
    stateWords,
    WORDS.causes[cause] ?? cause,
    ...(told.length > 0 ? [WORDS.flags(told.join(", "))] : []),
  ].filter(Boolean);
  row.children[1]?.append(element("p", { class: "facts" }, facts.join(" · ")), reason);
  return row;
}

function logPanel({ city, signal }: Visit): HTMLElement {
  const source = logAddress(city.id);
  return panel({
    title: WORDS.log,
    hint: WORDS.logHint,
    source,
    height: 160,
    className: "wide",
    signal,
    async load() {
      const { decisions } = await ask<LogJson>(source, { signal });
      if (decisions.length === 0) return [element("p", { class: "nothing" }, WORDS.noLog)];
      return [
        table<DecisionJson>(
          WORDS.log,
          [
            {
              head: WORDS.when,
              isName: true,
              cell: ({ at }) =>
                element(
                  "time",
                  { datetime: at, title: formatTime(Date.parse(at)) },
                  timeAgo(Date.parse(at), Date.now()),
                ),
            },
            { head: WORDS.who, cell: ({ by }) => by },
            { head: WORDS.what, cell: ({ what }) => WORDS.whats[what] ?? what },
            { head: WORDS.why, isExtra: true, cell: ({ reason }) => reason ?? "–" },
          ],
          decisions,
        ),
      ];
    },
  });
}
