/** A mark on the map, in pixels of the world at the map's zoom. */
export interface PlacedMark {
  /** Decides between marks at one and the same place, whatever order they come in. */
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly radiusPx: number;
}

/** No two marks stand nearer than this: a finger hits the one that it means, and both signs are read. */
export const LEAST_APART_PX = 18;
/** Circles of the same place may cover each other by so much of their radii. */
const COVER = 0.94;
const ROUNDS = 60;
/** Of the way back to its true place that a mark goes each round, while there are rounds for it. */
const PULL = 0.06;
const PULLED_ROUNDS = 40;

/**
 * Where marks are drawn so that none hides another: at their true places, or as little beside them as lets each be read. Depends on the
 * marks alone, neither on their order nor on what of them is in view; far marks do not move each other. Positions in the order given.
 */
export function spreadMarks(marks: readonly PlacedMark[]): { x: number; y: number }[] {
  const order = marks.map((_, i) => i).sort((a, b) => compare(marks[a]?.id ?? "", marks[b]?.id ?? ""));
  const sorted = order.map((i) => marks[i] as PlacedMark);
  const at = sorted.map(({ x, y }) => ({ x, y }));
  const cellPx = Math.max(LEAST_APART_PX, 2 * Math.max(0, ...marks.map(({ radiusPx }) => radiusPx)));
  for (let round = 0; round < ROUNDS; round++) {
    const moved = pushApart(sorted, at, cellPx);
    if (!moved) break;
    if (round < PULLED_ROUNDS) pullBack(sorted, at);
  }
  const placed: { x: number; y: number }[] = [];
  order.forEach((i, rank) => {
    placed[i] = at[rank] as { x: number; y: number };
  });
  return placed;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Moves every two that stand too near away from each other, the smaller one farther. Tells whether there were any. */
function pushApart(marks: readonly PlacedMark[], at: { x: number; y: number }[], cellPx: number): boolean {
  const cells = new Map<string, number[]>();
  const cellOf = (value: number) => Math.floor(value / cellPx);
  at.forEach(({ x, y }, i) => {
    const key = `${cellOf(x)} ${cellOf(y)}`;
    const cell = cells.get(key);
    if (cell) cell.push(i);
    else cells.set(key, [i]);
  });
  const before = at.map(({ x, y }) => ({ x, y }));
  let moved = false;
  before.forEach(({ x, y }, i) => {
    for (let column = cellOf(x) - 1; column <= cellOf(x) + 1; column++) {
      for (let row = cellOf(y) - 1; row <= cellOf(y) + 1; row++) {
        for (const j of cells.get(`${column} ${row}`) ?? []) if (j > i && part(marks, at, i, j)) moved = true;
      }
    }
  });
  return moved;
}

function part(marks: readonly PlacedMark[], at: { x: number; y: number }[], i: number, j: number): boolean {
  const [a, b, markA, markB] = [at[i], at[j], marks[i], marks[j]];
  if (!a || !b || !markA || !markB) return false;
  const wantedPx = Math.max(LEAST_APART_PX, COVER * (markA.radiusPx + markB.radiusPx));
  let [dx, dy] = [b.x - a.x, b.y - a.y];
  let distance = Math.hypot(dx, dy);
  if (distance >= wantedPx - 0.01) return false;
  if (distance < 0.01) {
    const angle = directionOf(markB.id);
    [dx, dy] = [Math.cos(angle), Math.sin(angle)];
    distance = 1;
  }
  const lack = wantedPx - Math.min(distance, wantedPx);
  const shareOfA = markB.radiusPx / (markA.radiusPx + markB.radiusPx);
  const [ux, uy] = [(dx / distance) * lack, (dy / distance) * lack];
  a.x -= ux * shareOfA;
  a.y -= uy * shareOfA;
  b.x += ux * (1 - shareOfA);
  b.y += uy * (1 - shareOfA);
  return true;
}

/** Marks at one and the same place each go their own way, in radians. */
function directionOf(id: string): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) >>> 0;
  return (hash / 2 ** 32) * 2 * Math.PI;
}

function pullBack(marks: readonly PlacedMark[], at: { x: number; y: number }[]): void {
  at.forEach((place, i) => {
    const mark = marks[i];
    if (!mark) return;
    place.x += (mark.x - place.x) * PULL;
    place.y += (mark.y - place.y) * PULL;
  });
}
