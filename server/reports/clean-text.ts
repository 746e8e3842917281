/** Takes out of a text what nobody sees or types on purpose: nothing that is refused for it could be mended by whoever wrote it. */

/**
 * Control characters; what Unicode wants drawn as nothing (zero widths, marks and embeddings of direction, fillers, tags); anchors of
 * annotations; and Braille's blank.
 */
const INVISIBLE = /[\p{Cc}\p{DI}\ufff9-\ufffb\u2800]/u;

const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029]/g;
const JOINERS = "\u200c\u200d";
const VARIATION_SELECTORS = "\ufe0e\ufe0f";
const BLACK_FLAG = "\u{1f3f4}";
const TAG = /^[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]$/u;
const END_OF_TAGS = "\u{e007f}";
/** What emoji are made of before a joiner: a picture, its skin or its variation. */
const JOINABLE = /^(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}]|\ufe0f)$/u;
const PICTURE = /^\p{Extended_Pictographic}$/u;
/** Scripts whose letters take another shape beside a joiner. */
const JOINING =
  /^[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mong}\p{scx=Nkoo}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Mymr}\p{scx=Khmr}]$/u;
const OF_NO_SCRIPT = /^\p{sc=Zinh}$/u;

/**
 * A text as it is kept: NFC, line ends as \n and tabs as spaces, without invisible characters but the joiners of emoji and of scripts that
 * write with them, and without spaces around. Applied twice it is as applied once. In linear time.
 */
export function cleanText(text: string): string {
  const lines = text.normalize("NFC").replace(LINE_ENDS, "\n").replaceAll("\t", " ");
  return withoutInvisible(lines).normalize("NFC").trim();
}

function withoutInvisible(text: string): string {
  if (!INVISIBLE.test(text.replaceAll("\n", ""))) return text;
  const points = [...text];
  const kept: string[] = [];
  /** The last letter: marks of no script of their own may become one with it. */
  let letter = "";
  let inFlag = false;
  for (const [i, point] of points.entries()) {
    const before = kept.at(-1) ?? "";
    inFlag = before === BLACK_FLAG || (inFlag && TAG.test(before));
    if (
      point === "\n" ||
      !INVISIBLE.test(point) ||
      isWrittenWith(point, { before, letter, after: points[i + 1] ?? "", inFlag })
    ) {
      kept.push(point);
      if (!OF_NO_SCRIPT.test(point)) letter = point;
    }
  }
  return kept.join("");
}

interface Neighbours {
  readonly before: string;
  readonly letter: string;
  readonly after: string;
  readonly inFlag: boolean;
}

/** Whether an invisible character is part of how its neighbours are written. */
function isWrittenWith(point: string, { before, letter, after, inFlag }: Neighbours): boolean {
  if (VARIATION_SELECTORS.includes(point)) return /^\p{Emoji}$/u.test(before);
  if (TAG.test(point) || point === END_OF_TAGS) return inFlag;
  if (!JOINERS.includes(point)) return false;
  return (JOINABLE.test(before) && PICTURE.test(after)) || (JOINING.test(letter) && JOINING.test(after));
}
