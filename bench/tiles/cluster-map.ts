import type { Spot } from "../../test/kit/cities/cluster-cell-maker.ts";

/** Maps of clusters beside each other, drawn as a client would: circles with counts. */
export interface ClusterMap {
  readonly zoom: number;
  /** World units. */
  readonly center: { readonly x: number; readonly y: number };
  readonly panels: readonly { readonly title: string; readonly spots: readonly Spot[] }[];
  /** Borders of cluster cells: ticks outside the maps, so that the eye finds no grid but one that the clusters make. */
  readonly bordersX: readonly number[];
  readonly bordersY: readonly number[];
}

const GAP = 40;
const TOP = 50;
const BIG = { width: 900, height: 900 };

/** Panels of one zoom beside each other. */
export function drawClusters(map: ClusterMap): string {
  return page([drawPanels(map, BIG)], { columns: 1, ...sizeOfPanels(map, BIG) });
}

/** Many zooms on one page, two beside each other. */
export function drawSheet(
  maps: readonly ClusterMap[],
  size: { readonly width: number; readonly height: number },
): string {
  const [first] = maps;
  if (first === undefined) throw new RangeError("a sheet of no maps");
  return page(
    maps.map((map) => drawPanels(map, size)),
    { columns: 2, ...sizeOfPanels(first, size) },
  );
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const sizeOfPanels = ({ panels }: ClusterMap, { width, height }: Size): Size => ({
  width: GAP + panels.length * (width + GAP),
  height: TOP + height + GAP / 2,
});

function page(rows: readonly string[], { columns, width, height }: Size & { columns: number }): string {
  const placed = rows.map(
    (row, i) => `<g transform="translate(${(i % columns) * width} ${Math.floor(i / columns) * height})">${row}</g>`,
  );
  const [w, h] = [columns * width, Math.ceil(rows.length / columns) * height];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" font-family="system-ui, sans-serif">
<rect width="100%" height="100%" fill="#fff"/>
${placed.join("\n")}
</svg>
`;
}

function drawPanels({ zoom, center, panels, bordersX, bordersY }: ClusterMap, { width, height }: Size): string {
  const scale = 512 * 2 ** zoom;
  const toX = (x: number): number => (x - center.x) * scale + width / 2;
  const toY = (y: number): number => (y - center.y) * scale + height / 2;
  return panels
    .map(({ title, spots }, i) => {
      const circles = spots
        .map((spot) => ({ ...spot, px: toX(spot.x), py: toY(spot.y) }))
        .filter(({ px, py }) => px > -30 && py > -30 && px < width + 30 && py < height + 30)
        .sort((a, b) => a.count - b.count)
        .map(({ px, py, count }) => circle(px, py, count));
      const ticksX = bordersX
        .map(toX)
        .filter((x) => x >= 0 && x <= width)
        .flatMap((x) => [tick(x, -14, x, -2), tick(x, height + 2, x, height + 14)]);
      const ticksY = bordersY
        .map(toY)
        .filter((y) => y >= 0 && y <= height)
        .flatMap((y) => [tick(-14, y, -2, y), tick(width + 2, y, width + 14, y)]);
      return `<svg x="${GAP + i * (width + GAP)}" y="${TOP}" width="${width}" height="${height}" overflow="visible">
<text y="-22" font-size="18" font-weight="600">${title}</text>
<rect width="${width}" height="${height}" fill="#f4f1ec" stroke="#cbd5e0"/>
${[...ticksX, ...ticksY].join("\n")}
<svg width="${width}" height="${height}">
${circles.join("\n")}
</svg></svg>`;
    })
    .join("\n");
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
