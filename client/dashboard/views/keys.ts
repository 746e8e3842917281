import { element } from "../../ui/dom.ts";
import { KIND_WORDS, KEY_WORDS as WORDS } from "../../words/dashboard-account-words.ts";
import { formatDay } from "../../words/dashboard-words.ts";
import { formatCount, formatTime, timeAgo } from "../../words/words.ts";
import { fetchKeys, KEYS_PATH, type KeyJson, revokeKey, rotateKey } from "../api/keys.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { toolbar } from "../parts/choice.ts";
import { confirmFirst } from "../parts/dialog.ts";
import { emptiness, panel } from "../parts/panel.ts";
import { table } from "../parts/table.ts";
import { openKeyForm, showKey } from "./key-form.ts";

/** The account's keys, and what can be done with each. */
export function keysView(visit: Visit): ViewContent {
  const redraw = () => visit.redraw();
  const create = element("button", { type: "button", class: "primary", id: "create-key" }, WORDS.create);
  create.addEventListener("click", () => openKeyForm(redraw));
  return [
    toolbar(create),
    panel({
      title: WORDS.list,
      source: KEYS_PATH,
      height: 200,
      className: "wide",
      signal: visit.signal,
      load: async () => listed(await fetchKeys(visit.signal), visit, redraw),
    }),
  ];
}

const nowMs = (): number => Date.now();

const isOver = ({ revoked_at, expires_at }: KeyJson): boolean =>
  revoked_at !== null || (expires_at !== null && Date.parse(expires_at) <= nowMs());

function listed(keys: readonly KeyJson[], visit: Visit, redraw: () => void): Node[] {
  const [over, working] = [keys.filter(isOver), keys.filter((key) => !isOver(key))];
  const rows = (of: readonly KeyJson[]) => keyTable(of, visit, redraw);
  return [
    working.length === 0 ? emptiness(WORDS.noneTitle, WORDS.noneText) : rows(working),
    ...(over.length === 0
      ? []
      : [
          element(
            "details",
            {},
            element("summary", { class: "more" }, `${WORDS.showOld} (${over.length})`),
            rows(over),
          ),
        ]),
  ];
}

function keyTable(keys: readonly KeyJson[], visit: Visit, redraw: () => void): HTMLElement {
  return table<KeyJson>(
    WORDS.list,
    [
      { head: WORDS.name, isName: true, cell: nameOf },
      { head: WORDS.prefix, isExtra: true, cell: ({ prefix }) => element("code", {}, `${prefix}…`) },
      { head: WORDS.created, isExtra: true, cell: ({ created_at }) => formatDay(created_at) },
      { head: WORDS.lastUsed, cell: ({ last_used_at }) => agoOf(last_used_at) },
      { head: WORDS.calls, isNumber: true, cell: ({ calls_this_month }) => formatCount(calls_this_month) },
      { head: WORDS.state, cell: stateOf },
      { head: "", cell: (key) => (isOver(key) ? "" : actions(key, visit, redraw)) },
    ],
    keys,
    "stacked",
  );
}

function nameOf({ name, origins, layers, kinds }: KeyJson): HTMLElement {
  const kindWords = kinds?.map((kind) => Object.entries(KIND_WORDS).find(([each]) => each === kind)?.[1] ?? kind);
  const restrictions = [...(origins ?? []), ...(layers ?? []), ...(kindWords ?? [])];
  return element(
    "span",
    { class: "key-name" },
    name,
    restrictions.length === 0 ? undefined : element("small", {}, `${WORDS.restricted} ${restrictions.join(", ")}`),
  );
}

function agoOf(at: string | null): Node | string {
  if (at === null) return WORDS.never;
  const atMs = Date.parse(at);
  return element("time", { datetime: at, title: formatTime(atMs) }, timeAgo(atMs, nowMs()));
}

function stateOf(key: KeyJson): HTMLElement {
  const { revoked_at, expires_at } = key;
  if (revoked_at !== null) return element("span", { class: "status off" }, WORDS.revoked);
  if (isOver(key)) return element("span", { class: "status off" }, WORDS.expired);
  const until = expires_at === null ? undefined : WORDS.until(formatTime(Date.parse(expires_at)));
  return element("span", { class: `status ${until ? "bad" : ""}` }, until ?? WORDS.works);
}

function actions(key: KeyJson, visit: Visit, redraw: () => void): HTMLElement {
  const button = (words: string, act: () => void) => {
    const id = `${words}-${key.id}`;
    const made = element("button", { type: "button", class: "link", id, "aria-label": `${words}: ${key.name}` }, words);
    made.addEventListener("click", act);
    return made;
  };
  return element(
    "span",
    { class: "table-actions" },
    // One that is about to end has been rotated.
    key.expires_at === null ? button(WORDS.rotate, () => askRotation(key, redraw)) : undefined,
    button(WORDS.revoke, () => askRevocation(key, visit, redraw)),
  );
}

function askRotation(key: KeyJson, redraw: () => void): void {
  const select = element(
    "select",
    { name: "overlap", id: "overlap" },
    ...Object.entries(WORDS.overlaps).map(([hours, words]) =>
      element("option", { value: hours, selected: hours === "24" }, words),
    ),
  );
  confirmFirst({
    title: WORDS.rotateTitle(key.name),
    text: WORDS.rotateText,
    confirm: WORDS.rotate,
    isGrave: false,
    fields: [element("div", { class: "field" }, element("label", { for: "overlap" }, WORDS.overlap), select)],
    act: async ({ overlap }) => showKey(await rotateKey(key.id, Number(overlap)), redraw),
  });
}

function askRevocation(key: KeyJson, visit: Visit, redraw: () => void): void {
  confirmFirst({
    title: WORDS.revokeTitle(key.name),
    text: WORDS.revokeText,
    confirm: WORDS.revoke,
    async act() {
      await revokeKey(key.id);
      visit.say(WORDS.revokedSaid(key.name));
      redraw();
    },
  });
}
