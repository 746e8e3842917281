import type { ReportLayer } from "../../tiles/layers.ts";

/**
 * A shape on a 24 x 24 grid: what is filled, and what is drawn by lines of 2 units with round ends.
 *
 * All are from icon sets, each named above its shape, put on this grid and rounded to a tenth: Lucide 1.62.0 (ISC, in part MIT),
 * Maki 8.2.0 and Temaki 5.13.0 (CC0). Closed shapes of Lucide's are filled. See docs/third-party.md.
 */
export type Icon = readonly [filled: string] | readonly [filled: string, lines: string];

/** Each layer has one, so that colour is never the only difference. */
export const LAYER_ICONS: Readonly<Record<ReportLayer, Icon>> = {
  // Lucide shield
  safety: [
    "M20 13c0 5-3.5 7.5-7.7 9h-.6A9.5 9.5 0 0 1 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.2-2.7a1 1 0 0 1 1.6 0C14.5 3.8 17 5 19 5a1 1 0 0 1 1 1z",
  ],
  // Lucide heart
  vibe: [
    "M2 9.5a5.5 5.5 0 0 1 9.6-3.7h.8A5.5 5.5 0 0 1 22 9.5a8 8 0 0 1-3 5.5l-5.5 5.3a2 2 0 0 1-3 0L5 15a8 8 0 0 1-3-5.5",
  ],
  // Lucide wrench
  infrastructure: [
    "M14.7 6.3a1 1 0 0 0 0 1.4l1.6 1.6a1 1 0 0 0 1.4 0l3.1-3.1q.7-.4 1 .2a6 6 0 0 1-8.3 7l-7.9 8a1 1 0 0 1-3-3l8-8a6 6 0 0 1 7-8.2c.4.1.5.7.2 1z",
  ],
  // Maki star
  opportunity: ["M12 0 8.8 8h-8l6.4 5.6L4 23.2l8-5.6 8 5.6-3.2-9.6L23.2 8h-8z"],
};

// Lucide locate-fixed
export const LOCATE_ICON: Icon = [
  "M9 12a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
  "M2 12h3m14 0h3M12 2v3m0 14v3M5 12a7 7 0 1 0 14 0 7 7 0 1 0-14 0z",
];
// Lucide x
export const CLOSE_ICON: Icon = ["", "M18 6 6 18M6 6l12 12"];
// Lucide share
export const SHARE_ICON: Icon = ["", "M12 2v13m4-9-4-4-4 4m-4 6v8a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-8"];
// Lucide flag-triangle-right
export const FLAG_ICON: Icon = ["", "M6 22V2.8a.8.8 0 0 1 1.2-.7l11.4 5.7a.8.8 0 0 1 0 1.4L6 15.5"];
// Lucide chart-no-axes-column
export const SCORE_ICON: Icon = ["", "M5 21v-6m7 6V3m7 18V9"];
// Lucide chevron-left
export const BACK_ICON: Icon = ["", "m15 18-6-6 6-6"];
// Lucide circle-check
export const DONE_ICON: Icon = ["", "M2 12a10 10 0 1 0 20 0 10 10 0 1 0-20 0zm14-3-5.5 5.5L8 12"];
// Lucide play
export const PLAY_ICON: Icon = ["M5 5a2 2 0 0 1 3-1.7l12 7a2 2 0 0 1 0 3.4l-12 7A2 2 0 0 1 5 19z"];
// Lucide pause
export const PAUSE_ICON: Icon = [
  "M15 3h3a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1h-3a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1M6 3h3a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1",
];
// Lucide skip-forward
export const STEP_ICON: Icon = ["M6 4.3A2 2 0 0 0 3 6v12a2 2 0 0 0 3 1.7l10-6a2 2 0 0 0 0-3.4z", "M21 4v16"];
