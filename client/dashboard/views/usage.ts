import { element } from "../../ui/dom.ts";
import { KIND_WORDS, USAGE_WORDS as WORDS } from "../../words/dashboard-account-words.ts";
import { formatCount } from "../../words/words.ts";
import { ask } from "../api/ask.ts";
import { CALL_KINDS } from "../api/keys.ts";
import { type UsageJson, usageAddress } from "../api/usage.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { chart } from "../parts/chart.ts";
import { choice, toolbar } from "../parts/choice.ts";
import { emptiness, panel } from "../parts/panel.ts";
import { table } from "../parts/table.ts";
import { quotaBars } from "./quota-bars.ts";
import { type UsageRow, usageRows } from "./usage-rows.ts";
import { wholeMonth } from "./whole-month.ts";

/** Months that are offered, this one first. */
const MONTHS = 12;
const KIND_COLORS = {
  tiles: "--infrastructure",
  trends: "--opportunity",
  exports: "--safety",
  dashboards: "--vibe",
} as const;

/** What was called, by day, kind and key. */
export function usageView(visit: Visit): ViewContent {
  const { route, signal, set } = visit;
  const months = lastMonths(new Date());
  const month = months.find(({ value }) => value === route.query.month)?.value ?? months[0]?.value ?? "";
  const source = usageAddress(month);
  // One request for all of it.
  const asked = ask<UsageJson>(source, { signal });
  asked.catch(() => {});
  const part = (
    title: string,
    className: string,
    height: number,
    draw: (usage: UsageJson) => Node[] | Promise<Node[]>,
    hint = "",
  ) => {
    let answer: Promise<UsageJson> | undefined = asked;
    return panel({
      title,
      hint,
      source,
      height,
      className,
      signal,
      async load() {
        const usage = await (answer ?? ask<UsageJson>(source, { signal })).finally(() => {
          answer = undefined;
        });
        return draw(usage);
      },
    });
  };
  return [
    toolbar(choice("choose-month", WORDS.month, months, month, (value) => set({ month: value }))),
    part(WORDS.byDay, "two-thirds", 280, (usage) => chartOf(usage, month, signal), WORDS.byDayHint),
    part(WORDS.quotas, "", 200, ({ quotas }) => [quotaBars(quotas)], WORDS.quotasHint),
    part(WORDS.byKey, "wide", 140, (usage) => rowsOf(usage, visit)),
  ];
}

/** UTC, as calls are counted. */
function lastMonths(now: Date): { readonly value: string; readonly label: string }[] {
  const name = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });
  return Array.from({ length: MONTHS }, (_, ago) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1));
    return { value: first.toISOString().slice(0, 7), label: name.format(first) };
  });
}

async function chartOf(usage: UsageJson, month: string, signal: AbortSignal): Promise<Node[]> {
  const days = wholeMonth(usage.days, month, Date.now());
  if (days.every(({ calls }) => calls === 0)) return [emptiness(WORDS.noCalls, WORDS.noCallsText)];
  // Of kinds that nobody called nothing is to be seen.
  const kinds = CALL_KINDS.filter((kind) => days.some((day) => day[kind] > 0));
  return [
    await chart({
      label: WORDS.byDay,
      days: days.map(({ day }) => day),
      series: kinds.map((kind) => ({
        label: KIND_WORDS[kind],
        color: KIND_COLORS[kind],
        values: days.map((day) => day[kind]),
      })),
      kind: "stack",
      say: formatCount,
      signal,
    }),
  ];
}

function rowsOf(usage: UsageJson, { hrefOf }: Visit): Node[] {
  const rows = usageRows(usage);
  if (rows.length === 0)
    return [
      element("p", { class: "nothing" }, `${WORDS.noKeys} `, element("a", { href: hrefOf("keys") }, WORDS.toKeys)),
    ];
  return [
    table<UsageRow>(
      WORDS.byKey,
      [
        { head: WORDS.key, isName: true, cell: ({ key }) => (key ? key.name || WORDS.noKeyName : WORDS.session) },
        ...CALL_KINDS.map((kind) => ({
          head: KIND_WORDS[kind],
          isNumber: true,
          isExtra: true,
          cell: ({ calls }: UsageRow) => formatCount(calls[kind]),
        })),
        { head: WORDS.calls, isNumber: true, cell: ({ total }) => formatCount(total) },
      ],
      rows,
    ),
  ];
}
