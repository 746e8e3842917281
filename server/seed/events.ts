import type { CityEvent } from "./city-sketch.ts";
import { findHappening } from "./happenings.ts";
import type { LocalCalendar } from "./local-time.ts";
import type { Place } from "./places.ts";
import type { Random } from "./random.ts";
import type { Occasion } from "./seed-reports.ts";

interface Course {
  /** What is reported, and how often. */
  readonly categories: Readonly<Record<string, number>>;
  /** Local hour around which most of it happens, and two thirds within so many hours. */
  readonly peakHour: number;
  readonly spreadHours: number;
  readonly worse: number;
}

const COURSES: Readonly<Record<CityEvent["kind"], Course>> = {
  flood: {
    categories: { flooding: 14, "traffic-danger": 2, "water-leak": 2, "street-light": 1, "transit-delay": 1 },
    peakHour: 20,
    spreadHours: 1.4,
    worse: 1,
  },
  festival: {
    categories: { festival: 7, "live-music": 5, friendly: 2, noise: 2, theft: 1, market: 1, "transit-delay": 1 },
    peakHour: 16,
    spreadHours: 2.6,
    worse: 0,
  },
  outage: {
    categories: { "transit-delay": 12, "traffic-danger": 1, harassment: 1 },
    peakHour: 8.5,
    spreadHours: 0.8,
    worse: 1,
  },
};

/** What residents report at a city's events. @throws RangeError when an event is at a place that the city does not have. */
export function eventOccasions(
  events: readonly CityEvent[],
  places: readonly Place[],
  calendar: LocalCalendar,
  random: Random,
): Occasion[] {
  return events.flatMap((event) => {
    const course = COURSES[event.kind];
    const there = event.places.flatMap((name) => {
      const named = places.filter((place) => place.name === name);
      if (named.length === 0) throw new RangeError(`no place is called ${name}`);
      return named;
    });
    const categories = Object.keys(course.categories);
    const daysAgo = dayOf(event, calendar);
    return Array.from({ length: event.reports }, () => {
      const category = categories[random.weighted(Object.values(course.categories))] ?? "";
      const hours = course.peakHour + Math.min(3, Math.max(-3, random.gaussian())) * course.spreadHours;
      const minute = Math.floor((hours % 1) * 60);
      return {
        happening: findHappening(category),
        place: random.pick(there),
        timeMs: calendar.at(daysAgo, Math.floor(hours), minute, random.between(0, 59)) + random.between(0, 999),
        worse: course.worse,
      };
    });
  });
}

/** Never today, so that no report lies in the future. */
function dayOf({ daysAgo, weekday }: CityEvent, calendar: LocalCalendar): number {
  let day = Math.max(1, daysAgo);
  while (weekday !== undefined && calendar.weekday(day) !== weekday) day++;
  return day;
}
