import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanText } from "../../../server/reports/clean-text.ts";
import { runs } from "../../kit/runs.ts";

describe("cleanText", () => {
  const cleaned: [string, string, string][] = [
    ["line ends of any kind", " a\r\nb\rc\u0085d\u2028e\u2029f\tg ", "a\nb\nc\nd\ne\nf g"],
    ["C0 and C1", "a\u0000\u0007b\u001b[31m\u007f\u009bc", "ab[31mc"],
    ["overrides and isolates of direction", "\u202eab\u202c\u2066c\u2069\u200ed\u200f\u061ce", "abcde"],
    ["zero widths", "z\u200be\u2060r\ufeffo\u00ad\u034f\u180e", "zero"],
    ["joiners between letters that know none", "a\u200db\u200cc", "abc"],
    ["fillers and blanks", "\u3164\u115f\u1160\uffa0\u2800a", "a"],
    ["tags and annotations", "a\u{e0041}\u{e0042}\u{e007f}\ufff9b\ufffa\ufffb\u{e0100}", "ab"],
    ["two spellings", "cafe\u0301 \u212b", "caf\u00e9 \u00c5"],
    ["two accents that a joiner kept apart", "o\u034f\u0302", "\u00f4"],
  ];
  it.each(cleaned)("takes out %s", (_, text, kept) => expect(cleanText(text)).toBe(kept));

  const whole = [
    "👩‍🚒 👨‍👩‍👧‍👦 🏳️‍🌈 👁️‍🗨️ 👩🏽‍💻 ❤️‍🔥 1️⃣ ☎️ ☎︎",
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} flag",
    "می\u200cخواهم",
    "क्\u200dष, ක්\u200dර",
    "שלום, عالم! 道路に穴 🚧\nZweite Zeile",
    "e\u0323\u0302".normalize("NFC"),
  ];
  it.each(whole)("keeps %j", (text) => expect(cleanText(text)).toBe(text));

  it("does twice what it does once, and never makes a text longer than NFC does", () => {
    const signs = [..."aé🚧👩1#\n \u200d\u200c\u202e\ufe0f\ufe0e\u{e0067}\u{e007f}🏴\u034f\u0302\u0323क्ष可"];
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(...signs), maxLength: 60 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const once = cleanText(text);
        expect(cleanText(once)).toBe(once);
        expect(once).toBe(once.normalize("NFC"));
        expect([...once].length).toBeLessThanOrEqual([...text.normalize("NFC")].length);
        expect(once).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069\u200b\ufeff]/u);
      }),
      // A mark that lies between the joiner and its letter becomes one with the letter.
      { ...runs(20_000), examples: [["a\u034f\u0323\u200dष"]] },
    );
  });
});
