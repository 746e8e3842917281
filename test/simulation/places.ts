import { roundDegrees } from "../../tiles/report.ts";
import { type Random, randomOf } from "../kit/random.ts";

export interface Place {
  readonly lonDeg: number;
  readonly latDeg: number;
}

/** Where towns lie: in a city, on borders of cells of all sizes, on the antimeridian, at a pole. */
const TOWNS: readonly Place[] = [
  { lonDeg: -122.42, latDeg: 37.77 },
  { lonDeg: -73.95, latDeg: 40.65 },
  { lonDeg: 0, latDeg: 0 },
  { lonDeg: -90, latDeg: 45 },
  { lonDeg: 11.25, latDeg: 5.625 },
  { lonDeg: 179.9999, latDeg: -16.5 },
  { lonDeg: -97.743, latDeg: 30.267 },
  { lonDeg: 20, latDeg: 89.9 },
];

/** How far apart places of a town lie: at the same spot, in a street, in neighbouring cells, in a county. */
const SPREADS_DEG = [0, 0.0004, 0.03, 0.5];

/** The few places of a run, the first ones for the most. */
export function placesOf(random: Random): Place[] {
  const towns = Array.from({ length: 1 + random.below(3) }, () => random.pick(TOWNS));
  const count = random.pick([1, 3, 6, 12]);
  return Array.from({ length: count }, () => {
    const { lonDeg, latDeg } = random.pick(towns);
    const spread = random.pick(SPREADS_DEG);
    return {
      lonDeg: roundDegrees(clamp(lonDeg + random.between(-spread, spread), 180)),
      latDeg: roundDegrees(clamp(latDeg + random.between(-spread, spread), 90)),
    };
  });
}

/** Some twenty metres beside a place, the same for the same name: most reports are alone in their micro cell. */
export function doorNear({ lonDeg, latDeg }: Place, name: string): Place {
  const random = randomOf(name);
  if (random.chance(0.2)) return { lonDeg, latDeg };
  const beside = (deg: number, limit: number): number =>
    roundDegrees(clamp(deg + random.between(-DOORS_DEG, DOORS_DEG), limit));
  return { lonDeg: beside(lonDeg, 180), latDeg: beside(latDeg, 90) };
}

const DOORS_DEG = 0.0002;

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));
