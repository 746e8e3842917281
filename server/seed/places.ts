import { between, type CitySketch, type Kind, type LonLat, linesOf, type Street } from "./city-sketch.ts";
import type { Random } from "./random.ts";

/** Somewhere in a city that reports come from. */
export interface Place {
  readonly name: string;
  /** As a sentence has it: "on Valencia St", "at Dolores Park", "in the Sunset". */
  readonly where: string;
  readonly kinds: readonly Kind[];
  readonly weight: number;
  sample(random: Random): LonLat;
}

/** Half a street's width: reports are made from the sidewalk. */
const STREET_SCATTER_M = 9;
/** A grid stands for some twenty side streets, on each of which little happens. */
const GRID_WEIGHT = 3.2;
const METRES_PER_DEGREE = 111_320;
/** A spot's reports do not stray farther than this many spreads. */
const MAX_SPREADS = 2;

export function placesOf(city: CitySketch): Place[] {
  return [
    ...city.streets.map((street) => ({ ...street, where: `on ${street.name}`, sample: alongStreet(street) })),
    ...city.spots.map(({ at, spreadM, ...spot }) => ({
      ...spot,
      where: `at ${spot.name}`,
      sample: (random: Random) => scatter(at, spreadM, random),
    })),
    ...city.grids.map((grid) => {
      const lines = linesOf(grid);
      const sample = (random: Random) => {
        const [from, to] = random.pick(lines);
        return scatter(between(from, to, random.next()), STREET_SCATTER_M, random);
      };
      return {
        name: grid.name,
        kinds: grid.kinds,
        weight: grid.weight * GRID_WEIGHT,
        where: `in ${grid.name}`,
        sample,
      };
    }),
  ];
}

/** Busier around a few points of the street than between them, as around its crossings and stops. */
function alongStreet({ path }: Street): (random: Random) => LonLat {
  const legs = path.slice(1).map((to, i) => ({ from: path[i] ?? to, to }));
  const lengths = legs.map(({ from, to }) => distanceM(from, to));
  return (random) => {
    const leg = legs[random.weighted(lengths)];
    if (leg === undefined) throw new RangeError("a street has two points at least");
    const length = distanceM(leg.from, leg.to);
    const blocks = Math.max(1, Math.round(length / 130));
    const block = Math.round(random.next() * blocks) / blocks;
    const share = Math.min(1, Math.max(0, block + (random.gaussian() * 28) / Math.max(length, 1)));
    return scatter(between(leg.from, leg.to, random.next() < 0.7 ? share : random.next()), STREET_SCATTER_M, random);
  };
}

function scatter([lonDeg, latDeg]: LonLat, spreadM: number, random: Random): LonLat {
  const angle = random.next() * 2 * Math.PI;
  const metres = Math.min(Math.abs(random.gaussian()), MAX_SPREADS) * spreadM;
  const north = (metres * Math.sin(angle)) / METRES_PER_DEGREE;
  const east = (metres * Math.cos(angle)) / (METRES_PER_DEGREE * Math.cos((latDeg * Math.PI) / 180));
  return [lonDeg + east, latDeg + north];
}

/** Metres between two points of one city. */
export function distanceM(a: LonLat, b: LonLat): number {
  const x = (b[0] - a[0]) * Math.cos((((a[1] + b[1]) / 2) * Math.PI) / 180);
  return Math.hypot(x, b[1] - a[1]) * METRES_PER_DEGREE;
}
