import type { ExpressionSpecification } from "maplibre-gl";

/** A size in pixels that grows with the zoom: zooms and sizes in turn. */
export const zoomed = (...stops: readonly number[]): ExpressionSpecification =>
  ["interpolate", ["exponential", 1.6], ["zoom"], ...stops] as unknown as ExpressionSpecification;
