import { fetchPlaces, type PlaceJson } from "../api/api.ts";
import { element } from "../ui/dom.ts";
import { findPlace, labelOf, parseCoordinates } from "./find-place.ts";
import type { Place } from "./place.ts";
import type { ChosenPlace } from "./place-picker.ts";

export interface PlaceNamesOptions {
  /** Where the page is: names of that city go before those of others. */
  near(): Place;
  choose(place: ChosenPlace): void;
  onError(message: string): void;
}

/** A field for the name of a place that the server knows, or its coordinates, with the names to choose from. */
export function createPlaceNames({ near, choose, onError }: PlaceNamesOptions): HTMLElement {
  const list = element("datalist", { id: "place-names" });
  const input = element("input", {
    type: "text",
    list: list.id,
    autocomplete: "off",
    enterkeyhint: "search",
    "aria-label": "Name of a place, or latitude and longitude",
    "aria-describedby": "place-error",
    placeholder: "Neighbourhood, or lat, lon",
  });
  let places: Promise<readonly PlaceJson[]> | undefined;
  /** Asks again for the names that could not be had. */
  const load = () => {
    places ??= fetchPlaces().catch(() => {
      places = undefined;
      return [];
    });
    return places;
  };
  const fill = async () =>
    list.replaceChildren(...(await load()).map((place) => element("option", { value: labelOf(place) })));

  const read = async (): Promise<ChosenPlace | undefined> => {
    const at = parseCoordinates(input.value);
    if (at) return { place: at, name: `${at.lat}, ${at.lon}` };
    const found = findPlace(input.value, await load(), near());
    return found && { place: found, name: labelOf(found), accuracyM: "named" };
  };
  const take = async () => {
    if (input.value.trim() === "") return;
    const { value } = input;
    const found = await read();
    // Written on meanwhile.
    if (input.value !== value) return;
    if (found) choose(found);
    else
      onError(
        (await load()).length === 0
          ? "The names cannot be had just now. Latitude and longitude will do."
          : "No place here has that name. Try a neighbourhood, or latitude and longitude.",
      );
  };
  input.addEventListener("change", () => void take());
  input.addEventListener("input", async () => {
    // Chosen from the list.
    if ((await load()).some((place) => labelOf(place) === input.value)) void take();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    // Else the form is sent.
    event.preventDefault();
    void take();
  });
  void fill();
  return element("div", { class: "names" }, input, list);
}
