/** A city that the product knows by name: for the catalogue, for "a city's reports" and for seed data. */
export interface City {
  /** Lower case, words joined by hyphens: part of URLs, so it never changes. */
  readonly id: string;
  readonly name: string;
  /** West, south, east, north in WGS 84 degrees. */
  readonly bbox: readonly [west: number, south: number, east: number, north: number];
  /** Longitude and latitude, in degrees, of where a map of the city opens. */
  readonly center: readonly [lonDeg: number, latDeg: number];
  /** Zoom (512 px tiles) at which the map opens. */
  readonly zoom: number;
  /** IANA time zone, for everything that follows the hours of the day. */
  readonly timezone: string;
}

/** The cities with seed data, in the order in which they are listed. */
export const CITIES: readonly City[] = [
  // San Francisco: the city and county on the peninsula, with Treasure Island, without the Farallones.
  {
    id: "san-francisco",
    name: "San Francisco",
    bbox: [-122.5168, 37.7034, -122.3549, 37.8333],
    center: [-122.431, 37.7689],
    zoom: 12,
    timezone: "America/Los_Angeles",
  },
  // Brooklyn: Kings County, from Newtown Creek down to Coney Island and Jamaica Bay.
  {
    id: "brooklyn",
    name: "Brooklyn",
    bbox: [-74.0422, 40.5707, -73.8334, 40.7395],
    center: [-73.9544, 40.6743],
    zoom: 12,
    timezone: "America/New_York",
  },
  // Austin: the city limits without the long western and southern fingers, airport included.
  {
    id: "austin",
    name: "Austin",
    bbox: [-97.9384, 30.0987, -97.5614, 30.5167],
    center: [-97.7431, 30.2711],
    zoom: 12,
    timezone: "America/Chicago",
  },
];

/** A city by its id; `undefined` when there is none. */
export function findCity(id: string): City | undefined {
  return CITIES.find((city) => city.id === id);
}
