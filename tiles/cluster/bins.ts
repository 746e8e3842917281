/**
 * Points sorted into square bins, row by row: which points are near another is read from three runs of them. The arrays are
 * kept from call to call, because nothing waits in between: use them up before the next call.
 */
export interface Bins {
  /** Bins of a row: what is above or below a bin is this many before or behind it. No point lies at the edge. */
  readonly columns: number;
  /** Points at positions `start[b] .. start[b + 1]` are those of bin b, in the order of their indexes. */
  readonly start: Uint32Array;
  /** By index of a point: its bin and its position. */
  readonly bin: Uint32Array;
  readonly position: Uint32Array;
  /** By position: the point's index and place. */
  readonly point: Uint32Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** A little wider than the radius, so that rounding cannot put a pair within it two bins apart. */
const WIDER = 1.001;
/** Bins in a row or column at most, for each point to the power of a half. */
const MOST_PER_ROOT = 2;

let start = new Uint32Array(0);
let byPoint = allocate(0);

function allocate(length: number) {
  const integers = (): Uint32Array => new Uint32Array(length);
  const numbers = (): Float64Array => new Float64Array(length);
  return { length, bin: integers(), position: integers(), point: integers(), x: numbers(), y: numbers() };
}

/** Counting sort into bins at least `radius` wide, and no more bins than a few times the points. */
export function binPoints(points: { length: number; x: Float64Array; y: Float64Array }, radius: number): Bins {
  const { length } = points;
  if (byPoint.length < length) byPoint = allocate(2 * length);
  const { minX, minY, maxX, maxY } = extentOf(points);
  const spread = Math.max(maxX - minX, maxY - minY, radius);
  const perUnit = 1 / Math.max(WIDER * radius, spread / Math.ceil(MOST_PER_ROOT * Math.sqrt(length + 1)));
  const columns = Math.floor((maxX - minX) * perUnit) + 3;
  const rows = Math.floor((maxY - minY) * perUnit) + 3;
  if (start.length < columns * rows + 2) start = new Uint32Array(2 * columns * rows + 2);
  else start.fill(0, 0, columns * rows + 2);
  const { bin, position, point, x, y } = byPoint;
  // Counted two places further than they begin, so that sorting, which moves the beginnings on, leaves each where it belongs.
  for (let i = 0; i < length; i++) {
    const column = Math.floor(((points.x[i] as number) - minX) * perUnit) + 1;
    const b = (Math.floor(((points.y[i] as number) - minY) * perUnit) + 1) * columns + column;
    bin[i] = b;
    start[b + 2] = (start[b + 2] as number) + 1;
  }
  for (let b = 2, sum = 0; b < columns * rows + 2; b++) {
    sum += start[b] as number;
    start[b] = sum;
  }
  for (let i = 0; i < length; i++) {
    const next = (bin[i] as number) + 1;
    const at = start[next] as number;
    start[next] = at + 1;
    position[i] = at;
    point[at] = i;
    x[at] = points.x[i] as number;
    y[at] = points.y[i] as number;
  }
  return { columns, start, bin, position, point, x, y };
}

function extentOf({ length, x, y }: { length: number; x: Float64Array; y: Float64Array }) {
  let [minX, maxX] = [x[0] ?? 0, x[0] ?? 0];
  let [minY, maxY] = [y[0] ?? 0, y[0] ?? 0];
  for (let i = 1; i < length; i++) {
    const px = x[i] as number;
    const py = y[i] as number;
    if (px < minX) minX = px;
    else if (px > maxX) maxX = px;
    if (py < minY) minY = py;
    else if (py > maxY) maxY = py;
  }
  return { minX, minY, maxX, maxY };
}
