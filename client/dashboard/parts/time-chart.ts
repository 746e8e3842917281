import "uplot/dist/uPlot.min.css";
import uPlot from "uplot";
import { element } from "../../ui/dom.ts";
import { formatDay, formatShortDay, NO_DATA } from "../../words/dashboard-words.ts";
import { formatCount } from "../../words/words.ts";
import { type ChartOptions, type ChartSeries, foldedTable } from "./chart-data.ts";

const HEIGHT_PX = 220;
/** What numbers beside the axis take. */
const AXIS_PX = 44;
const DATES_PX = 28;
const PX_PER_DATE = 72;
const HALF_DAY = 43_200;
/** A line has some room above and below it. */
const AROUND: uPlot.Range.Config = { min: { pad: 0.1 }, max: { pad: 0.1 } };
const darkScheme = matchMedia("(prefers-color-scheme: dark)");

/**
 * Days along an axis, as lines or bars, with what the pointer is over read out above, and all of it as a table for those who do not see it.
 * uPlot, 23 KB: it comes with the first chart.
 */
export function timeChart(options: ChartOptions): HTMLElement {
  const { signal } = options;
  const reading = element("p", { class: "chart-reading", "aria-hidden": "true" });
  const place = element("div", { class: "chart-place", role: "img", "aria-label": summaryOf(options) });
  const tell = (at: number | undefined) => reading.replaceChildren(...readingOf(options, at));
  tell(undefined);
  const chart = new uPlot(optionsOf(options, tell), dataOf(options), place);
  const observer = new ResizeObserver(() => {
    if (place.clientWidth > 0) chart.setSize({ width: place.clientWidth, height: options.heightPx ?? HEIGHT_PX });
  });
  observer.observe(place);
  const recolour = () => chart.redraw();
  darkScheme.addEventListener("change", recolour);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    darkScheme.removeEventListener("change", recolour);
    chart.destroy();
  });
  return element("figure", { class: "chart" }, reading, place, foldedTable(options));
}

const colorOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsOf(options: ChartOptions, tell: (at: number | undefined) => void): uPlot.Options {
  const { days, series, kind, heightPx = HEIGHT_PX } = options;
  const grid = { stroke: () => colorOf("--line"), width: 1 };
  const axis: uPlot.Axis = {
    stroke: () => colorOf("--ink-soft"),
    font: "12px system-ui, sans-serif",
    ticks: { show: false },
  };
  const isLines = kind === "lines";
  const drawn = kind === "stack" ? series.toReversed() : series;
  return {
    width: 600,
    height: heightPx,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: kind === "lines" } },
    scales: {
      x: { time: true, range: (_, min, max) => (isLines ? [min, max] : [min - HALF_DAY, max + HALF_DAY]) },
      y: { range: isLines ? AROUND : fromZero },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: DATES_PX,
        space: PX_PER_DATE,
        values: (_, at) => at.map((s) => formatShortDay(isoDay(s))),
      },
      {
        ...axis,
        grid,
        size: AXIS_PX,
        values: (_, at) => at.map((value) => (Number.isInteger(value) ? formatCount(value) : "")),
      },
    ],
    series: [{}, ...drawn.map((each) => seriesOf(each, kind, days.length))],
    hooks: { setCursor: [({ cursor: { idx } }) => tell(idx ?? undefined)] },
  };
}

/** Bars stand on zero, or they would tell a difference larger than it is. */
function fromZero(_: uPlot, __: number | null, most: number | null): [number, number] {
  const [, max] = uPlot.rangeNum(0, Math.max(1, most ?? 0), 0.1, true);
  return [0, max ?? 1];
}

function seriesOf({ label, color, dash }: ChartSeries, kind: ChartOptions["kind"], count: number): uPlot.Series {
  const stroke = () => colorOf(color);
  if (kind === "lines") {
    return { label, stroke, width: 2.25, points: { show: count < 3 }, ...(dash && { dash: [...dash] }) };
  }
  const paths = uPlot.paths.bars?.({ size: [0.72, 40], radius: kind === "bars" ? 0.2 : 0 });
  return { label, fill: stroke, width: 0, points: { show: false }, ...(paths && { paths }) };
}

function dataOf({ days, series, kind }: ChartOptions): uPlot.AlignedData {
  const at = days.map((day) => Date.parse(day) / 1000);
  if (kind !== "stack") return [at, ...series.map(({ values }) => [...values])];
  const sums = days.map(() => 0);
  const stacked = series.map(({ values }) =>
    values.map((value, i) => {
      const sum = (sums[i] ?? 0) + (value ?? 0);
      sums[i] = sum;
      return sum;
    }),
  );
  // The highest is drawn first, and the others over it.
  return [at, ...stacked.toReversed()];
}

const isoDay = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

/** What each colour is, and what it is at the day under the pointer. */
function readingOf({ days, series, say }: ChartOptions, at: number | undefined): Node[] {
  const day = at === undefined ? undefined : days[at];
  const when = day ?? `${formatShortDay(days[0] ?? "")} – ${formatShortDay(days.at(-1) ?? "")}`;
  return [
    element("span", { class: "chart-day" }, day === undefined ? when : formatDay(day)),
    ...series.map(({ label, color, values, dash }) => {
      const key = element("i", { class: dash ? "dashed" : undefined });
      key.style.setProperty("--key", `var(${color})`);
      const value = at === undefined ? undefined : values[at];
      const told = value === undefined ? "" : value === null ? ` ${NO_DATA}` : ` ${say(value)}`;
      return element("span", {}, key, label, element("b", {}, told));
    }),
  ];
}

function summaryOf({ label, days, series, say }: ChartOptions): string {
  const told = series.map(({ label: name, values }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${name}: ${NO_DATA}`;
    return `${name}: ${say(Math.min(...known))} – ${say(Math.max(...known))}`;
  });
  return `${label}, ${formatDay(days[0] ?? "")} – ${formatDay(days.at(-1) ?? "")}. ${told.join("; ")}`;
}
