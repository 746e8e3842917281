/** @module-tag random */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createZone, findZone } from "../../../../server/import/fields/zone.ts";
import { offsetReader, readTransitions } from "../../../../server/import/fields/zone-transitions.ts";
import { runs } from "../../../kit/runs.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const [FROM_MS, TO_MS] = [Date.UTC(1970, 0), Date.UTC(2101, 0)];
/** When open data mostly is of. */
const [OPEN_DATA_FROM_MS, OPEN_DATA_TO_MS] = [Date.UTC(2001, 0), Date.UTC(2031, 0)];
/** With summer time in both halves of the year, of half an hour, of two hours, below zero, in Ramadan, and with days that never were. */
const ZONES = [
  ...["America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo", "America/Caracas"],
  ...["Europe/London", "Europe/Dublin", "Europe/Oslo", "Europe/Moscow", "Africa/Casablanca", "Africa/Monrovia"],
  ...["Asia/Kolkata", "Asia/Gaza", "Asia/Tehran", "Asia/Kathmandu", "Asia/Pyongyang", "Asia/Shanghai"],
  ...["Australia/Lord_Howe", "Australia/Sydney", "Antarctica/Troll", "Antarctica/Casey"],
  ...["Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "Pacific/Kiritimati"],
];

/** Independent of the reader: what the zone's clocks show, from the fields of the date. */
function offsetByClock(timeZone: string): (utcMs: number) => number {
  const numeric = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric" } as const;
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ ...numeric, minute: "numeric", second: "numeric", hourCycle: "h23", timeZone },
  });
  return (utcMs) => {
    const wholeMs = Math.floor(utcMs / 1000) * 1000;
    const parts = new Map(format.formatToParts(wholeMs).map(({ type, value }) => [type, Number(value)]));
    const field = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    const [year, month, day] = [field("year"), field("month") - 1, field("day")];
    return Date.UTC(year, month, day, field("hour"), field("minute"), field("second")) - wholeMs;
  };
}

/** The rule as Temporal's "compatible" has it: the first moment that shows this time; where none does, the offset before the change. */
function expectedMoment(localMs: number, offsetAt: (utcMs: number) => number): number {
  const [beforeMs, afterMs] = [offsetAt(localMs - DAY_MS), offsetAt(localMs + DAY_MS)];
  const moments = [localMs - beforeMs, localMs - afterMs].filter((ms) => ms + offsetAt(ms) === localMs);
  return moments.length > 0 ? Math.min(...moments) : localMs - beforeMs;
}

const momentOf = (zone: ReturnType<typeof createZone>, localMs: number): number =>
  localMs - zone.offsetsAt(localMs).offsetMs;

describe("a time that a zone's clocks show is the moment that Intl says", () => {
  const zone = fc.constantFrom(...ZONES).map((name) => ({ name, zone: createZone(name), clock: offsetByClock(name) }));

  test("at any time from 1970 to 2100", () => {
    const time = fc.integer({ min: FROM_MS, max: TO_MS });
    fc.assert(
      fc.property(zone, time, ({ name, zone: read, clock }, localMs) => {
        expect({ name, ms: momentOf(read, localMs) }).toEqual({ name, ms: expectedMoment(localMs, clock) });
      }),
      runs(10_000),
    );
  });

  test("to the millisecond around every change of some years", () => {
    for (const name of ZONES) {
      const [read, clock] = [createZone(name), offsetByClock(name)];
      const { transitions } = readTransitions(offsetReader(name), Date.UTC(2007, 0), Date.UTC(2013, 0));
      for (const { atMs, beforeMs, afterMs } of transitions) {
        for (const edgeMs of [atMs + beforeMs, atMs + afterMs]) {
          for (const localMs of [edgeMs - 1, edgeMs, edgeMs + 1, edgeMs - HOUR_MS / 4, edgeMs + HOUR_MS / 4]) {
            expect({ name, localMs, ms: momentOf(read, localMs) }).toEqual({
              ...{ name, localMs, ms: expectedMoment(localMs, clock) },
            });
          }
        }
      }
    }
  });

  test("in every zone that there is, at every change and every ten weeks of 30 years", { tags: "slow" }, () => {
    for (const name of Intl.supportedValuesOf("timeZone").filter((zoneName) => zoneName.includes("/"))) {
      const [read, clock] = [createZone(name), offsetByClock(name)];
      const times: number[] = [];
      for (let ms = OPEN_DATA_FROM_MS + 12_345_678; ms < OPEN_DATA_TO_MS; ms += 70 * DAY_MS) times.push(ms);
      const { transitions } = readTransitions(offsetReader(name), OPEN_DATA_FROM_MS, OPEN_DATA_TO_MS);
      for (const { atMs, beforeMs, afterMs } of transitions) {
        times.push(atMs + beforeMs, atMs + beforeMs - 1, atMs + afterMs, atMs + afterMs - 1);
      }
      const wrong = times.filter((localMs) => momentOf(read, localMs) !== expectedMoment(localMs, clock));
      expect({ name, wrong }).toEqual({ name, wrong: [] });
    }
  });
});

test("a time of the doubled hour has both offsets, one of the missing hour the one before", () => {
  const { offsetsAt } = createZone("America/New_York");
  expect(offsetsAt(Date.UTC(2024, 10, 3, 1, 30))).toEqual({
    ...{ offsetMs: -4 * HOUR_MS, laterMs: -5 * HOUR_MS, times: "twice" },
  });
  expect(offsetsAt(Date.UTC(2024, 2, 10, 2, 30))).toEqual({ offsetMs: -5 * HOUR_MS, times: "never" });
  expect(offsetsAt(Date.UTC(2024, 2, 10, 3, 0))).toEqual({ offsetMs: -4 * HOUR_MS, times: "once" });
});

test("offsets of seconds and years far away are read", () => {
  expect(createZone("Africa/Monrovia").offsetsAt(0).offsetMs).toBe(-(44 * 60 + 30) * 1000);
  expect(createZone("America/New_York").offsetsAt(Date.UTC(2500, 6)).offsetMs).toBe(-4 * HOUR_MS);
  expect(createZone("America/New_York").offsetsAt(Date.UTC(1700, 6)).offsetMs).toBe(-(4 * 3600 + 56 * 60 + 2) * 1000);
});

describe("names of zones", () => {
  test.each([
    ["UTC", "UTC"],
    ["america/new_york", "America/New_York"],
    ["Asia/Kolkata", "Asia/Kolkata"],
    ["-05:00", "-05:00"],
  ])("%s is %s", (name, expected) => {
    expect(createZone(name).name).toBe(expected);
  });

  test.each([
    ["New York", "say America/New_York."],
    ["America/NewYork", "say America/New_York."],
    ["Chigaco", "say America/Chicago."],
    ["kolkata", "say Asia/Kolkata."],
    ["EST", "say America/New_York."],
    ["IST", "say Asia/Kolkata or Europe/Dublin or Asia/Jerusalem."],
    ["Nowhere/Atall", "say one such as America/New_York or Europe/Oslo."],
    ["+25:00", "say one such as America/New_York or Europe/Oslo."],
    ["", "say one such as America/New_York or Europe/Oslo."],
  ])("%s is refused with what to say", (name, instead) => {
    expect(() => createZone(name)).toThrow(`--timezone ${name} is not the name of a time zone: ${instead}`);
    expect(findZone(name)).toBeUndefined();
  });
});
