import type { GeoJSON } from "geojson";
import { BASE } from "../../api/base.ts";
import { element } from "../../ui/dom.ts";
import { OWN_AREA_WORDS as WORDS } from "../../words/dashboard-area-words.ts";
import { formatDay, PLAN_NAMES } from "../../words/dashboard-words.ts";
import { hasPlan } from "../api/account.ts";
import {
  addOwnAreas,
  deleteOwnArea,
  fetchOwnAreas,
  OWN_AREAS_PATH,
  type OwnAreaJson,
  type OwnAreasJson,
  renameOwnArea,
} from "../api/own-areas.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { confirmFirst } from "../parts/dialog.ts";
import { field, form } from "../parts/form.ts";
import { emptiness, offer, panel } from "../parts/panel.ts";
import { table } from "../parts/table.ts";

const MAX_FILE_BYTES = 2 ** 20;
const MAX_NAME = 80;

/** Areas that the account drew or brought, and ways to more. */
export function ownAreasView(visit: Visit): ViewContent {
  const { signal, hrefOf, account } = visit;
  return [
    panel({
      title: WORDS.list,
      source: OWN_AREAS_PATH,
      height: 160,
      className: "wide",
      signal,
      load: async () => listed(await fetchOwnAreas(), visit),
    }),
    panel({ title: WORDS.draw, hint: WORDS.drawHint, height: 380, signal, load: () => [drawing(visit)] }),
    panel({ title: WORDS.upload, hint: WORDS.uploadHint, signal, load: () => [uploading(visit)] }),
    ...(!hasPlan(account, "agent") ? [offer(PLAN_NAMES.agent, WORDS.offerTitle, WORDS.offer, hrefOf("billing"))] : []),
  ];
}

function listed({ areas, limit }: OwnAreasJson, visit: Visit): Node[] {
  const used = element("p", { class: "hint" }, WORDS.used(areas.length, limit));
  if (areas.length === 0) return [emptiness(WORDS.noneTitle, WORDS.noneText), used];
  return [
    table<OwnAreaJson>(
      WORDS.list,
      [
        {
          head: WORDS.name,
          isName: true,
          cell: ({ id, name }) => element("a", { href: visit.hrefOf("trends", { area: id }) }, name),
        },
        { head: WORDS.created, isExtra: true, cell: ({ created_at }) => formatDay(created_at) },
        {
          head: WORDS.state,
          cell: ({ state }) => element("span", { class: `status ${state === "ready" ? "" : "off"}` }, WORDS[state]),
        },
        { head: "", cell: (area) => actions(area, visit) },
      ],
      areas,
      "stacked",
    ),
    used,
    ...(areas.length >= limit ? [element("p", { class: "hint" }, WORDS.full)] : []),
  ];
}

function actions(area: OwnAreaJson, visit: Visit): HTMLElement {
  const button = (words: string, act: () => void) => {
    const id = `${words}-${area.id}`;
    const made = element(
      "button",
      { type: "button", class: "link", id, "aria-label": `${words}: ${area.name}` },
      words,
    );
    made.addEventListener("click", act);
    return made;
  };
  const [lat, lon] = [(area.south + area.north) / 2, (area.west + area.east) / 2];
  const map = element("a", { href: `${BASE}/#13/${lat.toFixed(5)}/${lon.toFixed(5)}/safety/90d` }, WORDS.onMap);
  return element(
    "span",
    { class: "table-actions" },
    map,
    button(WORDS.rename, () => askName(area, visit)),
    button(WORDS.remove, () => askRemoval(area, visit)),
  );
}

function askName(area: OwnAreaJson, visit: Visit): void {
  confirmFirst({
    title: WORDS.renameTitle(area.name),
    text: "",
    confirm: WORDS.save,
    isGrave: false,
    fields: [field({ name: "name", label: WORDS.name, value: area.name, maxlength: MAX_NAME })],
    async act({ name = "" }) {
      await renameOwnArea(area.id, name.trim());
      visit.redraw();
    },
  });
}

function askRemoval(area: OwnAreaJson, visit: Visit): void {
  confirmFirst({
    title: WORDS.removeTitle(area.name),
    text: WORDS.removeText,
    confirm: WORDS.remove,
    async act() {
      await deleteOwnArea(area.id);
      visit.say(WORDS.removed(area.name));
      visit.redraw();
    },
  });
}

/** The map is large: it comes when somebody wants to draw. */
function drawing(visit: Visit): HTMLElement {
  const place = element("div", { class: "drawing" });
  const open = element("button", { type: "button", class: "secondary" }, WORDS.open);
  place.append(open);
  open.addEventListener("click", async () => {
    open.disabled = true;
    try {
      const { createPolygonDrawing } = await import("./polygon-drawing.ts");
      const drawn = createPolygonDrawing(visit.city, visit.signal);
      const naming = form({
        submit: WORDS.add,
        fields: [field({ name: "name", label: WORDS.nameField, maxlength: MAX_NAME })],
        async send({ name = "" }) {
          const geometry = drawn.polygon();
          if (geometry === undefined) throw new Error(WORDS.tooFew);
          await addOwnAreas({ type: "Feature", properties: { name: name.trim() }, geometry });
          visit.say(WORDS.added(name.trim()));
          visit.redraw();
        },
      });
      place.replaceChildren(drawn.node, naming);
    } catch (error) {
      console.error(error);
      place.replaceChildren(element("p", { class: "nothing" }, WORDS.noMap));
    }
  });
  return place;
}

function uploading(visit: Visit): HTMLElement {
  const input = element("input", {
    type: "file",
    id: "geojson-file",
    accept: ".json,.geojson,application/geo+json,application/json",
    required: true,
  });
  return form({
    submit: WORDS.uploadButton,
    fields: [element("div", { class: "field" }, element("label", { for: "geojson-file" }, WORDS.file), input)],
    async send() {
      const file = input.files?.[0];
      if (file === undefined) return;
      if (file.size > MAX_FILE_BYTES) throw new Error(WORDS.tooLarge);
      const { areas } = await addOwnAreas(parse(await file.text()));
      visit.say(WORDS.addedMany(areas.length));
      visit.redraw();
    },
  });
}

function parse(text: string): GeoJSON {
  try {
    return JSON.parse(text) as GeoJSON;
  } catch {
    throw new Error(WORDS.notJson);
  }
}
