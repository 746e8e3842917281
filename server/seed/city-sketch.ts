/** What a place is like, which decides what happens there. Low is where water stands after rain. */
export const KINDS = [
  "nightlife",
  "shops",
  "traffic",
  "homes",
  "transit",
  "park",
  "plaza",
  "work",
  "tourist",
  "campus",
  "arts",
  "low",
] as const;
export type Kind = (typeof KINDS)[number];

export type LonLat = readonly [lonDeg: number, latDeg: number];

export interface Street {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** How much happens on it, compared with the city's other places. */
  readonly weight: number;
  readonly path: readonly LonLat[];
}

/** A plaza, station, park or campus: people are around it, the nearer the more. */
export interface Spot {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly weight: number;
  readonly at: LonLat;
  /** Two thirds of its reports are within this many metres. */
  readonly spreadM: number;
}

/** A neighbourhood's side streets: a mesh of lines between four corners, given in order around it. */
export interface Grid {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly weight: number;
  readonly corners: readonly [LonLat, LonLat, LonLat, LonLat];
  /** Streets along the first side and streets across it. */
  readonly along: number;
  readonly across: number;
}

/** Where a city's life is, drawn by hand from its map; good to about 100 m. Only on land. */
export interface CitySketch {
  /** As in `server/areas/cities.ts`. */
  readonly id: string;
  /** Share of all seed reports. */
  readonly share: number;
  readonly streets: readonly Street[];
  readonly spots: readonly Spot[];
  readonly grids: readonly Grid[];
  readonly events: readonly CityEvent[];
}

/** Something that made many people report within hours. */
export interface CityEvent {
  readonly kind: "flood" | "festival" | "outage";
  readonly reports: number;
  /** On the newest day of that many days ago or more that is this weekday; 0 is Sunday. Without one, any day. */
  readonly daysAgo: number;
  readonly weekday?: number;
  /** Names of streets and spots. */
  readonly places: readonly string[];
}

/** Side streets of a grid as lines, the outer ones included. */
export function linesOf({ corners: [a, b, c, d], along, across }: Grid): (readonly [LonLat, LonLat])[] {
  const lines: (readonly [LonLat, LonLat])[] = [];
  for (let i = 0; i < along; i++) lines.push([between(a, d, i / (along - 1)), between(b, c, i / (along - 1))]);
  for (let i = 0; i < across; i++) lines.push([between(a, b, i / (across - 1)), between(d, c, i / (across - 1))]);
  return lines;
}

/** The point at a share of the way. */
export function between(from: LonLat, to: LonLat, share: number): LonLat {
  return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
}
