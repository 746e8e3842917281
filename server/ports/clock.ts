/** Time is injected: tests move it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
}
