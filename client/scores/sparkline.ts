import { element } from "../ui/dom.ts";

export interface SparkPoint {
  /** `2026-03-01`, UTC. */
  readonly day: string;
  readonly value: number;
}

const SVG = "http://www.w3.org/2000/svg";
const DAY_MS = 86_400_000;
/** The line's box; it is stretched to whatever room there is. */
const [WIDTH, HEIGHT] = [100, 40];
/** A line that moves by less than so many points stays nearly flat: small changes must not look like large ones. */
const LEAST_SPAN = 8;

/**
 * A line over two or more days, ascending, the last one marked. Days without a value are passed over in a straight line, at their true
 * distance. Two paths, for which uPlot would be 23 KB. `name` is what the values are, for those who cannot see it, and `say` how one is told.
 */
export function sparkline(points: readonly SparkPoint[], name: string, say: (value: number) => string): HTMLElement {
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [first, last] = [values[0] ?? 0, values.at(-1) ?? 0];
  const words = `${name} from ${say(first)} to ${say(last)} in ${spanDays(points)} days, lowest ${say(least)}, highest ${say(most)}`;
  const box = element("span", { class: "spark", role: "img", "aria-label": words, title: words });
  const places = placesOf(points, least, most);
  const line = places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  const [endX, endY] = places.at(-1) ?? [WIDTH, 0];
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(
    path("spark-area", `M${places[0]?.[0].toFixed(1)} ${HEIGHT}L${line}L${endX} ${HEIGHT}Z`),
    path("spark-line", `M${line}`),
  );
  // Outside of the stretched picture, so that it stays round.
  const dot = element("span", { class: "spark-dot" });
  dot.style.left = `${endX}%`;
  dot.style.top = `${(100 * endY) / HEIGHT}%`;
  box.append(svg, dot);
  return box;
}

function path(className: string, shape: string): SVGPathElement {
  const made = document.createElementNS(SVG, "path");
  made.setAttribute("class", className);
  made.setAttribute("d", shape);
  return made;
}

const spanDays = (points: readonly SparkPoint[]): number =>
  Math.round((Date.parse(points.at(-1)?.day ?? "") - Date.parse(points[0]?.day ?? "")) / DAY_MS);

function placesOf(points: readonly SparkPoint[], least: number, most: number): [x: number, y: number][] {
  const days = spanDays(points);
  const span = Math.max(LEAST_SPAN, most - least);
  const top = (least + most + span) / 2;
  const margin = 4;
  return points.map(({ day, value }) => {
    const age = (Date.parse(points.at(-1)?.day ?? day) - Date.parse(day)) / DAY_MS;
    const x = days === 0 ? WIDTH : WIDTH * (1 - age / days);
    return [x, margin + ((HEIGHT - 2 * margin) * (top - value)) / span];
  });
}
