import type { AreaRank } from "../../trends/area-ranking.ts";
import type { Parsed } from "./filter-query.ts";

/** Where a page of ranked areas ended, and of which moment it was. */
export interface AreaRankPlace {
  readonly nowMs: number;
  readonly after: AreaRank;
}

/** The cursor as text: the moment, then the place. The pages that follow tell how areas stood at the moment of the first. */
export const formatAreaRankCursor = (nowMs: number, { tier, key, id, name }: AreaRank): string =>
  [nowMs, tier, key, id, name].join("~");

/** Reads a cursor. @returns the message when it is none. */
export function parseAreaRankCursor(text: string): Parsed<AreaRankPlace> {
  const found = /^(\d{13})~([0-2])~(-?\d{1,4})~([a-z0-9-]{1,200})~(.{1,400})$/su.exec(text);
  // PostgreSQL takes no NUL in a text.
  if (found === null || text.includes("\0")) return "must be the next_cursor of a page";
  const [, nowMs, tier, key, id = "", name = ""] = found;
  return { value: { nowMs: Number(nowMs), after: { tier: Number(tier), key: Number(key), id, name } } };
}
