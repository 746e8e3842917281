const LONGEST = 60;

/** Controls, what turns the direction of what follows, and line separators: a terminal must show them, not obey them. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

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

function escapeUnit(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
}
