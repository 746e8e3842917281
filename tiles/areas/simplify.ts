import { type Area, boundsOfBox, boxAround, boxOfPolygons, type Polygon, type Ring } from "./area.ts";

/**
 * Areas with fewer corners, for tiles. Lines are simplified between junctions, the corners at which rings part or meet, and always
 * from the same end, so that neighbours that share a line still share it, and no gap or overlap opens between them.
 *
 * Douglas and Peucker, "Algorithms for the reduction of the number of points required to represent a digitized line", 1973.
 */
export function simplifyAreas(areas: readonly Area[], toleranceDeg: number): Area[] {
  if (areas.length === 0) return [];
  const box = boxAround(areas.map((area) => area.box));
  const rows = box.north - box.south + 1;
  // A corner as one number: below 2^53, see MOST_SPAN_E6.
  const keyAt = (ring: Ring, corner: number): number =>
    ((ring[2 * corner] as number) - box.west) * rows + (ring[2 * corner + 1] as number) - box.south;
  const { north, south } = boundsOfBox(box);
  const plane: Plane = { toleranceE6: toleranceDeg * 1e6, lonScale: Math.cos((((north + south) / 2) * Math.PI) / 180) };
  const isJunction = findJunctions(
    areas.flatMap(({ polygons }) => polygons.flat()),
    keyAt,
  );
  return areas.flatMap((area) => {
    const polygons = area.polygons.flatMap((polygon) => {
      const rings = polygon.map((ring) => simplifyRing(ring, { keyAt, isJunction, plane }));
      return rings[0] === undefined ? [] : [rings.filter((ring) => ring !== undefined)];
    });
    return polygons.length === 0 ? [] : [{ ...area, polygons, box: boxOfPolygons(polygons) }];
  });
}

interface Plane {
  readonly toleranceE6: number;
  /** A degree of longitude in degrees of latitude. */
  readonly lonScale: number;
}

type KeyAt = (ring: Ring, corner: number) => number;

/** Corners at which not all rings that pass go the same way. */
function findJunctions(rings: readonly Ring[], keyAt: KeyAt): (key: number) => boolean {
  const waysOf = new Map<number, readonly [number, number]>();
  const junctions = new Set<number>();
  for (const ring of rings) {
    const length = ring.length / 2;
    for (let corner = 0; corner < length; corner++) {
      const key = keyAt(ring, corner);
      const before = keyAt(ring, (corner + length - 1) % length);
      const after = keyAt(ring, (corner + 1) % length);
      const ways = before < after ? ([before, after] as const) : ([after, before] as const);
      const known = waysOf.get(key);
      if (known === undefined) waysOf.set(key, ways);
      else if (known[0] !== ways[0] || known[1] !== ways[1]) junctions.add(key);
    }
  }
  return (key) => junctions.has(key);
}

/** Undefined when less than a triangle is left. */
function simplifyRing(
  ring: Ring,
  { keyAt, isJunction, plane }: { keyAt: KeyAt; isJunction: (key: number) => boolean; plane: Plane },
): Polygon[number] | undefined {
  const corners = Array.from({ length: ring.length / 2 }, (_, corner) => corner);
  const keys = corners.map((corner) => keyAt(ring, corner));
  const joints = corners.filter((corner) => isJunction(keys[corner] as number));
  // A ring that meets no other is begun at the same corner, and gone around in the same direction, wherever it was told to begin.
  const starts = joints.length > 0 ? joints : [keys.indexOf(keys.reduce((least, key) => Math.min(least, key)))];
  const kept: number[] = [];
  starts.forEach((start, i) => {
    const length = (((starts[(i + 1) % starts.length] as number) - start + keys.length - 1) % keys.length) + 1;
    const line = Array.from({ length: length + 1 }, (_, step) => (start + step) % keys.length);
    const isTurned = isBackward(line.map((corner) => keys[corner] as number));
    const simple = simplifyLine(ring, isTurned ? line.toReversed() : line, plane);
    for (const corner of (isTurned ? simple.toReversed() : simple).slice(0, -1)) kept.push(corner);
  });
  if (kept.length < 3) return undefined;
  return Int32Array.from(kept.flatMap((corner) => [ring[2 * corner] as number, ring[2 * corner + 1] as number]));
}

/** Whether a line, told by its corners' keys, is the other direction's. */
function isBackward(keys: readonly number[]): boolean {
  for (let i = 0, j = keys.length - 1; i < j; i++, j--) {
    if (keys[i] !== keys[j]) return (keys[i] as number) > (keys[j] as number);
  }
  return false;
}

/** The corners of a line that are kept: its ends, and what is farther than the tolerance from the line between kept ones. */
function simplifyLine(ring: Ring, line: readonly number[], plane: Plane): number[] {
  const isKept = new Uint8Array(line.length);
  isKept[0] = 1;
  isKept[line.length - 1] = 1;
  const open: [number, number][] = [[0, line.length - 1]];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const [from, to] = part;
    let farthest = -1;
    let distance = plane.toleranceE6 ** 2;
    for (let i = from + 1; i < to; i++) {
      const away = distance2(ring, [line[i], line[from], line[to]] as [number, number, number], plane);
      if (away <= distance) continue;
      farthest = i;
      distance = away;
    }
    if (farthest < 0) continue;
    isKept[farthest] = 1;
    open.push([from, farthest], [farthest, to]);
  }
  return line.filter((_, i) => isKept[i] === 1);
}

/** Squared distance of a corner from the line between two others, in millionths of a degree of latitude. */
function distance2(ring: Ring, [corner, from, to]: readonly [number, number, number], { lonScale }: Plane): number {
  const x = (at: number): number => (ring[2 * at] as number) * lonScale;
  const y = (at: number): number => ring[2 * at + 1] as number;
  const [dx, dy] = [x(to) - x(from), y(to) - y(from)];
  const [px, py] = [x(corner) - x(from), y(corner) - y(from)];
  const length2 = dx * dx + dy * dy;
  const along = length2 === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
  return (px - along * dx) ** 2 + (py - along * dy) ** 2;
}
