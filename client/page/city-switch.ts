import { type CityJson, fetchCities } from "../api.ts";
import { element } from "../dom.ts";

/** Lists the cities in the select and goes to the one that is chosen. Without an answer the select stays hidden. */
export async function bindCitySwitch(select: HTMLSelectElement, goTo: (city: CityJson) => void): Promise<void> {
  const label = select.closest("label");
  const cities = await fetchCities().catch(() => []);
  if (label !== null) label.hidden = cities.length === 0;
  select.append(...cities.map(({ id, name }) => element("option", { value: id }, name)));
  select.addEventListener("change", () => {
    const city = cities.find(({ id }) => id === select.value);
    if (city) goTo(city);
    // A menu of places to go to, not a state: the map may be anywhere a moment later.
    select.value = "";
  });
}
