import type { Spot } from "./domain-clusters.ts";

/** Maps of clusters beside each other, drawn as a client would: circles with counts. */
export interface ClusterMap {
  readonly zoom: number;
  /** World units. */
  readonly center: { readonly x: number; readonly y: number };
  readonly panels: readonly { readonly title: string; readonly spots: readonly Spot[] }[];
  /** Borders of domains: ticks outside the maps, so that the eye finds no grid but one that the clusters make. */
  readonly bordersX: readonly number[];
  readonly bordersY: readonly number[];
}

const SIZE = 900;
const GAP = 40;
const TOP = 50;

export function drawClusters({ zoom, center, panels, bordersX, bordersY }: ClusterMap): string {
  const scale = 512 * 2 ** zoom;
  const toX = (x: number): number => (x - center.x) * scale + SIZE / 2;
  const toY = (y: number): number => (y - center.y) * scale + SIZE / 2;
  const inView = (px: number): boolean => px >= 0 && px <= SIZE;
  const drawn = panels.map(({ title, spots }, i) => {
    const circles = spots
      .map((spot) => ({ ...spot, px: toX(spot.x), py: toY(spot.y) }))
      .filter(({ px, py }) => px > -30 && py > -30 && px < SIZE + 30 && py < SIZE + 30)
      .sort((a, b) => a.count - b.count)
      .map(({ px, py, count }) => circle(px, py, count));
    const ticksX = bordersX
      .map(toX)
      .filter(inView)
      .flatMap((x) => [tick(x, -14, x, -2), tick(x, SIZE + 2, x, SIZE + 14)]);
    const ticksY = bordersY
      .map(toY)
      .filter(inView)
      .flatMap((y) => [tick(-14, y, -2, y), tick(SIZE + 2, y, SIZE + 14, y)]);
    return `<g transform="translate(${GAP + i * (SIZE + GAP)} ${TOP})">
<text y="-22" font-size="18" font-weight="600">${title}</text>
<rect width="${SIZE}" height="${SIZE}" fill="#f4f1ec" stroke="#cbd5e0"/>
${[...ticksX, ...ticksY].join("\n")}
<g clip-path="url(#panel)">
${circles.join("\n")}
</g></g>`;
  });
  const width = GAP + panels.length * (SIZE + GAP);
  const height = TOP + SIZE + GAP;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="system-ui, sans-serif">
<clipPath id="panel"><rect width="${SIZE}" height="${SIZE}"/></clipPath>
<rect width="100%" height="100%" fill="#fff"/>
${drawn.join("\n")}
</svg>
`;
}

function circle(x: number, y: number, count: number): string {
  if (count === 1) return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" fill="#d1495b"/>`;
  const r = 9 + 3.5 * Math.log10(count);
  const label = count < 1000 ? String(count) : `${(count / 1000).toFixed(1)}k`;
  const at = `x="${x.toFixed(1)}" y="${(y + 3.5).toFixed(1)}"`;
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${r.toFixed(1)}" fill="#1a73c7" fill-opacity="0.75"/>
<text ${at} font-size="10" fill="#fff" text-anchor="middle">${label}</text>`;
}

const tick = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#000" stroke-width="2"/>`;
