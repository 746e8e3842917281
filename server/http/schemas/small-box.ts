import { invalidRequest, ProblemError } from "../core/problem.ts";

/** @throws ProblemError 400 that says the limit, where what a field names meets more of the log's cells than may be asked for */
export function requireSmallBox(cells: number, limit: number, field: string): void {
  if (cells <= limit) return;
  const sideDegrees = Math.sqrt(limit * (360 / 2 ** 13) * (180 / 2 ** 12)).toFixed(1);
  const message = `meets ${cells} geohash-5 cells, the limit is ${limit}: about ${sideDegrees} x ${sideDegrees} degrees`;
  throw new ProblemError(invalidRequest([{ field, message, limit }]));
}
