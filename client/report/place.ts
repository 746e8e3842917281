/** Where a report lies, in WGS 84 degrees. */
export interface Place {
  readonly lon: number;
  readonly lat: number;
}
