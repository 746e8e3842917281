import type { Area, Polygon, Ring } from "../../tiles/areas/area.ts";
import { boxOfPolygons } from "../../tiles/areas/area.ts";

/** Made-up areas that share their borders: a grid with its corners moved about, of which fields are joined to areas at random. */
export interface PartitionOptions {
  readonly west?: number;
  readonly south?: number;
  /** Columns, and rows, of the grid. */
  readonly size: number;
  /** Of a field, millionths of a degree. */
  readonly stepE6: number;
  readonly areas: number;
  readonly random: () => number;
}

/** Areas ascending by id; together they are the whole grid, and each place in it is in one of them. */
export function makePartition({ west = 0, south = 0, size, stepE6, areas, random }: PartitionOptions): Area[] {
  const corner = corners({ west, south, size, stepE6, random });
  const fields = Array.from({ length: areas }, (): Polygon[] => []);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = (dx: number, dy: number) => corner(column + dx, row + dy);
      const outer = Int32Array.from([...at(0, 0), ...at(1, 0), ...at(1, 1), ...at(0, 1)]);
      const owner = fields[Math.floor(random() * areas)] as Polygon[];
      if (random() < 0.8) owner.push([outer]);
      else {
        // A field with a hole, which belongs to another area.
        const hole = shrunk(outer);
        owner.push([outer, hole]);
        fields[Math.floor(random() * areas)]?.push([hole]);
      }
    }
  }
  return fields
    .filter((polygons) => polygons.length > 0)
    .map((polygons, i) => ({
      id: `made-up-n-${String(i).padStart(4, "0")}`,
      name: `Area ${i}`,
      polygons,
      box: boxOfPolygons(polygons),
    }));
}

/** The fields of such a grid, each an area. @param heightE6 of a field; as its width without it */
export function makeGrid({
  size,
  ...options
}: Omit<PartitionOptions, "areas"> & { readonly heightE6?: number }): Area[] {
  const corner = corners({ size, ...options });
  return Array.from({ length: size * size }, (_, i) => {
    const [column, row] = [i % size, Math.floor(i / size)];
    const at = (dx: number, dy: number) => corner(column + dx, row + dy);
    const polygons = [[Int32Array.from([...at(0, 0), ...at(1, 0), ...at(1, 1), ...at(0, 1)])]];
    const box = boxOfPolygons(polygons);
    return { id: `made-up-n-${String(i).padStart(4, "0")}`, name: `Area ${i}`, polygons, box };
  });
}

function corners({
  west = 0,
  south = 0,
  size,
  stepE6,
  heightE6 = stepE6,
  random,
}: Omit<PartitionOptions, "areas"> & { readonly heightE6?: number }) {
  const moved = Array.from({ length: (size + 1) ** 2 }, (_, i): [number, number] => {
    const [column, row] = [i % (size + 1), Math.floor(i / (size + 1))];
    const isEdge = column === 0 || row === 0 || column === size || row === size;
    const by = (step: number): number => (isEdge ? 0 : Math.round((random() - 0.5) * 0.8 * step));
    return [west + column * stepE6 + by(stepE6), south + row * heightE6 + by(heightE6)];
  });
  return (column: number, row: number): [number, number] => moved[row * (size + 1) + column] as [number, number];
}

/** A quarter as large, around the middle of its corners. */
function shrunk(ring: Ring): Ring {
  const middle = [0, 1].map((axis) => [0, 2, 4, 6].reduce((sum, i) => sum + (ring[i + axis] as number), 0) / 4);
  return ring.map((value, i) => Math.round(0.75 * (middle[i % 2] as number) + 0.25 * value));
}
