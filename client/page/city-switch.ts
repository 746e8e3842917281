import { type CityJson, fetchCities } from "../api/api.ts";
import { element, find } from "../ui/dom.ts";
import type { MapView, Page } from "./page-state.ts";

/** Farther out, several cities are in view, and the map shows none of them. */
const CITY_ZOOM = 9;

/**
 * Lists the cities in the select, goes to the one that is chosen, and shows the one that the map shows. Without an answer the select
 * stays hidden.
 */
export async function bindCitySwitch(
  select: HTMLSelectElement,
  page: Page,
  goTo: (city: CityJson) => void,
): Promise<void> {
  const label = select.closest("label");
  const cities = await fetchCities().catch(() => []);
  if (label !== null) label.hidden = cities.length === 0;
  select.append(...cities.map(({ id, name }) => element("option", { value: id }, name)));
  select.addEventListener("change", () => {
    const city = cities.find(({ id }) => id === select.value);
    if (city) goTo(city);
  });
  const elsewhere = find<HTMLOptionElement>("option", select);
  const show = ({ view }: { view: MapView }) => {
    const here = view.zoom < CITY_ZOOM ? undefined : cities.find(({ bbox }) => isInside(view, bbox));
    select.value = here?.id ?? "";
    elsewhere.hidden = here !== undefined;
  };
  page.listen((state, before) => {
    if (state.view !== before.view) show(state);
  });
  show(page.get());
}

function isInside({ lonDeg, latDeg }: MapView, [west, south, east, north]: CityJson["bbox"]): boolean {
  return lonDeg >= west && lonDeg <= east && latDeg >= south && latDeg <= north;
}
