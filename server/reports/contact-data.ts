import { hasPhoneNumber } from "./phone-numbers.ts";

/** What leads from a text to a person or a page. */
export type ContactData = "a link" | "an e-mail address" | "a phone number" | "an account's name";

/** Domains that are no words: behind a dot they are a domain, also where a space was forgotten. */
const DOMAINS = new Set(
  (
    "com net org info biz edu gov mil int app dev xyz online shop site club store tech cloud blog page wiki zone agency digital live " +
    "io co tv gg ly cc ws uk de fr nl pl cz sk hu ro bg gr dk fi ru ua by kz tr jp cn kr tw hk sg ph vn br mx cl ar ca au nz za ch eu us " +
    "рф бел укр онлайн москва 中国 公司 网络 香港 台湾 한국"
  ).split(" "),
);
/** Domains that are words, in some language: they are meant where a path follows, or more than one name leads to them. */
const WORD_DOMAINS = new Set(
  "me it is in at to so no be se es pt la al am as my id ai im re st fm do pe il ie li lu nu si su top link world".split(
    " ",
  ),
);
/** Said as a word instead of written as a dot. */
const SPOKEN_DOT = "dot|punkt|punto|ponto|point|точка|點|点|ドット";
/** Where a dot is only said, or has a space behind it, only domains that everybody knows are taken for one. */
const KNOWN = "com|net|org|info|de|fr|ru|рф|uk|br|es|it";
const SPOKEN_AT = "at|ät|arroba|chiocciola|arobase|собака|@";

const OBFUSCATIONS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`[ ]?[([{<] ?(?:${SPOKEN_DOT}|\\.) ?[)\\]}>][ ]?`, "gu"), "."],
  [new RegExp(`(?<=[\\p{L}\\p{N}]) (?:${SPOKEN_DOT}) (?=(?:${KNOWN})(?![\\p{L}\\p{N}]))`, "gu"), "."],
  [/(?<=[\p{L}\p{N}]) ?\. ?(?=(?:com|net|org)(?![\p{L}\p{N}]))/gu, "."],
  [new RegExp(`[ ]?[([{<] ?(?:${SPOKEN_AT}) ?[)\\]}>][ ]?`, "gu"), "@"],
];

const MAIL_HOSTS = "gmail|googlemail|hotmail|outlook|protonmail|proton|icloud|yahoo|gmx|yandex";
const EMAILS = [
  /[\p{L}\p{N}_%+-] ?@ ?[\p{L}\p{N}.-]{1,63}\.\p{L}/u,
  new RegExp(`@ ?(?:${MAIL_HOSTS})(?![\\p{L}\\p{N}])`, "u"),
  new RegExp(`(?<![\\p{L}\\p{N}])(?:${MAIL_HOSTS})[ .]?(?:com|de|net|ru|me|ch|org)(?![\\p{L}\\p{N}])`, "u"),
];
const LINKS = [
  /(?<![a-z0-9])[a-z][a-z0-9+-]{1,15}:\/\//u,
  /(?<![a-z0-9])(?:mailto|tel|sms|javascript|skype):[\p{L}\p{N}+]/u,
  /(?<![\p{L}\p{N}])www\d?\.[\p{L}\p{N}]/u,
];
/** Behind an @ these are where or when; so are a word with a capital ("@Dolores Park") and an ordinal. */
const PLACE_OR_TIME =
  "\\p{Lu}\\p{Ll}+|\\d+(?:[:.]\\d\\d)?(?:st|nd|rd|th|am|pm|h)?|the|home|work|school|noon|night|midnight|my|our|this|corner|park|station";
const HANDLE = new RegExp(
  `(?<![\\p{L}\\p{N}])@(?!(?:${PLACE_OR_TIME})(?![\\p{L}\\p{N}_]|\\.\\p{L}))[\\p{L}\\p{N}_.]*[\\p{L}_]`,
  "u",
);
const MESSENGERS =
  "whats ?app|telegram|viber|wechat|weixin|微信|instagram|insta|snapchat|discord|skype|tiktok|телеграм|телега|ватсап";
const ACCOUNT = new RegExp(`(?<![\\p{L}\\p{N}])(?:${MESSENGERS}) ?[:=：] ?[\\p{L}\\p{N}_.+]{3}`, "u");

/**
 * What of this kind a text has, or `undefined`. By its form alone, in any script: digits and letters as Unicode has them, wide ones as narrow
 * ones, and what is written around rules ("name (at) host dot com"). Every pattern is linear in the text's length.
 */
export function findContactData(text: string): ContactData | undefined {
  // Each run of spaces as one, so that no pattern has to look along one.
  const spaced = text.normalize("NFKC").replace(/\s+/gu, " ");
  const plain = OBFUSCATIONS.reduce((read, [found, meant]) => read.replace(found, meant), spaced.toLowerCase());
  const has = (patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(plain));
  if (has(EMAILS)) return "an e-mail address";
  if (has(LINKS) || hasDomain(plain)) return "a link";
  if (hasPhoneNumber(plain)) return "a phone number";
  return HANDLE.test(spaced) || ACCOUNT.test(plain) ? "an account's name" : undefined;
}

/** Takes the text apart at everything but names and dots, which a pattern for domains would have to look at again and again. */
function hasDomain(text: string): boolean {
  for (const { 0: run, index } of text.matchAll(/[\p{L}\p{M}\p{N}.-]+/gu)) {
    if (!run.includes(".")) continue;
    const names = run.split(".");
    const isBeforePath = /^(?::\d|\/[\p{L}\p{N}_+@~?#-])/u.test(text.slice(index + run.length, index + run.length + 3));
    const at = names.findIndex(
      (name, i) => i > 0 && isName(names[i - 1]) && (DOMAINS.has(name) || name.startsWith("xn--")),
    );
    if (at > 0) return true;
    const last = names.at(-1) ?? "";
    if (WORD_DOMAINS.has(last) && isName(names.at(-2)) && (isBeforePath || (isName(names.at(-3)) && names.length > 2)))
      return true;
  }
  return false;
}

/** "e.g.", "a.m." and "U.S." are no domains: one of these has two letters, and most have more. */
const isName = (name: string | undefined): boolean => name !== undefined && /[\p{L}\p{N}]/u.test(name);
