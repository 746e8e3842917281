import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { element } from "../ui/dom.ts";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 40;
/** Share of its step that a bar leaves free. */
const GAP = 0.22;

export interface Histogram {
  readonly element: HTMLElement;
  /** Draws reports per step, layers on top of each other; steps before `from` are not known. */
  draw(counts: Readonly<Record<ReportLayer, Uint32Array>>, from: number): void;
  /** What comes after is drawn faintly. */
  setPosition(share: number): void;
}

export function createHistogram(): Histogram {
  const [ahead, passed] = [picture("ahead"), picture("passed")];
  const unknown = element("div", { class: "unknown" });
  const box = element("div", { class: "histogram", "aria-hidden": "true" }, unknown, ahead, passed);
  return {
    element: box,
    draw(counts, from) {
      const length = counts.safety.length;
      const totals = Array.from({ length }, (_, step) =>
        REPORT_LAYERS.reduce((sum, of) => sum + (counts[of][step] ?? 0), 0),
      );
      const most = Math.max(1, ...totals);
      for (const svg of [ahead, passed]) {
        svg.setAttribute("viewBox", `0 0 ${length} ${HEIGHT}`);
        const floor = new Float32Array(length);
        svg.replaceChildren(...REPORT_LAYERS.map((layer) => bars(layer, counts[layer], floor, HEIGHT / most)));
      }
      unknown.style.width = `${(100 * from) / length}%`;
    },
    setPosition: (share) => box.style.setProperty("--ahead", `${(100 - 100 * share).toFixed(2)}%`),
  };
}

function picture(className: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("preserveAspectRatio", "none");
  return svg;
}

/** A layer's bars as one path, on top of what `floor` already holds. */
function bars(layer: ReportLayer, counts: Uint32Array, floor: Float32Array, scale: number): SVGPathElement {
  let shape = "";
  for (const [step, count] of counts.entries()) {
    if (count === 0) continue;
    const height = Math.max(1, count * scale);
    const bottom = HEIGHT - (floor[step] ?? 0);
    floor[step] = (floor[step] ?? 0) + height;
    shape += `M${step + GAP / 2} ${bottom}h${1 - GAP}v${-height}h${GAP - 1}z`;
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("class", `on-${layer}`);
  path.setAttribute("d", shape);
  return path;
}
