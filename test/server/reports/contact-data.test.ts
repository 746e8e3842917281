import { describe, expect, it } from "vitest";
import { cleanText } from "../../../server/reports/clean-text.ts";
import { type ContactData, findContactData } from "../../../server/reports/contact-data.ts";
import texts from "../../../server/seed/texts.json" with { type: "json" };

const CONTACT: Readonly<Record<ContactData, readonly string[]>> = {
  "an e-mail address": [
    "me@example.org",
    "write to Ann.Lee+map@mail.example.co.uk please",
    "name (at) host dot com",
    "name [at] host [dot] com",
    "name {at} host . com",
    "ana (arroba) correo punto es",
    "иван (собака) почта точка рф",
    "john dot smith at gmail dot com",
    "ana arroba gmail punto com",
    "bob@gmail",
    "gmail com, bob77",
    "ｍｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    "m\u200be@exam\u00adple.com",
  ],
  "a link": [
    "see https://x.y/z",
    "hxxp://evil",
    "www.foo",
    "example.com",
    "Example.COM/path",
    "cheap tickets (shop-4-u.xyz)",
    "bit.ly/abc",
    "t.me/joinchat",
    "wa.me/14155550134",
    "shop.example.co.uk",
    "foo . com",
    "foo(dot)org",
    "visit foo dot com",
    "пример.рф",
    "münchen.de",
    "例え.中国",
    "xn--80ak6aa92e.com",
    "amazon.it/dp",
    "mailto:x",
    "tel:123",
    "ex\u200bample.com",
  ],
  "a phone number": [
    "(415) 555-0134",
    "415-555-0134",
    "415.555.0134",
    "4155550134",
    "1-800-555-0199",
    "+1 415 555 0134",
    "+49 30 1234567",
    "030 12345678",
    "07700 900123",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "8 (912) 345-67-89",
    "13812345678",
    "9876543210",
    "call 555-1234",
    "text me at 555 1234",
    "Tel. 12 34 56 78",
    "☎ 555-1234",
    "llámame 612 345 678",
    "rufen Sie 0171 1234567 an",
    "звоните 345-67-89",
    "电话 2345 6789",
    "٠٥٠١٢٣٤٥٦٧",
    "₄₁₅₅₅₅₀₁₃₄",
    "４１５－５５５－０１３４",
  ],
  "an account's name": ["@bob_88", "dm @johnsmith", "insta: bobby_x", "telegram: @bob7", "WhatsApp: bobx"],
};

const INNOCENT = [
  "6 am construction site, at 6:30 a.m. again",
  "24/7, 5th/6th, 5th & 6th St., 50/50, 1/2 mile, A/C, w/o, and/or",
  "Hwy 290 at US-101 N, exit 433B, I-35 @ 51st, Route 1234-5678",
  "1200-1250 Main St, house 12345, blocks 1200 1300 1400, Unit #12345678, pole 1234567",
  "$5.99, 1,000,000, 1.000.000 €, £12.50/hr, 2.500.000, 1 000 000",
  "e.g. a bike, i.e. nothing, St.John, St. John's Ave., Dr.Smith, U.S. Bank, D.C., L.A., B.Y.O.B.",
  "2026-11-29, 29.11.2026, 11/29/2026 6:30 PM, 11/29/26, 2026-11-29T18:30:00Z",
  "01.02.2026 - 05.02.2026",
  "29.11.2026 18.30",
  "6.30-7.30, 06.30 - 07.30, from 0800 to 1600, 0800-1600, 10:00-12:00 14:00-16:00, 8h30, 18h00-20h00",
  "call 911, or 311, case 101002345678, SR# 24-00123456, permit 202401234567",
  "zip 94110-1234, bus 38R, lines 101 202 303, Bus 14R/49, 20 min late",
  "Crash @5th, party @ 5pm, @5pm, Fight @Dolores Park, @ Main, @the corner",
  "closed.It stays, flooded.no power, gone.so sad, Rd.at night, Ave.The, lamp out.Please fix, water.Everything",
  "rota.es peligroso, Bitte.in Ordnung, c'est fermé.la rue aussi, там темно.не ходите, そこ。ここ、あそこ",
  "node.js meetup, v2.0, IMG.jpg, 4x4, 100%, #1, No. 5, 3:1, 1.5km, 5.5 ft, 49ers, 7-Eleven, H-E-B",
  "37.7599, -122.4148, 37.7599 -122.4148, -0.1276 51.5072",
  "signal: broken, traffic signal 100-200 block, Snapchat mural, Telegram Hill, the dot on the map, Dot Com Plaza",
  "Mo-Fr 08.00-18.00, Straße 12a, 10.000 Leute, rue de l'Église, 75001 Paris",
  "Каждый день с 8:00 до 18:00, дом 12, кв. 345",
  "5 de mayo, calle 13 #45-67, Km 12,5, Cra. 7 No. 45-10, R. 25 de Março, 1234",
  "每天早上6点, 6時から, 公園の横",
  "the bus (at night), fire (at) ..., I live at 1234 5th St, it cost me 100000, cell tower down, ring road 2000",
];

describe("findContactData", () => {
  for (const [kind, found] of Object.entries(CONTACT)) {
    it.each(found)(`finds ${kind} in %j`, (text) => expect(findContactData(cleanText(text))).toBe(kind));
  }

  it.each(INNOCENT)("finds nothing in %j", (text) => {
    for (const part of text.split(", ")) expect(findContactData(cleanText(part)), part).toBeUndefined();
    expect(findContactData(cleanText(text))).toBeUndefined();
  });

  it("finds nothing in what residents of the demo's cities say", () => {
    expect((JSON.stringify(texts).match(/"[^"]*"/g) ?? []).filter((text) => findContactData(text))).toEqual([]);
  });

  // A pattern that is quadratic takes minutes for one of these, and one that is worse never ends: the suite's time is the limit.
  it.each([
    "a.",
    "a-",
    "a",
    "@a",
    "a@",
    "1 ",
    "1-",
    "(1",
    "(",
    "[ at",
    "dot ",
    " ",
    "+1",
    "x:/",
    "call ",
    "0.",
    "1.1 ",
    "..",
    "@@",
  ])("reads 100 000 characters of %j", (part) => {
    const text = part.repeat(100_000 / part.length);
    for (const end of ["", "!"]) findContactData(text + end);
  });
});
