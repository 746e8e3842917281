/** Controls, what turns the direction of what follows, and line separators: a terminal must show them, not obey them. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text with names and values of others in it, as it may go to a terminal: what nobody sees is written out but for tabs and line feeds. */
export const printable = (text: string): string =>
  text.replace(UNSEEN, (character) => (character === "\n" || character === "\t" ? character : escapeUnit(character)));

/** A character as JavaScript, JSON (but for those of more than 16 bits) and `$'…'` of shells write it. */
export function escapeUnit(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
}
