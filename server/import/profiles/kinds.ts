import type { Kind, Profile } from "./profile.ts";

/** A file whose categories differ from row to row must not fill memory with them. */
const MOST_REMEMBERED = 10_000;

/** What a value of the category's column is here: by its own name in any case, else by the first word that is in it; else unknown. */
export function createKinds({
  categories,
  words,
}: Pick<Profile, "categories" | "words">): (value: string) => Kind | undefined {
  const byName = new Map(Object.entries(categories).map(([value, kind]) => [foldCase(value), kind]));
  const rules = words.map(({ word, kind }) => ({ pattern: wholeWord(word), kind }));
  const remembered = new Map<string, Kind | undefined>();

  function find(value: string): Kind | undefined {
    const folded = foldCase(value);
    return byName.get(folded) ?? rules.find(({ pattern }) => pattern.test(folded))?.kind;
  }

  return (value) => {
    if (!remembered.has(value)) {
      if (remembered.size === MOST_REMEMBERED) remembered.clear();
      remembered.set(value, find(value));
    }
    return remembered.get(value);
  };
}

const foldCase = (value: string): string => value.trim().toLowerCase();

/** "tree" is in "Fallen trees", but "park" not in "parking", nor "rat" in "rating". */
function wholeWord(word: string): RegExp {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?:e?s)?(?![\\p{L}\\p{N}])`, "u");
}
