import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { keptPlace } from "../../tiles/kept.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { idTail, parseReportId } from "../../tiles/report-id.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import { type Place, placesOf } from "./places.ts";
import { createRandom, randomFrom } from "./random.ts";
import { SEED_CITIES } from "./seed-cities.ts";
import { DEFAULT_SEED } from "./seed-reports.ts";
import { WORD_DRAWS } from "./words.ts";

/** Three cities take about 60 000 numbers, some more or less by the hour at which they are seeded. */
const MAX_DRAWS = 80_000;
const ID_BYTES = 5;
/** So many samples show how many numbers a place takes: a street one more, now and then. */
const TRIAL_SAMPLES = 64;

/** Where a report may be, and how many numbers that takes. */
interface DrawnPlace {
  readonly sample: Place["sample"];
  readonly draws: readonly number[];
}

/**
 * Tells the seed's reports from everybody else's, whenever the store was seeded. The time of seeding decides at which report the
 * random numbers are used, but not what they are: an id ends in five in a row of one fixed sequence, and the place comes of the ones
 * just before. Somebody's own report has such an id by chance less than once in ten million, and at that very place to a metre, or in that cell of the grid, hardly ever.
 * @returns whether a report is the seed's: by its place, or where it is hidden and not to be read, by its cell.
 */
export function createSeedRecogniser(): (id: string, report?: Report) => boolean {
  const { next } = createRandom(DEFAULT_SEED);
  const draws = Float64Array.from({ length: MAX_DRAWS }, next);
  const drawnAt = new Map<string, number>();
  for (let at = 0; at + ID_BYTES <= draws.length; at++) drawnAt.set(tailOf(draws, at), at);
  const places = new Map(SEED_CITIES.map((city) => [city.id, placesOf(city).map((place) => drawnPlace(place, draws))]));
  const all = [...places.values()].flat();

  return (id, report) => {
    const { tail = "", geohash5 = "" } = parseReportId(id) ?? {};
    const at = drawnAt.get(tail);
    if (at === undefined) return false;
    const isThere = (lonDeg: number, latDeg: number): boolean =>
      report === undefined ? encodeGeohash(lonDeg, latDeg, 5) === geohash5 : isKeptAt(report, lonDeg, latDeg);
    // A cell at a city's edge may be nobody's.
    const near = places.get(cityOfCell(geohash5)?.id ?? "") ?? all;
    // Between place and id are the numbers for the words.
    return WORD_DRAWS.some((words) => near.some((place) => canLieAt(place, draws, at - words, isThere)));
  };
}

/** As it is kept, or as a program kept it that had six decimals. */
function isKeptAt({ layer, category, ...report }: Report, lonDeg: number, latDeg: number): boolean {
  const place = keptPlace(layer, category, lonDeg, latDeg);
  if (place.lonDeg === report.lonDeg && place.latDeg === report.latDeg) return true;
  return roundDegrees(lonDeg) === report.lonDeg && roundDegrees(latDeg) === report.latDeg;
}

const tailOf = (draws: Float64Array, at: number): string =>
  idTail(Uint8Array.from(draws.subarray(at, at + ID_BYTES), (draw) => Math.floor(draw * 256)));

function drawnPlace({ sample }: Place, draws: Float64Array): DrawnPlace {
  const taken = new Set<number>();
  for (let from = 0; from < TRIAL_SAMPLES; from++) {
    let at = from;
    sample(randomFrom(() => draws[at++] ?? 0));
    taken.add(at - from);
  }
  return { sample, draws: [...taken] };
}

/** Whether the numbers before `end` put a report of this place where it is. */
function canLieAt(
  place: DrawnPlace,
  draws: Float64Array,
  end: number,
  isThere: (lonDeg: number, latDeg: number) => boolean,
): boolean {
  return place.draws.some((count) => {
    let at = Math.max(0, end - count);
    const [lonDeg, latDeg] = place.sample(randomFrom(() => draws[at++] ?? 0));
    return isThere(lonDeg, latDeg);
  });
}
