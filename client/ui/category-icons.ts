import type { ReportLayer } from "../../tiles/layers.ts";
import { type Icon, LAYER_ICONS } from "./icons.ts";

/** Shapes of the categories that have one: they are still told apart at 12 px. */
const CATEGORY_ICONS: Readonly<Record<string, Icon>> = {
  // Lucide lock-open
  theft: ["M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2", "M7 11V7a5 5 0 0 1 9.9-1"],
  // Lucide sword
  assault: ["", "m11 19-6-6m0 8-2-2m5-3-4 4m5.5-2.5 11-11a2 2 0 0 0 .5-1.3V3h-2.2a2 2 0 0 0-1.4.6L6.5 14.5"],
  // Maki caution
  "unsafe-corner": [
    "M1.7 19 11 2.2c.5-.8 1.7-.8 2.2 0L22.3 19c.4.8-.2 1.8-1.1 1.8H2.8c-1 0-1.5-1-1-1.8m11.6-6.2.6-3.9q0-.8-.8-.9H11q-1 0-.8 1l.6 3.8zm.5 3a1.8 1.8 0 1 0-3.6 0 1.8 1.8 0 0 0 3.6 0",
  ],
  // Lucide message-square-warning
  harassment: [
    "",
    "M22 17a2 2 0 0 1-2 2H6.8a2 2 0 0 0-1.4.6l-2.2 2.2a.7.7 0 0 1-1.2-.5V5a2 2 0 0 1 2-2h16a2 2 0 0 1 2 2zm-10-2h.01m0-8v4",
  ],
  // Lucide spray-can
  vandalism: [
    "M15 5h4v4h-4zm4 4 2 2v10q0 1-1 1h-6a1 1 0 0 1-1-1V11l2-2",
    "M3 3h.01m4 2h.01m4 2h.01M3 7h.01m4 2h.01m-4 2h.01",
  ],
  // Lucide lightbulb
  "poor-lighting": [
    "M15 14q.3-1.4 1.5-2.5Q18 10.1 18 8A6 6 0 0 0 6 8c0 1 .2 2.2 1.5 3.5A5 5 0 0 1 9 14",
    "M9 18h6m-5 4h4",
  ],
  // Lucide car-front
  "traffic-danger": [
    "",
    "m21 8-2 2-1.5-3.7A2 2 0 0 0 15.6 5H8.4a2 2 0 0 0-1.9 1.3L5 10 3 8m4 6h.01m10 0h.01M5 10h14a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4a2 2 0 0 1 2-2zm0 8v2m14-2v2",
  ],
  // Lucide music
  "live-music": [
    "M15 16a3 3 0 1 0 6 0 3 3 0 1 0-6 0M3 19a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
    "M21 16V3a1 1 0 0 0-1.3-1l-10 3A1 1 0 0 0 9 6v13",
  ],
  // Lucide brush
  "street-art": ["M6.5 21A3.5 3.5 0 1 0 3 17.5a3 3 0 0 1-.7 1.8A1 1 0 0 0 3 21zm3.5-4L21.4 5.6a1 1 0 0 0-3-3L7 14"],
  // Lucide smile
  friendly: ["", "M15 10V9m1.5 6a6 6 0 0 1-9 0M9 10V9m-7 3a10 10 0 1 0 20 0 10 10 0 1 0-20 0z"],
  // Lucide volume-2
  noise: [
    "M11 4.7a.7.7 0 0 0-1.2-.5L6.4 7.6a1 1 0 0 1-1 .4H3a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2.4a1 1 0 0 1 1 .4l3.4 3.4a.7.7 0 0 0 1.2-.5z",
    "M16 9a5 5 0 0 1 0 6m3.4 3.4a9 9 0 0 0 0-12.8",
  ],
  // Temaki army_tent
  festival: [
    "M15.2 24 12 14.4 8.8 24H1.6l.7-3.3q.9-4.7.9-9.5l1.2-.3q5-1.3 7.6-6.1c1.5 3 4.3 5.3 7.6 6.1l1.2.3q0 4.8 1 9.5l.6 3.3zM4.8 14.4v3.2h2.4l.8-3.2zm11.2 0 .8 3.2h2.4v-3.2zM12 0h7.2l-2.4 2.4 2.4 2.4H12z",
  ],
  // Lucide tree-deciduous
  "green-space": [
    "M8 19a4 4 0 0 1-2.2-7.3A3.5 3.5 0 0 1 9 6a3 3 0 1 1 6 0 3.5 3.5 0 0 1 3.2 5.7A4 4 0 0 1 16 19Z",
    "M12 19v3",
  ],
  // Lucide moon
  "late-night": ["M21 12.5A9 9 0 1 1 11.5 3q.7.2.4.8a6 6 0 0 0 8.3 8.3q.6-.2.8.4"],
  // Lucide road
  pothole: [
    "",
    "M12 17v4m0-16V3m0 6v3M2 18.4A2 2 0 0 0 4 21h16a2 2 0 0 0 2-2.5l-4-14A2 2 0 0 0 16 3H8a2 2 0 0 0-2 1.5z",
  ],
  // Lucide waves
  flooding: ["", "M2 12q2.5 2 5 0t5 0 5 0 5 0M2 19q2.5 2 5 0t5 0 5 0 5 0M2 5q2.5 2 5 0t5 0 5 0 5 0"],
  // Temaki street_lamp_arm
  "street-light": [
    "M9.6 19.2h1.6q1.5.1 1.6 1.6v1.6H3.2v-1.6q.1-1.5 1.6-1.6h1.6V6.4c0-2.7 2.1-4.8 4.8-4.8h9.6v3.2c0 1.8-1.4 3.2-3.2 3.2H16a3 3 0 0 1-3.2-3.2H12c-1.3 0-2.4 1-2.4 2.4zm4.8-16v1.6q.1 1.5 1.6 1.6h1.6q1.5-.1 1.6-1.6V3.2z",
  ],
  // Maki construction
  construction: [
    "M21.6 17.6h-2.9L13.1.8a1.1 1.1 0 0 0-2.2 0L5.3 17.6H2.4q-.8 0-.8.8V20q0 .8.8.8h19.2q.8 0 .8-.8v-1.6q0-.8-.8-.8M11.2 4.8h1.6L13.9 8h-3.7zm-2 6.4h5.7l1.1 3.2H8z",
  ],
  // Lucide tram-front
  "transit-delay": [
    "",
    "M6 3h12a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm-2 8h16m-8-8v8m-4 8-2 3m12 0-2-3m-8-4h.01m8 0h.01",
  ],
  // Maki water
  "water-leak": ["M12 22.4c3.3 0 7.2-2 7.2-7.3 0-3.6-5.5-11.4-7.2-13.5-1.5 2-7.2 9.7-7.2 13.5a7 7 0 0 0 7.2 7.3"],
  // Temaki pedestrian
  sidewalk: [
    "M15 3.1c0 1.3-1.1 2.4-2.5 2.4Q10.2 5.3 10 3q.2-2 2.5-2.2 2.3.2 2.5 2.3m-5 3.3h1.5l8.5 6V14h-1l-5-3.6V14l2 3.7 2 4.7-1 .9h-1l-2-4.7-4-5.6V8.6l-2.5 2-2 3.3H4v-1l1.5-2.8zm.8 9.7-2.3 7.1h-1l-1-1 2.8-7.8z",
  ],
  // Maki commercial
  "new-business": [
    "M22.4 9.6H1.6q.2-3.4 1.6-6.4h17.6q1.5 3 1.6 6.4M4.8 11.2h14.4v9.6h-1.6v-8h-4.8v8h-8zM6.4 16h4.8v-3.2H6.4z",
  ],
  // Temaki real_estate_agency
  "for-lease": [
    "M22.4 20.8V6.4h-16v14.4zM14.4 8l7.2 6.4h-2.4v4.8H16V16h-3.2v3.2H9.6v-4.8H7.2zM4.8 3.2V1.6c0-.8-3.2-.8-3.2 0V24h3.2V4.8h17.6c.8 0 .8-1.6 0-1.6z",
  ],
  // Temaki briefcase
  hiring: [
    "M8 6.4h8V4.8H8zm-1.6 0V4.8Q6.5 3.3 8 3.2h8q1.5.1 1.6 1.6v1.6h3.2q1.5.1 1.6 1.6v11.2q-.1 1.5-1.6 1.6H3.2q-1.5-.1-1.6-1.6V8q.1-1.5 1.6-1.6z",
  ],
  // Temaki power
  "pop-up": ["M9.6 0 6.4 12.8h4.8L8 24l9.6-14.4h-4.8L17.6 0z"],
  // Lucide shopping-basket
  market: [
    "",
    "m15 11-1 9m5-9-4-7M2 11h20M3.5 11l1.6 7.4a2 2 0 0 0 2 1.6h9.8a2 2 0 0 0 2-1.6l1.7-7.4M4.5 15.5h15M5 11l4-7m0 7 1 9",
  ],
  // Lucide laptop-minimal
  "co-working": ["", "M5 4h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM2 20h20"],
  // Temaki crane
  development: [
    "M22.4 2.4c.8 0 .8 2.4 0 2.4h-.8v6.4c0 .8-1.6.8-1.6 0V4.8h-8L13.6 20H16c.8 0 .8 2.4 0 2.4H3.2c-.8 0-.8-2.4 0-2.4h2.4L7.2 4.8H4c-.8 0-.8-2.4 0-2.4zm-11.2 14H8L7.6 20h4zm-.4-5.6H8.4L8.2 14H11zm-.6-6H9l-.4 3.6h1.8z",
  ],
};

export const KNOWN_CATEGORIES: readonly string[] = Object.keys(CATEGORY_ICONS);

/** A category's shape; that of its layer for a city's own categories. */
export const categoryIcon = (category: string, layer: ReportLayer): Icon =>
  CATEGORY_ICONS[category] ?? LAYER_ICONS[layer];
