import { formatCell } from "../../test/kit/output.ts";

/** One line of a chart, a value for each label of the x axis; undefined leaves a gap. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabels: readonly string[];
  readonly series: readonly Series[];
  /** Horizontal dashed lines: budgets. */
  readonly limits?: readonly { readonly name: string; readonly value: number }[];
}

const WIDTH = 760;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 190;
const TOP = 40;
const BOTTOM = 36;
const COLORS = ["#1a73c7", "#d1495b", "#2a9d63", "#8a5cc2", "#c98a1b", "#4a5568"];

/** A line chart as SVG, with a logarithmic y axis: what is compared here differs by factors. */
export function lineChart({ title, xLabels, series, limits = [] }: ChartOptions): string {
  const all = [...series.flatMap(({ values }) => values), ...limits.map(({ value }) => value)];
  const positive = all.filter((value): value is number => value !== undefined && value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive))));
  const x = (i: number): number => LEFT + (i / Math.max(1, xLabels.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number =>
    TOP + (1 - (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts = [text(LEFT, 22, title, `font-size="15" font-weight="600"`)];
  for (let power = low; power <= high; power++) {
    parts.push(line(LEFT, y(10 ** power), WIDTH - RIGHT, y(10 ** power), "#e2e8f0"));
    parts.push(text(LEFT - 8, y(10 ** power) + 4, (10 ** power).toLocaleString("en"), `text-anchor="end"`));
  }
  xLabels.forEach((label, i) => {
    parts.push(text(x(i), HEIGHT - BOTTOM + 18, label, `text-anchor="middle"`));
  });
  for (const { name, value } of limits) {
    parts.push(line(LEFT, y(value), WIDTH - RIGHT, y(value), "#718096", `stroke-dasharray="5 4"`));
    parts.push(text(WIDTH - RIGHT + 8, y(value) + 4, name, `fill="#718096"`));
  }
  series.forEach(({ name, values }, s) => {
    const color = COLORS[s % COLORS.length] ?? "#000";
    const points = values.flatMap((value, i) =>
      value === undefined ? [] : [`${x(i).toFixed(1)},${y(value).toFixed(1)}`],
    );
    parts.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${color}" stroke-width="2"/>`);
    const ly = TOP + 14 + s * 18;
    parts.push(line(WIDTH - RIGHT + 40, ly, WIDTH - RIGHT + 58, ly, color, `stroke-width="3"`));
    parts.push(text(WIDTH - RIGHT + 64, ly + 4, name));
  });
  return svg(title, HEIGHT, parts);
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Said behind the value. */
  readonly note?: string;
}

const BAR_LEFT = 220;
const BAR_HEIGHT = 26;

/** Horizontal bars from zero as SVG, the first in a colour of its own. */
export function barChart({ title, bars }: { title: string; bars: readonly Bar[] }): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const height = TOP + bars.length * (BAR_HEIGHT + 10) + 10;
  const rows = bars.flatMap(({ name, value, note = "" }, i) => {
    const y = TOP + i * (BAR_HEIGHT + 10);
    const width = (value / most) * (WIDTH - BAR_LEFT - 230);
    const label = `${Math.round(value).toLocaleString("en").replace(/,/g, " ")}  ${note}`;
    const color = i === 0 ? COLORS[0] : "#a0aec0";
    return [
      text(BAR_LEFT - 10, y + 18, name, `text-anchor="end"`),
      `<rect x="${BAR_LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="3" fill="${color}"/>`,
      text(BAR_LEFT + width + 8, y + 18, label),
    ];
  });
  return svg(title, height, [text(16, 24, title, `font-size="15" font-weight="600"`), ...rows]);
}

export interface GroupedBarsOptions {
  readonly title: string;
  /** A group of bars for each, one below the other. */
  readonly names: readonly string[];
  /** A bar in every group. */
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

const THIN_BAR = 9;
const GROUP_GAP = 8;
const NAMES_WIDTH = 250;

/** Horizontal bars as SVG, on a logarithmic axis. */
export function groupedBarChart({ title, names, series }: GroupedBarsOptions): string {
  const all = series.flatMap(({ values }) => values).filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))));
  const right = WIDTH - 70;
  const x = (value: number): number =>
    NAMES_WIDTH + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (right - NAMES_WIDTH);
  const groupHeight = series.length * THIN_BAR + GROUP_GAP;
  const bottom = TOP + names.length * groupHeight;
  const parts = [text(16, 22, title, `font-size="15" font-weight="600"`)];
  for (let power = low; power <= high; power++) {
    parts.push(line(x(10 ** power), TOP, x(10 ** power), bottom, "#e2e8f0"));
    parts.push(text(x(10 ** power), bottom + 16, (10 ** power).toLocaleString("en"), `text-anchor="middle"`));
  }
  names.forEach((name, i) => {
    const top = TOP + i * groupHeight;
    parts.push(text(NAMES_WIDTH - 8, top + (series.length * THIN_BAR) / 2 + 4, name, `text-anchor="end"`));
    series.forEach(({ values }, s) => {
      const value = values[i] ?? 0;
      const width = Math.max(1, x(value) - NAMES_WIDTH).toFixed(1);
      const fill = COLORS[s % COLORS.length] ?? "#000";
      parts.push(
        `<rect x="${NAMES_WIDTH}" y="${top + s * THIN_BAR}" width="${width}" height="${THIN_BAR - 1}" fill="${fill}"/>`,
        text(x(value) + 4, top + (s + 1) * THIN_BAR - 1, formatCell(value), `font-size="9" fill="#4a5568"`),
      );
    });
  });
  series.forEach(({ name }, s) => {
    const at = NAMES_WIDTH + s * 90;
    parts.push(line(at, bottom + 32, at + 18, bottom + 32, COLORS[s % COLORS.length] ?? "#000", `stroke-width="3"`));
    parts.push(text(at + 24, bottom + 36, name));
  });
  return svg(title, bottom + 48, parts);
}

function svg(title: string, height: number, parts: readonly string[]): string {
  const style = `font-family="system-ui, sans-serif" font-size="12" fill="#1a202c"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ${style}>
<title>${escapeText(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
${parts.join("\n")}
</svg>
`;
}

function line(x1: number, y1: number, x2: number, y2: number, color: string, more = ""): string {
  return `<line x1="${x1}" y1="${y1.toFixed(1)}" x2="${x2}" y2="${y2.toFixed(1)}" stroke="${color}" ${more}/>`;
}

function text(x: number, y: number, content: string, more = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escapeText(content)}</text>`;
}

const escapeText = (content: string): string => content.replace(/&/g, "&amp;").replace(/</g, "&lt;");
