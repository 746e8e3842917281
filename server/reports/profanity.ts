import { DataSet, englishDataset, englishRecommendedTransformers, pattern, RegExpMatcher } from "obscenity";

export interface MaskedText {
  readonly text: string;
  readonly isMasked: boolean;
}

/**
 * English words of the library's list that mean nothing else. The others are names (Dick, Cox), places (Dyke Road, Nob Hill), animals, words of
 * other languages (French "retard" is late), or what a report may have to say (rape, sex).
 */
const ENGLISH: ReadonlySet<string> = new Set(
  "africoon arse bitch blowjob boonga buttplug chingchong cunt fuck handjob jizz kike masturbate nigger shit slut tranny twat wank whore".split(
    " ",
  ),
);

/** Words of other languages that mean nothing else in any of those that we know, without accents, in lower case. */
const OTHERS: ReadonlySet<string> = new Set(
  // German
  (
    "arschloch arschlocher hurensohn hurensohne fotze fotzen wichser scheisse scheiße schlampe schlampen missgeburt " +
    // French
    "connard connards connasse encule encules enculee salope salopes putain fdp ntm batard batards " +
    // Spanish, Portuguese, Italian
    "hijueputa hijodeputa gilipollas pendejo pendejos pendeja cabron cabrones maricon maricones mierda puta putas caralho " +
    "merda foda fodase viado viados cuzao stronzo stronza stronzi vaffanculo cazzo puttana puttane " +
    // Dutch, Polish, Turkish
    "klootzak hoer kurwa kurwy skurwysyn jebac pierdolic spierdalaj chuj orospu siktir amk pezevenk " +
    // Russian, Ukrainian
    "хуй хуя хуи хуйня блядь бляди блять пизда пиздец пидор пидоры пидорас ебать ебаный ебаная сука суки мудак " +
    // Arabic, Hindi, Chinese, Japanese, Korean
    "شرموطة قحبة चूतिया मादरचोद भोसडीके 他妈的 傻逼 操你妈 肏 死ね くたばれ 씨발 병신"
  )
    .split(" ")
    .map(foldWord),
);
/** Scripts that write without spaces: there a word is looked for inside. */
const UNSPACED = [...OTHERS].filter((word) => /[\p{Script=Han}\p{Script=Hiragana}]/u.test(word));

/** What may follow a word without making another one of it. */
const ENDING = /^(?:s|es|z|ed|er|ers|y|ing|in|ty|ter|head|face|hole|wit|tard|ery)*$/;
const STEM = /^(?:mother|bull|horse|bat|dumb|holy|dip|cluster|mind)*$/;
/** A word as somebody writes it who does not want it read; a dot or an asterisk inside belongs to it. */
const WORD = /[\p{L}\p{M}\p{N}@$!*_+](?:[\p{L}\p{M}\p{N}@$!*_+]|[.'-](?=\p{L}))*/gu;

/** Longer ones are no words. */
const MAX_WORD = 40;

/**
 * Masks profanity, each character of a word by an asterisk: the English words of `obscenity`, spelled with look-alikes, digits and repetitions
 * too, and a short list of other languages'. Only whole words: nothing inside a name or a place's name is found, and no language is guessed.
 * Built at the first call. In linear time.
 */
export function createProfanityMask(): (text: string) => MaskedText {
  let built: WordCheck | undefined;
  return (text) => {
    built ??= createWordCheck();
    const { isProfane } = built;
    const isSuspect = built.mayHave(text);
    let masked = text.replace(WORD, (word) => (isOther(word) || (isSuspect && isProfane(word)) ? stars(word) : word));
    for (const word of UNSPACED) masked = masked.replaceAll(word, stars(word));
    return { text: masked, isMasked: masked !== text };
  };
}

const stars = (word: string): string => "*".repeat([...word].length);

/** Compatibility forms as the plain ones, lower case, no accents: é is written as e by whoever has no such key. */
function foldWord(word: string): string {
  return word
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .normalize("NFC");
}

const isOther = (word: string): boolean => OTHERS.has(foldWord(word).replace(/^[^\p{L}]+|[^\p{L}\p{M}]+$/gu, ""));

interface WordCheck {
  isProfane(word: string): boolean;
  /** False where none of a text's words is: most texts, in one go. */
  mayHave(text: string): boolean;
}

function createWordCheck(): WordCheck {
  const words = new DataSet<{ originalWord: string }>()
    .addAll(englishDataset)
    .removePhrasesIf(({ metadata }) => !ENGLISH.has(metadata?.originalWord ?? ""))
    // In the list they hang on words that are also names.
    .addPhrase((phrase) => phrase.addPattern(pattern`asshole`).addPattern(pattern`dickhead`))
    .addPhrase((phrase) => phrase.addPattern(pattern`cocksucker`).addPattern(pattern`fag[g]ot`));
  const matcher = new RegExpMatcher({ ...words.build(), ...englishRecommendedTransformers });
  const isWhole = (word: string) =>
    matcher.getAllMatches(word).some(({ startIndex, endIndex }) => {
      return STEM.test(lettersOf(word.slice(0, startIndex))) && ENDING.test(lettersOf(word.slice(endIndex + 1)));
    });
  return {
    isProfane(word) {
      const folded = foldWord(word);
      return folded.length <= MAX_WORD && (isWhole(folded) || (DIVIDER.test(folded) && isWhole(undivided(folded))));
    },
    mayHave(text) {
      const folded = foldWord(text);
      return matcher.hasMatch(folded) || matcher.hasMatch(undivided(folded));
    },
  };
}

const DIVIDER = /[.'*_+-]/;
const undivided = (text: string): string => text.replace(/[.'*_+-]/g, "");

const lettersOf = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, "");
