/** A run of digits with what stands between those of a phone number. One digit leads only one way on, so this is linear. */
const RUN = /[+(]?(?<!\p{Nd})\p{Nd}(?:[ ().\-/‐-―]{0,3}\p{Nd})*/gu;

const MIN_WITH_WORD = 6;
const MIN_INTERNATIONAL = 7;
const MIN_WITH_TRUNK_ZERO = 9;
const MAX_DIGITS = 15;
/** As far before a number a word says what it is. */
const WORD_REACH = 14;

const CALL = new RegExp(
  "(?:^|[^\\p{L}])(?:call|phone|tel|telephone|ph|mobile|cell|text|txt|sms|whats ?app|viber|dial|ring|ruf|anrufen|handy|telefon|mobil|" +
    "ll[aá]m\\p{L}{1,6}|tel[eé]fono|m[oó]vil|ligue|telefone|appel\\p{L}{1,3}|t[eé]l(?:[eé]phone)?|chiama\\p{L}{0,2}|тел|телефон|звон\\p{L}{1,4})" +
    "(?:[ .:#]|me|us|him|her|at|on|an|al|no|по){0,6}$|[☎☏📞📱电話话]\\D{0,4}$",
  "u",
);
const CASE = /(?:case|ticket|request|permit|report|incident|ref|sr|id|no|nr|№|#)(?:[ .:#-]|number|no){0,4}$/u;

const DATE =
  /(?:(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:(?:19|20)\d\d|\d\d)|(?:0?\d|1\d|2[0-4])[.][0-5]\d)/u;
const DATES = new RegExp(`^${DATE.source}(?:(?: |[ ]?[-–][ ]?)${DATE.source})*(?: \\d{1,2})?$`, "u");
const THOUSANDS = /^\d{1,3}(?:[. ]\d{3}){1,4}$/u;
const DECIMALS = /^(?:0\.\d+|\d{1,3}\.\d{3,8}[ -]{1,3}\d{1,3}\.\d{3,8})$/u;
/** (415) 555-0134, 415-555-0134, 1 415.555.0134; not 4-4-4, which are numbers of houses. */
const NORTH_AMERICAN = /^\+?1?[ .-]?\(?[2-9]\d\d\)?[ .\-/]{0,3}[2-9]\d\d[ .-]?\d{4}$/u;
/** Mobile numbers of Russia, Kazakhstan, China, and without separators of many others. */
const ELEVEN = /^[178][ (.-]{0,3}\d{3}/u;

/** Whether a text of lower case, with one space at a time, has a phone number: by its form, or by a word before it. */
export function hasPhoneNumber(text: string): boolean {
  for (const { 0: run, index } of text.matchAll(RUN)) {
    if (isPhoneNumber(inAscii(run), text.slice(Math.max(0, index - WORD_REACH), index))) return true;
  }
  return false;
}

function isPhoneNumber(run: string, before: string): boolean {
  const digits = run.replace(/\D/g, "");
  if (run.startsWith("+") && digits.length >= MIN_INTERNATIONAL && digits.length <= MAX_DIGITS) return true;
  if (digits.length < MIN_WITH_WORD || DATES.test(run) || DECIMALS.test(run)) return false;
  if (CALL.test(before)) return true;
  if (CASE.test(before)) return false;
  if (NORTH_AMERICAN.test(run)) return true;
  if (digits.length > MAX_DIGITS || THOUSANDS.test(run)) return false;
  if (digits.startsWith("0")) return digits.length >= MIN_WITH_TRUNK_ZERO;
  if (digits.length === 11 && ELEVEN.test(run)) return true;
  return /^\d+$/.test(run) && (digits.length === 10 || (digits.length === 9 && /^[6-9]/.test(digits)));
}

/** Digits of any script as 0 to 9: each script has its ten in a row, the zero first. */
function inAscii(run: string): string {
  return run.replace(/[^\P{Nd}0-9]/gu, (digit) => {
    let value = 0;
    let code = digit.codePointAt(0) ?? 0;
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
      code--;
      value++;
    }
    return String(value);
  });
}
