import type { ReportLayer } from "../../tiles/layers.ts";
import { LAYER_ICONS } from "./icons.ts";

/**
 * Shapes of the categories that have one, on a 24 x 24 grid, filled by the even-odd rule: they are still told apart at 12 px.
 */
const CATEGORY_ICONS: Readonly<Record<string, string>> = {
  theft:
    "M6.5 10V7.5a5.5 5.5 0 0 1 10.7-1.8l-2.5.9A2.8 2.8 0 0 0 9.2 7.5V10H18.5a1.5 1.5 0 0 1 1.5 1.5V20.5a1.5 1.5 0 0 1-1.5 1.5H5.5A1.5 1.5 0 0 1 4 20.5V11.5A1.5 1.5 0 0 1 5.5 10z",
  assault:
    "m12 1 2.3 6.4L20 4.3l-3.3 5.7L23 12l-6.3 2L20 19.7l-5.7-3.1L12 23l-2.3-6.4L4 19.7 7.3 14 1 12l6.3-2L4 4.3l5.7 3.1z",
  "unsafe-corner": "M12 2 23.5 21.5H.5zM10.7 9l.5 6.5h1.6l.5-6.5zM12 16.8a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6z",
  harassment:
    "M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-6l-6 5v-5H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM10.6 5.5l.6 5h1.6l.6-5zM12 12a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6z",
  vandalism:
    "M10 8.5h9V21a1.5 1.5 0 0 1-1.5 1.5h-6A1.5 1.5 0 0 1 10 21zM12 4h5v3h-5zM7 3.5h2.5V6H7zM2.5 1.5H5V4H2.5zM2.5 5.5H5V8H2.5z",
  "poor-lighting": "M12 1.5a7.3 7.3 0 0 1 4 13.4V17.5H8V14.9A7.3 7.3 0 0 1 12 1.5zM8.5 19h7v1.5L14 22.5h-4l-1.5-2z",
  "traffic-danger":
    "M6.5 4.5h11L20 10.5h1.5v9H18v-2.5H6v2.5H2.5v-9H4zM8.2 6.7l-1.6 4h10.8l-1.6-4zM5.5 12.7v2h3v-2zM15.5 12.7v2h3v-2z",
  "live-music": "M8.5 4.5 20.5 2v14a3.7 3.2 0 1 1-2.7-3.1V7.5l-6.6 1.4v9.6a3.7 3.2 0 1 1-2.7-3.1z",
  "street-art":
    "M21.3 2.7c.9.9.7 1.9-.2 3.2l-6.3 8.3-3.7-3.7 7.3-7.4c1-1 2-1.3 2.9-.4zM9.5 12l3.3 3.3c0 4-2.8 6.7-10.8 6.2 2.2-1.6 1.8-3.3 2.3-5.2.7-2.6 2.7-4.3 5.2-4.3z",
  friendly:
    "M12 1.5a10.5 10.5 0 1 1 0 21 10.5 10.5 0 0 1 0-21zM8.3 7a1.7 2.2 0 1 0 0 4.4 1.7 2.2 0 0 0 0-4.4zM15.7 7a1.7 2.2 0 1 0 0 4.4 1.7 2.2 0 0 0 0-4.4zM6 13.5c1 6 11 6 12 0z",
  noise:
    "M2 8.5h4.5L13 3v18l-6.5-5.5H2zM15.2 7.5l1.7-1.9c4 3 4 9.8 0 12.8l-1.7-1.9c2.6-2 2.6-7 0-9zM18.6 3.6l1.6-1.8c5 5.2 5 15.2 0 20.4l-1.6-1.8c3.8-4 3.8-12.8 0-16.8z",
  festival: "M11 1h6.5l-1.8 2 1.8 2H13v2.5l9.5 14h-7l-3.5-6.5L8.5 21.5h-7l9.5-14z",
  "green-space":
    "M12 1.5c4 0 6.4 2.7 6.4 5.8 3.6 1.2 3.2 7.7-1.9 8.2h-2.7v7h-3.6v-7H7.5c-5.1-.5-5.5-7-1.9-8.2C5.6 4.2 8 1.5 12 1.5z",
  "late-night": "M10 2.5a8 8 0 1 0 11.5 11.2 10.2 10.2 0 1 1-11.5-11.2z",
  pothole:
    "M12 5.5c6.3 0 10.5 2.7 10.5 6.5s-4.2 6.5-10.5 6.5S1.5 15.8 1.5 12 5.7 5.5 12 5.5zM12 9c-4 0-6.5 1.2-6.5 3s2.5 3 6.5 3 6.5-1.2 6.5-3-2.5-3-6.5-3z",
  flooding:
    "M1 6.5c3-3.5 5-3.5 8 0s4.5 3 6.5 0 4.5-3.5 7.5 0V11c-3-3.5-5.5-3.5-7.5 0s-3.5 3-6.5 0-5-3.5-8 0zM1 15c3-3.5 5-3.5 8 0s4.5 3 6.5 0 4.5-3.5 7.5 0v4.5c-3-3.5-5.5-3.5-7.5 0s-3.5 3-6.5 0-5-3.5-8 0z",
  "street-light":
    "M5 22.5V7a5.5 5.5 0 0 1 10.7-1.8h2.6L22 11.5H11.5l2-5.3A2.8 2.8 0 0 0 8 7v15.5zM13.5 13h6l-1.5 2.5h-3z",
  construction: "M10.3 2h3.4l1.5 4.8H8.8zM8 9.5h8l1.5 4.8h-11zM5.7 17h12.6l1 3.2H22v2.3H2v-2.3h2.7z",
  "transit-delay":
    "M6 2h12a2.5 2.5 0 0 1 2.5 2.5V17a2.5 2.5 0 0 1-2 2.4v3.1h-3.5v-3h-6v3H5.5v-3.1a2.5 2.5 0 0 1-2-2.4V4.5A2.5 2.5 0 0 1 6 2zM6 5v6.5h12V5zM6 14v2.5h3.5V14zM14.5 14v2.5H18V14z",
  "water-leak": "M12 1c5 6 7.7 9.7 7.7 13.5a7.7 7.7 0 0 1-15.4 0C4.3 10.7 7 7 12 1z",
  sidewalk:
    "M13.5 1a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM10 7.5l4.3-.7 1.7 3.7 3.5 1.5-1 2.5-4.3-1.8-.6 2.6 3.4 3.2v4.5h-3v-3.5l-3.5-3L9 22.5l-3-.7 2.2-10-1.7 3.2-2.5-1.2z",
  "new-business": "M3.5 2h17L23 8.5c0 1.7-1 2.8-2 3.2v10.8H3V11.7c-1-.4-2-1.5-2-3.2zM6 14v5.5h6V14zM14.5 14v8.5H18V14z",
  "for-lease": "M8 5a7 7 0 0 1 6.6 4.7H23v4.6h-2.2v3.7h-4v-3.7h-2.2A7 7 0 1 1 8 5zM8 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  hiring:
    "M9 2.5h6A2.5 2.5 0 0 1 17.5 5v1.5h5v7h-21v-7h5V5A2.5 2.5 0 0 1 9 2.5zM9.2 5v1.5h5.6V5zM1.5 15.5H10v2.5h4v-2.5h8.5v6h-21z",
  "pop-up": "M14.5 1 3.5 14h6.2L8 23 20.5 9.5h-7z",
  market:
    "M1 9h5l3.8-6.8L12 3.5 9 9h6l-3-5.5 2.2-1.3L18 9h5v3.2h-1.3L19.8 22H4.2L2.3 12.2H1zM8 13v6h2v-6zM14 13v6h2v-6z",
  "co-working":
    "M5 3.5h14a2 2 0 0 1 2 2V16H3V5.5a2 2 0 0 1 2-2zM6 6.5V13h12V6.5zM.5 17.5h23a3 3 0 0 1-3 3h-17a3 3 0 0 1-3-3z",
  development:
    "M2.5 22.5v-20h10v6h9v14h-7v-4h-3v4zM5.5 5.5V8h3.7V5.5zM5.5 10.5V13h3.7v-2.5zM5.5 15.5V18h3.7v-2.5zM14.5 11.5V14H18.5v-2.5z",
};

export const KNOWN_CATEGORIES: readonly string[] = Object.keys(CATEGORY_ICONS);

/** A category's shape; that of its layer for a city's own categories. */
export const categoryIcon = (category: string, layer: ReportLayer): string =>
  CATEGORY_ICONS[category] ?? LAYER_ICONS[layer];
