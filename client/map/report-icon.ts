import { isReportLayer, type ReportLayer } from "../../tiles/layers.ts";
import { categoryIcon } from "../ui/category-icons.ts";
import { discRadius } from "./mark-radius.ts";
import { currentTheme } from "./theme.ts";

const PIXEL_RATIO = 3;
/** Units of the icon's grid, more than on the page: here icons are half as large. */
const LINE_WIDTH = 2.4;

/**
 * The beginning of the name of a layer's icons. Severity and category follow: `report-light-safety-3-theft`, without a category
 * `report-light-safety-3-`.
 */
export const reportIconPrefix = (theme: string, layer: ReportLayer): string => `report-${theme}-${layer}-`;

/** A disc with the category's shape, larger and stronger with severity. */
export interface ReportIcon {
  readonly image: ImageData;
  readonly pixelRatio: number;
}

/** Draws the icon of a name; `undefined` when it is none of ours. */
export function drawReportIcon(name: string): ReportIcon | undefined {
  const [prefix, , layer = "", severityText = "", ...category] = name.split("-");
  const severity = Number(severityText);
  if (prefix !== "report" || !isReportLayer(layer) || !(severity >= 1 && severity <= 5)) return undefined;
  const theme = currentTheme();
  const radius = discRadius(severity);
  const size = 2 * Math.ceil(radius + 3);
  const canvas = new OffscreenCanvas(size * PIXEL_RATIO, size * PIXEL_RATIO);
  // Drawn by the processor: reading back from a graphics card, or its software stand-in, stalls a frame.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return undefined;
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  context.translate(size / 2, size / 2);
  const strong = severity >= 3;
  const color = theme.layers[layer];

  context.beginPath();
  context.arc(0, 0, radius, 0, 2 * Math.PI);
  context.shadowColor = "rgb(0 0 0 / 0.3)";
  context.shadowBlur = 2 * PIXEL_RATIO;
  context.shadowOffsetY = 0.5 * PIXEL_RATIO;
  context.fillStyle = strong ? color : theme.halo;
  context.fill();
  context.shadowColor = "transparent";
  context.lineWidth = strong ? 1.3 : 1.9;
  context.strokeStyle = strong ? theme.halo : color;
  context.stroke();

  const scale = (radius * 1.2) / 24;
  context.scale(scale, scale);
  context.translate(-12, -12);
  const [filled, lines] = categoryIcon(category.join("-"), layer);
  context.fillStyle = context.strokeStyle = strong ? theme.onLayer : color;
  context.fill(new Path2D(filled));
  context.lineWidth = LINE_WIDTH;
  context.lineCap = context.lineJoin = "round";
  context.stroke(new Path2D(lines));
  return { image: context.getImageData(0, 0, canvas.width, canvas.height), pixelRatio: PIXEL_RATIO };
}
