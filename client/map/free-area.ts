/** Pixels at each edge of the map that something covers; its centre is the centre of the rest. */
export interface CoveredEdges {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** A card at most this share of the window wide is a column at a side; a wider one is a sheet at the top or the bottom. */
const COLUMN_SHARE = 0.8;

/** What the panel, if there is one, the score card and the open form cover: columns at the sides of a desktop, sheets on a phone. */
export function coveredEdges(form?: HTMLElement): CoveredEdges {
  const edges = { top: 0, right: 0, bottom: 0, left: 0 };
  for (const card of [document.querySelector("#panel"), document.querySelector("#score-card"), form]) {
    if (!card) continue;
    const { left, right, top, bottom, width } = card.getBoundingClientRect();
    if (width === 0) continue;
    const isSheet = width > innerWidth * COLUMN_SHARE;
    if (isSheet && top < innerHeight - bottom) edges.top = bottom;
    else if (isSheet) edges.bottom = innerHeight - top;
    // By the nearer side: a wide column at the right of a narrow window begins in its left half.
    else if (left < innerWidth - right) edges.left = right;
    else edges.right = innerWidth - left;
  }
  return edges;
}
