/** A corner: degrees east and north, on a plane. */
export type Corner = readonly [x: number, y: number];

/** What lies on one side of a line: `x * a + y * b <= c`. */
export interface HalfPlane {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** A crossing of a ring and the line, and which chain of corners begins or ends there. */
interface Crossing {
  readonly at: Corner;
  /** Along the line. */
  readonly along: number;
  readonly chain: number;
  readonly isEntry: boolean;
}

/**
 * The parts of a ring, wound either way and not crossing itself, that lie in a half plane. A corner on the line counts as inside, so
 * every crossing is between two corners, and there is an even number of them.
 */
export function slice(ring: readonly Corner[], { a, b, c }: HalfPlane): Corner[][] {
  const over = ring.map(([x, y]) => x * a + y * b - c);
  const isInside = (corner: number): boolean => (over[corner] as number) <= 0;
  if (ring.every((_, corner) => isInside(corner))) return [[...ring]];
  const first = ring.findIndex((_, corner) => !isInside(corner) && isInside((corner + 1) % ring.length));
  if (first < 0) return [];

  const chains: Corner[][] = [];
  const crossings: Crossing[] = [];
  const cross = (from: number, to: number): Corner => {
    // From the inner corner on, so that the point does not depend on the direction in which the ring is walked.
    const [inner, outer] = isInside(from) ? [from, to] : [to, from];
    const share = (over[inner] as number) / ((over[inner] as number) - (over[outer] as number));
    const [p, q] = [ring[inner] as Corner, ring[outer] as Corner];
    return [p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share];
  };
  for (let step = 0; step < ring.length; step++) {
    const from = (first + step) % ring.length;
    const to = (from + 1) % ring.length;
    if (isInside(from) !== isInside(to)) {
      const at = cross(from, to);
      const isEntry = isInside(to);
      if (isEntry) chains.push([]);
      crossings.push({ at, along: at[1] * a - at[0] * b, chain: chains.length - 1, isEntry });
      chains.at(-1)?.push(at);
    }
    if (isInside(to)) chains.at(-1)?.push(ring[to] as Corner);
  }
  return join(chains, crossings);
}

/** Along the line the ring is left and entered in turn: between the first and the second crossing lies an edge of a part, and so on. */
function join(chains: readonly (readonly Corner[])[], crossings: Crossing[]): Corner[][] {
  crossings.sort((p, q) => p.along - q.along);
  const next = new Map<number, number>();
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    const [p, q] = [crossings[i] as Crossing, crossings[i + 1] as Crossing];
    if (p.isEntry) next.set(q.chain, p.chain);
    else next.set(p.chain, q.chain);
  }
  const left = new Set(chains.keys());
  const parts: Corner[][] = [];
  for (const start of chains.keys()) {
    const part: Corner[] = [];
    for (let chain: number | undefined = start; chain !== undefined && left.delete(chain); chain = next.get(chain)) {
      part.push(...(chains[chain] as readonly Corner[]));
    }
    if (part.length > 2) parts.push(part);
  }
  return parts;
}
