import { describe, expect, it } from "vitest";
import places from "../../../server/areas/places.json" with { type: "json" };
import cities from "../../../server/basemap/world-cities.json" with { type: "json" };
import { createProfanityMask } from "../../../server/reports/profanity.ts";
import texts from "../../../server/seed/texts.json" with { type: "json" };

const mask = createProfanityMask();

const MASKED: [string, string][] = [
  ["Fucking hell", "******* hell"],
  ["what the f*ck, fuuuuck, fück, ｆｕｃｋ, fu.ck", "what the ****, *******, ****, ****, *****"],
  ["SHITTY bullshit, sh1t", "****** ********, ****"],
  ["bitches b!tch asshole wankers", "******* ***** ******* *******"],
  ["¡Puta! hijo de puta", "¡***** hijo de ****"],
  ["Arschloch, Scheiße", "*********, *******"],
  ["enculé et connards", "****** et ********"],
  ["stronzo, caralho, kurwa", "*******, *******, *****"],
  ["БЛЯДЬ, хуй", "*****, ***"],
  ["他妈的这条路", "***这条路"],
  ["씨발", "**"],
];

const INNOCENT = [
  "Scunthorpe, Penistone, Clitheroe, Cockermouth, Lightwater, Middlesex, Essex, Titusville, Shitterton, Twatt, Bitche",
  "Cockburn St, Dickson, Dick Whittington, Moby Dick, Dyke Road, Dyker Beach, Nob Hill, Cox, Wang, Hoare, Cummings, Hancock",
  "Gowanus, Fukuoka, Slutsk, Wankdorf, Kanker, Río Negro, Montenegro, Kikerinstraße, Putney, Sukiyaki, Matsushita, Arsenal",
  "cocktail bar, peacock, blue tits, pussy willow, cum laude, assess the class, bass, therapist, grape, drapes, shiitake, shift, shirt",
  "retard du train, bite, con, negro, wash.it, push.it, this.hit, can't, won't, no, bar, t",
  "somebody was raped, sexual assault, gay bar, queer film festival, damn",
];

describe("createProfanityMask", () => {
  it.each(MASKED)("masks %j", (text, masked) => expect(mask(text)).toEqual({ text: masked, isMasked: true }));

  it.each(INNOCENT)("keeps %j", (text) => expect(mask(text)).toEqual({ text, isMasked: false }));

  it("keeps what the demo's residents say, and every place's name that we know", () => {
    const known = [texts, places, cities].flatMap((data) => JSON.stringify(data).match(/"[^"]*"/g) ?? []);
    expect(known.length).toBeGreaterThan(500);
    expect(known.filter((text) => mask(text).isMasked)).toEqual([]);
  });

  // As for contact data: the suite's time is the limit.
  it.each(["fuck", "fuck ", "f", "f.", "1 ", "s*", "\ufdfa", "shshit", "motherfuck"])(
    "reads 20 000 characters of %j",
    (part) => {
      mask(`${part.repeat(20_000 / part.length)}!`);
    },
  );
});
