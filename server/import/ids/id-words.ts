import { BASE32 } from "../../../tiles/geo/geohash.ts";
import { REPORT_ID_LENGTH } from "../../../tiles/report-id.ts";

/** A report id as four numbers of 30 bits. Its first character is 0 until the year 3084, and left out. */
export type IdWords = readonly [number, number, number, number];

export const ID_WORDS = 4;
const CHARACTERS = (REPORT_ID_LENGTH - 1) / ID_WORDS;
const CODES = new Uint8Array(128);
for (let i = 0; i < BASE32.length; i++) CODES[BASE32.charCodeAt(i)] = i;

/** @param id of a report, as `formatReportId` writes it */
export function wordsOfId(id: string): IdWords {
  const word = (from: number): number => {
    let value = 0;
    for (let i = from; i < from + CHARACTERS; i++) value = (value << 5) | (CODES[id.charCodeAt(i)] ?? 0);
    return value;
  };
  return [word(1), word(7), word(13), word(19)];
}

export function idOfWords(words: IdWords): string {
  let id = "0";
  for (const word of words) for (let shift = 25; shift >= 0; shift -= 5) id += BASE32.charAt((word >>> shift) & 31);
  return id;
}
