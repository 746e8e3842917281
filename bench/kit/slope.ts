/** A line through points by least squares. */
export interface Slope {
  readonly slope: number;
  /** Of the slope; NaN for fewer than three points. */
  readonly standardError: number;
}

/** The slope of `y` over `x`, with its standard error if what is left of the points is noise. */
export function fitSlope(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / n;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  const spread = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const slope = spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / spread;
  const left = points.reduce((sum, [x, y]) => sum + (y - my - slope * (x - mx)) ** 2, 0);
  return { slope, standardError: n < 3 ? Number.NaN : Math.sqrt(left / (n - 2) / spread) };
}
