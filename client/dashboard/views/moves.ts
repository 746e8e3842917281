import type { ScoreName } from "../../../tiles/scores/scores.ts";
import type { RankedAreaJson } from "../../api/areas.ts";

export interface Move {
  readonly area: RankedAreaJson;
  /** Points in a week, never 0. */
  readonly change: number;
}

export interface Moves {
  /** Whether any area can be compared. */
  readonly isKnown: boolean;
  readonly up: readonly Move[];
  readonly down: readonly Move[];
}

/** The areas that a score moved most in a week, up and down. What cannot be compared is in neither list. */
export function largestMoves(areas: readonly RankedAreaJson[], score: ScoreName, most: number): Moves {
  const moves = areas.flatMap((area) => {
    const change = area.change_7d?.[score] ?? null;
    return change === null || change === 0 ? [] : [{ area, change }];
  });
  const sorted = moves.toSorted((a, b) => b.change - a.change || a.area.name.localeCompare(b.area.name));
  return {
    isKnown: areas.some(({ change_7d }) => change_7d !== null && change_7d[score] !== null),
    up: sorted.filter(({ change }) => change > 0).slice(0, most),
    down: sorted
      .filter(({ change }) => change < 0)
      .toReversed()
      .slice(0, most),
  };
}
