import { cleanText } from "../../reports/clean-text.ts";
import { MAX_CATEGORY, MAX_TEXT, UNFIT_IN_CATEGORY } from "../../reports/report-body.ts";

/** Of a category of which nothing is left. */
const NOTHING_LEFT = "other";
/** A cut falls between words where one ends among the last so many characters. */
const LAST_WORD = 15;

/**
 * Makes a category fit: what may not be in it becomes a space, what may not begin it goes, and a long one ends with a word. One that
 * fits stays as it is, an empty one empty; of one that has nothing but unfit characters, `other` is left.
 */
export function cleanCategory(text: string): string {
  if (text === "") return text;
  const composed = text.normalize("NFC");
  const replaced = composed.replace(UNFIT_IN_CATEGORY, " ");
  // Of one that fits two blanks stay two.
  const fit = (replaced === composed ? composed : replaced.replace(/ {2,}/g, " "))
    .replace(/^[^\p{L}\p{Nd}]+/u, "")
    .trim();
  return cutAtWord(fit) || NOTHING_LEFT;
}

function cutAtWord(text: string): string {
  const points = [...text];
  if (points.length <= MAX_CATEGORY) return text;
  const cut = points.slice(0, MAX_CATEGORY);
  const space = points[MAX_CATEGORY] === " " ? MAX_CATEGORY : cut.lastIndexOf(" ");
  const whole = space > MAX_CATEGORY - LAST_WORD ? cut.slice(0, space) : cut;
  return whole.join("").replace(/[ _'&/.-]+$/u, "");
}

/** More marks than fit in a text, all of them after one letter. */
const MARKS_TOO_MANY = /(\p{M}{300})\p{M}+/gu;

/** A text as it is but for marks that make it too long in any case: to normalize them takes the square of how many follow one another. */
export const withFewMarks = (text: string): string =>
  text.length > MAX_TEXT ? text.replace(MARKS_TOO_MANY, "$1") : text;

/** What files say in place of a text that they have not. */
const NO_TEXT = /^(n\/a|null|-+)$/i;

/**
 * Makes a text fit but for its length: no control and invisible characters, no halves of characters, no marks of lost bytes. One that
 * only says that there is none, as `N/A` does, becomes empty.
 */
export function cleanFileText(text: string): string {
  const clean = cleanText(text.toWellFormed().replaceAll("\ufffd", ""));
  return NO_TEXT.test(clean.trim()) ? "" : clean;
}

/** Cuts a text to so many Unicode code points, the last an ellipsis. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const points = [...text];
  return points.length <= length ? text : `${points.slice(0, length - 1).join("")}…`;
}
