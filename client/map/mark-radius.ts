import type { ExpressionSpecification } from "maplibre-gl";

/** Natural logarithms of weights and of counts, and radii in pixels, in turn. */
const BY_WEIGHT = [0, 11, 2.3, 14, 4.6, 19, 6.9, 26, 9.2, 34, 11.5, 43];
const BY_DIGITS = [0.7, 11, 4.6, 14, 6.9, 17, 9.2, 19];
/** Zooms, and the size of a report's icon there. */
export const ICON_SIZES = [11, 0.72, 14, 0.9, 17, 1.15];

/** Radius in pixels of a single report's disc, before it is sized for the zoom. */
export const discRadius = (severity: number): number => 8.5 + severity;

/**
 * Radius of a cluster in pixels: grows with the logarithm of the weight (severity times recency), so that old news is small and 10 and
 * 10 000 both fit; never too small for its number. Circles and not heat at low zoom, too: tried, and a heat map of clusters
 * shows their spacing, hides the counts and cannot be clicked.
 */
export function clusterRadius(extra: number): ExpressionSpecification {
  const grown = (input: ExpressionSpecification, stops: readonly number[]) => [
    "interpolate",
    ["linear"],
    input,
    ...stops.map((value, i) => (i % 2 === 0 ? value : value + extra)),
  ];
  const weight: ExpressionSpecification = ["ln", ["+", 1, ["get", "weight"]]];
  const count: ExpressionSpecification = ["ln", ["get", "point_count"]];
  return ["max", grown(weight, BY_WEIGHT), grown(count, BY_DIGITS)] as unknown as ExpressionSpecification;
}

/** Radius in pixels at which a mark of a tile is drawn, as `clusterRadius` and the icons' layer say it to the map. */
export function markRadius(properties: Readonly<Record<string, unknown>>, zoom: number): number {
  const { point_count: count, weight, severity } = properties;
  if (count === undefined) return discRadius(Math.round(Number(severity))) * between(zoom, ICON_SIZES);
  const byWeight = between(Math.log(1 + Number(weight ?? 0)), BY_WEIGHT);
  return Math.max(byWeight, between(Math.log(Number(count)), BY_DIGITS));
}

/** Linear interpolation between stops, as a style's `interpolate`. */
function between(input: number, stops: readonly number[]): number {
  let [before = 0, least = 0] = stops;
  if (input <= before) return least;
  for (let i = 2; i < stops.length; i += 2) {
    const [at = 0, value = 0] = stops.slice(i);
    if (input < at) return least + ((value - least) * (input - before)) / (at - before);
    [before, least] = [at, value];
  }
  return least;
}
