import type { Ring } from "../../tiles/areas/area.ts";

/** A place where two sides cross. */
export interface Crossing {
  readonly lonE6: number;
  readonly latE6: number;
}

/**
 * Finds two sides, of one ring or of two, that cross: each has its ends on both sides of the other. Sides that only touch, as where a
 * ring meets itself in a corner, do not. Sides are compared where they meet the same field of a grid, so a ring of n corners takes about n
 * comparisons.
 */
export function findCrossing(rings: readonly Ring[]): Crossing | undefined {
  const sides = sidesOf(rings);
  for (const field of fieldsOf(sides).values()) {
    for (const [i, a] of field.entries()) {
      for (let j = i + 1; j < field.length; j++) {
        const b = field[j] as Side;
        if (cross(a, b)) return { lonE6: a[0], latE6: a[1] };
      }
    }
  }
  return undefined;
}

type Side = readonly [ax: number, ay: number, bx: number, by: number];

function sidesOf(rings: readonly Ring[]): Side[] {
  return rings.flatMap((ring) =>
    Array.from({ length: ring.length / 2 }, (_, i): Side => {
      const next = (2 * i + 2) % ring.length;
      return [ring[2 * i], ring[2 * i + 1], ring[next], ring[next + 1]] as unknown as Side;
    }),
  );
}

/** Sides by the fields that their boxes meet; a field is about as large as a side. */
function fieldsOf(sides: readonly Side[]): Map<string, Side[]> {
  const lengths = sides.reduce((sum, [ax, ay, bx, by]) => sum + Math.abs(bx - ax) + Math.abs(by - ay), 0);
  const size = Math.max(1, Math.ceil(lengths / sides.length));
  const fields = new Map<string, Side[]>();
  for (const side of sides) {
    for (const field of fieldsAlong(side, size)) {
      const known = fields.get(field);
      if (known === undefined) fields.set(field, [side]);
      else known.push(side);
    }
  }
  return fields;
}

/** Fields that a side may pass: column by column, those between the heights at which it enters and leaves. */
function* fieldsAlong([ax, ay, bx, by]: Side, size: number): Generator<string> {
  const [x0, y0, x1, y1] = ax <= bx ? [ax, ay, bx, by] : [bx, by, ax, ay];
  for (let column = Math.floor(x0 / size); column <= Math.floor(x1 / size); column++) {
    const heightAt = (x: number): number =>
      x1 === x0 ? y1 : y0 + ((Math.min(x1, Math.max(x0, x)) - x0) / (x1 - x0)) * (y1 - y0);
    const [from, to] = x1 === x0 ? [y0, y1] : [heightAt(column * size), heightAt((column + 1) * size)];
    const low = Math.floor((Math.min(from, to) - 1) / size);
    const high = Math.floor((Math.max(from, to) + 1) / size);
    for (let row = low; row <= high; row++) yield `${column} ${row}`;
  }
}

function cross([ax, ay, bx, by]: Side, [cx, cy, dx, dy]: Side): boolean {
  return (
    sideOf(ax, ay, bx, by, cx, cy) * sideOf(ax, ay, bx, by, dx, dy) < 0 &&
    sideOf(cx, cy, dx, dy, ax, ay) * sideOf(cx, cy, dx, dy, bx, by) < 0
  );
}

/** On which side of a line a place lies: 1 left, -1 right, 0 on it. The products are whole numbers below 2^53, so that is exact. */
function sideOf(ax: number, ay: number, bx: number, by: number, x: number, y: number): -1 | 0 | 1 {
  const [left, right] = [(bx - ax) * (y - ay), (by - ay) * (x - ax)];
  return left > right ? 1 : left < right ? -1 : 0;
}
