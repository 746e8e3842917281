import { escapeUnit, UNSEEN } from "../../console/printable.ts";

const LONGEST = 60;

/** A value of a file as a sentence quotes it: on one line, in JSON's quotes, at most 60 characters of it. */
export function showValue(value: string): string {
  const cut = value.length <= LONGEST ? value : `${value.slice(0, LONGEST)}…`;
  return JSON.stringify(cut).replace(UNSEEN, escapeUnit);
}

/**
 * A word for a POSIX shell to be pasted: as it is where nothing in it means anything, else in single quotes, in which `$`, `!`
 * and the rest mean themselves, or as `$'…'` (bash, zsh) where it has characters that nobody sees.
 */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_./:=,@%+-]+$/.test(word)) return word;
  if (!word.match(UNSEEN)) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${word.replace(/['\\]/g, "\\$&").replace(UNSEEN, escapeUnit)}'`;
}
