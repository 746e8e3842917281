import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { BASE } from "../../api/base.ts";
import { element } from "../../ui/dom.ts";
import { KIND_WORDS, KEY_WORDS as WORDS } from "../../words/dashboard-account-words.ts";
import { LAYER_LABELS } from "../../words/words.ts";
import { CALL_KINDS, createKey, type KeyDraft, type NewKeyJson } from "../api/keys.ts";
import { copyField } from "../parts/copy-field.ts";
import { openDialog } from "../parts/dialog.ts";
import { field, form } from "../parts/form.ts";

/** Layers of tiles that a key can be restricted to. */
const LAYERS = [...REPORT_LAYERS, "scores", "areas"] as const;
const LAYER_WORDS: Readonly<Record<string, string>> = { ...LAYER_LABELS, scores: "Scores", areas: "Areas" };
/** What a key can be restricted to; browsers that are signed in need none. */
const KINDS = CALL_KINDS.filter((kind) => kind !== "dashboards");
/** Bounds of the server's. */
const MAX_NAME = 80;

/** Asks for a new key's name and restrictions; `done` is called when it was made and shown. */
export function openKeyForm(done: () => void): void {
  const origins = element("textarea", {
    name: "origins",
    id: "key-origins",
    rows: "3",
    "aria-describedby": "key-origins-hint",
  });
  const made = form({
    submit: WORDS.make,
    fields: [
      field({ name: "name", label: WORDS.name, hint: WORDS.nameHint, maxlength: MAX_NAME }),
      element(
        "details",
        { class: "restrictions" },
        element("summary", {}, WORDS.advanced),
        element(
          "div",
          { class: "field" },
          element("label", { for: "key-origins" }, WORDS.origins),
          origins,
          element("p", { class: "hint", id: "key-origins-hint" }, WORDS.originsHint),
          element("p", { class: "error", "data-error": "origins" }),
        ),
        checks("layers", WORDS.layers, LAYERS, LAYER_WORDS),
        checks("kinds", WORDS.kinds, KINDS, KIND_WORDS),
        element("p", { class: "hint" }, WORDS.any),
      ),
    ],
    async send({ name = "" }, sent) {
      const key = await createKey(draftOf(name, sent));
      dialog.close();
      showKey(key, done);
    },
  });
  const dialog = openDialog(WORDS.create, made);
}

/** Lists are left out where nothing is chosen: that is all of it. */
function draftOf(name: string, sent: HTMLFormElement): KeyDraft {
  const data = new FormData(sent);
  const all = (of: string): string[] => data.getAll(of).filter((value) => typeof value === "string");
  const origins = String(data.get("origins") ?? "")
    .split(/\s+/)
    .filter(Boolean);
  const [layers, kinds] = [all("layers"), all("kinds")];
  return {
    name: name.trim(),
    ...(origins.length > 0 && { origins }),
    ...(layers.length > 0 && { layers }),
    ...(kinds.length > 0 && { kinds }),
  };
}

function checks(
  name: string,
  legend: string,
  values: readonly string[],
  words: Readonly<Record<string, string>>,
): HTMLElement {
  const boxes = values.map((value) =>
    element("label", {}, element("input", { type: "checkbox", name, value }), words[value]),
  );
  return element(
    "fieldset",
    {},
    element("legend", {}, legend),
    element("div", { class: "checks" }, ...boxes),
    element("p", { class: "error", "data-error": name }),
  );
}

/** Shows a key, this once, with what one does with it. */
export function showKey({ key }: NewKeyJson, done: () => void): void {
  const stored = element("button", { type: "button", class: "primary" }, WORDS.stored);
  const dialog = openDialog(
    WORDS.madeTitle,
    element("p", { class: "told warn" }, WORDS.madeText),
    labelled(WORDS.madeKey, copyField(key, WORDS.madeKey)),
    labelled(WORDS.tileUrl, copyField(`${BASE}/tiles/safety/{z}/{x}/{y}.pbf?key=${key}`, WORDS.tileUrl)),
    labelled(WORDS.curl, copyField(`curl -H "Authorization: Bearer ${key}" "${BASE}/api/usage"`, WORDS.curl)),
    stored,
  );
  dialog.classList.add("made-key");
  stored.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", done);
}

const labelled = (label: string, node: HTMLElement): HTMLElement =>
  element("div", { class: "labelled" }, element("p", { class: "hint" }, label), node);
