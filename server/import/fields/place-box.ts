import type { Place } from "./place.ts";

/** Where the places of a file lie. */
export interface PlaceBox {
  readonly count: number;
  /** West of the eastern end, unless the box crosses the 180th meridian. */
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  /** The mean of the places. */
  readonly centre: Place;
}

export interface PlaceBoxes {
  add(place: Place): void;
  /** Of the narrower of the two boxes around the globe; `undefined` without any place. */
  box(): PlaceBox | undefined;
}

export function createPlaceBoxes(): PlaceBoxes {
  let count = 0;
  let [south, north, latSum] = [90, -90, 0];
  // Counted from Greenwich, and from the 180th meridian.
  const greenwich = { west: 180, east: -180, sum: 0 };
  const dateLine = { west: 360, east: 0, sum: 0 };

  function note(frame: typeof greenwich, lonDeg: number): void {
    frame.west = Math.min(frame.west, lonDeg);
    frame.east = Math.max(frame.east, lonDeg);
    frame.sum += lonDeg;
  }

  return {
    add({ lonDeg, latDeg }) {
      count++;
      south = Math.min(south, latDeg);
      north = Math.max(north, latDeg);
      latSum += latDeg;
      note(greenwich, lonDeg);
      note(dateLine, lonDeg < 0 ? lonDeg + 360 : lonDeg);
    },
    box() {
      if (count === 0) return undefined;
      const frame = dateLine.east - dateLine.west < greenwich.east - greenwich.west ? dateLine : greenwich;
      const centre = { lonDeg: turned(frame.sum / count), latDeg: latSum / count };
      return { count, south, north, west: turned(frame.west), east: turned(frame.east), centre };
    },
  };
}

const turned = (lonDeg: number): number => (lonDeg > 180 ? lonDeg - 360 : lonDeg);

/** `29.52..30.11 N, 95.88..95.01 W, centre 29.76 N, 95.37 W`. */
export function formatBox({ south, north, west, east, centre }: PlaceBox): string {
  return `${formatRange(south, north, "NS")}, ${formatRange(west, east, "EW")}, centre ${formatPlace(centre)}`;
}

/** `29.76 N, 95.37 W`. */
export const formatPlace = ({ lonDeg, latDeg }: Place): string =>
  `${formatSide(latDeg, "NS")}, ${formatSide(lonDeg, "EW")}`;

function formatRange(from: number, to: number, sides: string): string {
  const [first, second] = [formatSide(from, sides), formatSide(to, sides)];
  return first.at(-1) === second.at(-1) ? `${first.slice(0, -2)}..${second}` : `${first}..${second}`;
}

const formatSide = (deg: number, sides: string): string => `${Math.abs(deg).toFixed(2)} ${sides.at(deg < 0 ? 1 : 0)}`;
