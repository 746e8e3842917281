import { abbreviationsOf } from "./zone-abbreviations.ts";

const CONTINENTS = ["Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];
const MOST = 3;

/** Names of zones that somebody may have meant: by the city alone, with a slip of two letters, or by an abbreviation. */
export function zonesLike(text: string): readonly string[] {
  const abbreviation = abbreviationsOf(text.trim().toUpperCase());
  if (abbreviation) return abbreviation.map(({ example }) => example);
  const city = text.trim().split("/").at(-1) ?? "";
  // Newer names of cities, such as Kolkata, are known but not listed.
  const known = CONTINENTS.map((continent) => `${continent}/${city.trim().replace(/\s+/g, "_")}`).find(isZone);
  if (known) return [known.replace(/(^|[/_-])[a-z]/g, (letter) => letter.toUpperCase())];
  const wanted = lettersOf(city);
  return Intl.supportedValuesOf("timeZone")
    .map((name) => ({ name, distance: distance(lettersOf(name.split("/").at(-1) ?? ""), wanted) }))
    .filter(({ distance: slips }) => slips <= 2 && slips < wanted.length / 2)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map(({ name }) => name);
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const lettersOf = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, "");

/** How many letters must be put in, taken away or replaced (Levenshtein); 9 when the lengths differ by more than two. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 9;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 9;
}
