import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { kept } from "../../tiles/kept.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { formatReportId, idTail } from "../../tiles/report-id.ts";
import { CITIES } from "../areas/cities.ts";
import type { CitySketch } from "./city-sketch.ts";
import { eventOccasions } from "./events.ts";
import { HAPPENINGS, type Happening } from "./happenings.ts";
import { createCalendar, type LocalCalendar } from "./local-time.ts";
import { type Place, placesOf } from "./places.ts";
import { createRandom, type Random } from "./random.ts";
import { RHYTHMS, WEEKS } from "./rhythms.ts";
import { SEED_CITIES } from "./seed-cities.ts";
import { createWriter } from "./words.ts";

export const SEED_REPORT_COUNT = 2640;
export const DEFAULT_SEED = 20_260_415;
const DAY_MS = 86_400_000;
/** Two days before expiry, so that a seeded map does not lose its oldest reports at once. */
const MAX_AGE_MS = 88 * DAY_MS;

/** Something that one resident reports. */
export interface Occasion {
  readonly happening: Happening;
  readonly place: Place;
  readonly timeMs: number;
  /** Added to the severity. */
  readonly worse: number;
}

export interface SeedOptions {
  /** Unix milliseconds; the newest report is a little older. */
  readonly nowMs: number;
  readonly seed?: number;
}

/**
 * Reports of three cities that look like real ones: along streets and around places, by the hours and days of each
 * category, denser towards now. The same seed and now give the same reports; oldest first.
 */
export function seedReports({ nowMs, seed = DEFAULT_SEED }: SeedOptions): Report[] {
  const random = createRandom(seed);
  const ids = new Set<string>();
  return SEED_CITIES.flatMap((city) => cityReports(city, nowMs, random, ids)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function cityReports(city: CitySketch, nowMs: number, random: Random, ids: Set<string>): Report[] {
  const places = placesOf(city);
  const calendar = createCalendar(CITIES.find(({ id }) => id === city.id)?.timezone ?? "UTC", nowMs);
  const write = createWriter(city, random);
  const events = eventOccasions(city.events, places, calendar, random);
  const daily = dailyOccasions(places, calendar, nowMs, random);
  const count = Math.round(SEED_REPORT_COUNT * city.share);
  const occasions = [...events, ...Array.from({ length: count - events.length }, daily)];
  return occasions.map((occasion) => reportOf(occasion, write, random, ids));
}

/** Ordinary life: what, then where it happens, then when. */
function dailyOccasions(
  places: readonly Place[],
  calendar: LocalCalendar,
  nowMs: number,
  random: Random,
): () => Occasion {
  const frequencies = HAPPENINGS.map(({ weight }) => weight);
  const placeWeights = new Map(
    HAPPENINGS.map((what) => [what, places.map((place) => place.weight * affinity(what, place))]),
  );
  const lastDay = Math.floor(MAX_AGE_MS / DAY_MS);
  const busy = Array.from(
    { length: lastDay + 1 },
    (_, day) => (0.3 + Math.exp(-day / 28)) * (0.55 + 0.9 * random.next()),
  );

  function timeOf({ rhythm, week }: Happening): number {
    const days = busy.map((weight, daysAgo) => weight * (WEEKS[week][calendar.weekday(daysAgo)] ?? 1));
    for (;;) {
      const [daysAgo, hour] = [random.weighted(days), random.weighted(RHYTHMS[rhythm])];
      const timeMs = calendar.at(daysAgo, hour, random.between(0, 59), random.between(0, 59)) + random.between(0, 999);
      if (timeMs <= nowMs && timeMs >= nowMs - MAX_AGE_MS) return timeMs;
    }
  }

  return () => {
    const happening = HAPPENINGS[random.weighted(frequencies)];
    const place = happening && places[random.weighted(placeWeights.get(happening) ?? [])];
    if (!happening || !place) throw new RangeError("a city without places");
    return { happening, place, timeMs: timeOf(happening), worse: 0 };
  };
}

const ANYWHERE = 0.03;

function affinity({ kinds }: Happening, place: Place): number {
  const sum = place.kinds.reduce((total, kind) => total + (kinds[kind] ?? 0), 0);
  return ANYWHERE + sum / Math.sqrt(place.kinds.length);
}

function reportOf(
  { happening, place, timeMs, worse }: Occasion,
  write: ReturnType<typeof createWriter>,
  random: Random,
  ids: Set<string>,
): Report {
  const [sampledLonDeg, sampledLatDeg] = place.sample(random);
  const text = write(happening, place, [sampledLonDeg, sampledLatDeg]);
  const { layer, category } = happening;
  const sampled = { lonDeg: sampledLonDeg, latDeg: sampledLatDeg, createdAtMs: timeMs };
  const { lonDeg, latDeg, createdAtMs } = kept(layer, category, sampled);
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  const freshId = (): string =>
    formatReportId({ createdAtMs, geohash5, layer, shard: 0, tail: idTail(random.bytes(5)) });
  let id = freshId();
  while (ids.has(id)) id = freshId();
  ids.add(id);
  return {
    id,
    layer,
    category,
    severity: Math.min(5, random.weighted(happening.severities) + 1 + worse),
    lonDeg,
    latDeg,
    ...(text !== undefined && { text }),
    createdAtMs,
    expiresAtMs: createdAtMs + REPORT_LIFETIME_MS,
  };
}
