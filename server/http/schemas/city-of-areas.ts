import type { AreaCatalogue } from "../../areas/area-catalogue.ts";
import { CITIES } from "../../areas/cities.ts";
import type { Sql } from "../../ports/sql.ts";
import { readAreaCities } from "../../trends/known-area.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";

/** Cities that a sentence names. */
const MOST_TOLD = 20;

/**
 * That a city by which areas are chosen is one of ours, or has areas. With `sql` one whose areas are gone will do.
 * @throws ProblemError 400 naming the parameter, and the cities that there are
 */
export async function requireCityOfAreas(
  city: string | undefined,
  { field, catalogue, sql }: { readonly field: string; readonly catalogue?: AreaCatalogue; readonly sql?: Sql },
): Promise<void> {
  if (city === undefined) return;
  const known = new Set(CITIES.map(({ id }) => id));
  for (const { set } of (await catalogue?.live()) ?? []) known.add(set.city.id);
  if (known.has(city)) return;
  for (const gone of sql === undefined ? [] : await readAreaCities(sql)) known.add(gone);
  if (known.has(city)) return;
  const told = [...known].sort();
  const more = told.length > MOST_TOLD ? `, or another of ${told.length} cities` : "";
  const message = `must be one of ${told.slice(0, MOST_TOLD).join(", ")}${more}`;
  throw new ProblemError(invalidRequest([{ field, message }]));
}
