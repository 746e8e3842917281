import { element, icon } from "../ui/dom.ts";
import { LOCATE_ICON } from "../ui/icons.ts";
import type { Cross } from "./cross.ts";
import { findDevice, formatMetres } from "./device-position.ts";
import { fieldError } from "./fields.ts";
import type { Place } from "./place.ts";
import type { PlaceNamesOptions } from "./place-names.ts";

/** A position that may be farther off says little about a corner. */
const GOOD_ENOUGH_M = 100;
/** The cross is still on what was chosen while it is within this, about two metres. */
const SAME_DEG = 2e-5;

/** A place that was not aimed at: told by the device, named, or that of a report that comes back. */
export interface ChosenPlace {
  readonly place: Place;
  readonly name: string;
  /** How far off it may be, in metres, or that it is only somewhere in what was named. */
  readonly accuracyM?: number | "named";
}

/** Whether there is a map to aim on: not yet, not at all, or the cross on it. */
export type Aim = "coming" | "none" | Cross;

const MISSING = {
  coming: "The map is on its way. Wait for it, use your location, or name a place.",
  none: "Where is it? Use your location, or name a place.",
} as const;

export interface PlacePicker {
  /** The description of the place and the ways to choose it, for the form. */
  readonly content: HTMLElement;
  /** Begins where the map is, or at a place. */
  start(form: HTMLElement, at?: Place): void;
  /** Puts the cross away; the map stays. */
  rest(): void;
  /** Gives the form's part of the map back. */
  stop(): void;
  /** The place, or what to do first. */
  read(): Place | string;
  /** The map has come, or never will. */
  setAim(aim: Aim): void;
  /** To be called when the map has moved below the cross. */
  moved(): void;
  /** Says anew where the cross is. */
  describe(): void;
}

export interface PlacePickerOptions {
  /** Where the page is. */
  near(): Place;
  /** Says next to the place what is wrong; `undefined` when nothing is any more. */
  onError(message: string | undefined): void;
}

/** Picks a place: with the cross on the map, by the device's own position, or, while there is no map, by a name. */
export function createPlacePicker({ near, onError }: PlacePickerOptions): PlacePicker {
  const name = element("strong");
  const hint = element("span", { class: "hint" });
  const locate = element(
    "button",
    { type: "button", class: "secondary locate", title: "Use my location" },
    icon(LOCATE_ICON),
    element("span", { class: "visually-hidden" }, "Use my location"),
  );
  const content = element(
    "div",
    { class: "place", "data-field": "place" },
    element("p", { class: "where", "aria-live": "polite" }, name, hint),
    locate,
    fieldError("place"),
  );
  let aim: Aim = "coming";
  let form: HTMLElement | undefined;
  let chosen: ChosenPlace | undefined;

  const describe = () => {
    setText(name, nameOf(aim, chosen));
    setText(hint, hintOf(aim, chosen));
  };
  const choose = (place: ChosenPlace) => {
    chosen = place;
    onError(undefined);
    if (typeof aim !== "string") aim.goTo(place.place);
    describe();
  };
  const names = bindNames(content, { near, choose, onError });
  locate.addEventListener("click", async () => {
    locate.disabled = true;
    try {
      const { lonDeg, latDeg, accuracyM } = await findDevice(insteadOf(aim));
      choose({ place: { lon: lonDeg, lat: latDeg }, name: coordinates(lonDeg, latDeg), accuracyM });
    } catch (error) {
      onError(error instanceof Error ? error.message : String(error));
    } finally {
      locate.disabled = false;
    }
  });
  const rest = () => {
    form = undefined;
    if (typeof aim !== "string") aim.hide();
  };
  return {
    content,
    start(opened, at) {
      rest();
      form = opened;
      if (!at) chosen = undefined;
      else if (!isAt(chosen, at)) chosen = { place: at, name: coordinates(at.lon, at.lat) };
      if (typeof aim === "string") names.offer();
      else aim.show(opened, at);
      describe();
    },
    rest,
    stop() {
      rest();
      if (typeof aim !== "string") aim.giveBack();
    },
    read() {
      if (typeof aim === "string") return chosen ? rounded(chosen.place) : MISSING[aim];
      if (!aim.isNear()) return "Zoom in to the street first: from here the place would be a guess.";
      return rounded(aim.place());
    },
    setAim(found) {
      aim = found;
      onError(undefined);
      if (typeof aim !== "string") {
        names.withdraw();
        if (form) aim.show(form, chosen?.place);
      }
      describe();
    },
    moved() {
      if (typeof aim !== "string" && aim.isNear()) onError(undefined);
      describe();
    },
    describe,
  };
}

/** The field for a place's name: only whoever has no map needs it, so its code and the names come then. */
function bindNames(content: HTMLElement, options: PlaceNamesOptions) {
  let field: Promise<HTMLElement | undefined> | undefined;
  let isWanted = false;
  const load = async () => {
    const { createPlaceNames } = await import("./place-names.ts");
    const made = createPlaceNames(options);
    if (isWanted) content.append(made);
    return made;
  };
  return {
    offer() {
      isWanted = true;
      field ??= load().catch((error: unknown) => {
        console.error(error);
        return undefined;
      });
    },
    withdraw() {
      isWanted = false;
      void field?.then((made) => {
        if (!made?.contains(document.activeElement)) made?.remove();
        // Not from under the hands of whoever is writing.
        else made.addEventListener("focusout", () => made.remove());
      });
    },
  };
}

function nameOf(aim: Aim, chosen: ChosenPlace | undefined): string {
  if (typeof aim === "string") return chosen?.name ?? "Where is it?";
  const { lon, lat } = aim.place();
  return (aim.isNear() && aim.name()) || coordinates(lon, lat);
}

/** What to do, or how well the place is known as long as the cross is still there. */
function hintOf(aim: Aim, chosen: ChosenPlace | undefined): string {
  const hasMap = typeof aim !== "string";
  if (hasMap && !aim.isNear()) return "Zoom in to the street first.";
  if (hasMap && !isAt(chosen, aim.place())) return "Drag the map or tap the place.";
  const accuracyM = chosen?.accuracyM;
  if (typeof accuracyM === "number") {
    const metres = formatMetres(accuracyM);
    if (accuracyM <= GOOD_ENOUGH_M) return `Your location, to about ${metres}.`;
    return `Known only to about ${metres}: ${hasMap ? "move the map to the exact place" : "say in your words where"}.`;
  }
  if (hasMap) return "Drag the map or tap the place.";
  if (accuracyM === "named") return "The middle of it: say in your words where.";
  if (chosen) return "As it was.";
  return aim === "coming" ? "The map is on its way." : "Use your location, or name a place.";
}

const insteadOf = (aim: Aim): string =>
  typeof aim === "string" ? "Name a place instead." : "Move the map to the place instead.";

const isAt = (chosen: ChosenPlace | undefined, { lon, lat }: Place): boolean =>
  chosen !== undefined && Math.hypot(chosen.place.lon - lon, chosen.place.lat - lat) < SAME_DEG;

const coordinates = (lon: number, lat: number): string => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/** Only what is new: live regions read out every change. */
function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

const rounded = ({ lon, lat }: Place): Place => ({ lon: round(lon), lat: round(lat) });
const round = (deg: number): number => Math.round(deg * 1e6) / 1e6;
