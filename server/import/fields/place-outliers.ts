import type { Place } from "./place.ts";
import { formatPlace } from "./place-box.ts";

const COLUMNS = 360;
const ROWS = 180;
/** Further than this from where most places are is another region. */
const FAR_KM = 1000;
/** More than one in so many that are far off are no outliers: the file is of several regions. */
const FEW = 100;
const KM_PER_DEGREE = 111.2;
const RADIANS = Math.PI / 180;

export interface PlaceOutliers {
  add(place: Place): void;
  /** A sentence about the few places that are far from where most are; none where there are none, or many. */
  lines(): string[];
}

/** Counts places by cells of one degree: 253 KiB, whatever comes. */
export function createPlaceOutliers(): PlaceOutliers {
  const counts = new Uint32Array(COLUMNS * ROWS);
  return {
    add({ lonDeg, latDeg }) {
      const row = Math.min(ROWS - 1, Math.floor(latDeg + 90));
      const cell = row * COLUMNS + Math.min(COLUMNS - 1, Math.floor(lonDeg + 180));
      counts[cell] = (counts[cell] ?? 0) + 1;
    },
    lines: () => outlierLines(counts),
  };
}

function outlierLines(counts: Uint32Array): string[] {
  const cells = [...counts].flatMap((count, cell) => (count > 0 ? [{ count, place: middleOf(cell) }] : []));
  const total = cells.reduce((sum, { count }) => sum + count, 0);
  const [most] = cells.toSorted((a, b) => b.count - a.count);
  if (most === undefined) return [];
  const far = cells
    .map(({ count, place }) => ({ count, place, km: distanceKm(most.place, place) }))
    .filter(({ km }) => km > FAR_KM)
    .sort((a, b) => b.km - a.km);
  const outliers = far.reduce((sum, { count }) => sum + count, 0);
  if (far[0] === undefined || outliers * FEW > total) return [];
  return [
    `Further than ${FAR_KM} km from where most places are (about ${formatPlace(most.place)}): ${outliers}, the furthest at about ${formatPlace(far[0].place)}. --bbox keeps such places out.`,
  ];
}

const middleOf = (cell: number): Place => ({
  lonDeg: (cell % COLUMNS) - 180 + 0.5,
  latDeg: Math.floor(cell / COLUMNS) - 90 + 0.5,
});

/** Along the sphere. */
export function distanceKm(from: Place, to: Place): number {
  const a = Math.sin(((to.latDeg - from.latDeg) * RADIANS) / 2) ** 2;
  const b = Math.sin(((to.lonDeg - from.lonDeg) * RADIANS) / 2) ** 2;
  const cosines = Math.cos(from.latDeg * RADIANS) * Math.cos(to.latDeg * RADIANS);
  return (2 * KM_PER_DEGREE * Math.asin(Math.min(1, Math.sqrt(a + cosines * b)))) / RADIANS;
}
