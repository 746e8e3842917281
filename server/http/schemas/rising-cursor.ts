import type { RisingCursor } from "../../trends/rising.ts";
import type { Parsed } from "./filter-query.ts";

/** Where a page of rising neighbourhoods ended, and by which day's months it was made. */
export interface RisingPlace {
  readonly nowMs: number;
  readonly after: RisingCursor;
}

/** The cursor as text: the last day, then the place. Pages after midnight go on with the months of the first. */
export function formatRisingCursor(day: string, { ratio, reports, geohash }: RisingCursor): string {
  return [day, Number.isFinite(ratio) ? ratio : "new", reports, geohash].join("~");
}

/** Reads a cursor. @returns the message when it is none. */
export function parseRisingCursor(text: string): Parsed<RisingPlace> {
  const [, day = "", ratio, reports, geohash = ""] =
    /^(\d{4}-\d\d-\d\d)~(new|\d{1,16}(?:\.\d{1,20})?(?:e[+-]?\d{1,2})?)~(\d{1,9})~([0-9b-hjkmnp-z]{6})$/.exec(text) ??
    [];
  const nowMs = Date.parse(day);
  if (Number.isNaN(nowMs)) return "must be the next_cursor of a page";
  const after = {
    ratio: ratio === "new" ? Number.POSITIVE_INFINITY : Number(ratio),
    reports: Number(reports),
    geohash,
  };
  return { value: { nowMs, after } };
}
