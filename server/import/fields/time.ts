export interface TimeSpan {
  readonly oldestMs: number;
  readonly newestMs: number;
}

/**
 * A linear map of a file's time span onto the `lastMs` before `importEpochMs`: its newest row happens at the anchor, its oldest
 * `lastMs` earlier. A span of a single moment is all at the anchor. Whole milliseconds in and out.
 */
export function mapIntoLast(span: TimeSpan, lastMs: number, importEpochMs: number): (timeMs: number) => number {
  const length = span.newestMs - span.oldestMs;
  const scale = length === 0 ? 0 : lastMs / length;
  return (timeMs) => importEpochMs - Math.round((span.newestMs - timeMs) * scale);
}
