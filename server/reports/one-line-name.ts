import { cleanText } from "./clean-text.ts";

/**
 * A name as it is kept: one line without what nobody sees, cut after so many characters; undefined where nothing is left. PostgreSQL takes no NUL, and
 * marks of direction turn what stands beside a name. Numbers are names, too.
 */
export function oneLineName(value: unknown, mostCharacters: number): string | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value : "";
  const line = cleanText(text).replace(/\s+/gu, " ");
  const name = [...line].slice(0, mostCharacters).join("").toWellFormed().trim();
  return name === "" ? undefined : name;
}
