import type { ReportLayer } from "../../tiles/layers.ts";

/** Shapes on a 24 x 24 grid, filled. Each layer has one, so that colour is never the only difference. */
export const LAYER_ICONS: Readonly<Record<ReportLayer, string>> = {
  safety: "M12 2 4 5v6c0 5 3.4 9.3 8 11 4.6-1.7 8-6 8-11V5z",
  vibe: "M12 21s-8.5-5.2-8.5-11.3A4.8 4.8 0 0 1 12 6.800a4.8 4.8 0 0 1 8.5 2.900C20.500 15.800 12 21 12 21z",
  infrastructure:
    "M21.500 7.500a5.600 5.600 0 0 1-7.500 5.300l-6.800 6.800a2.150 2.150 0 0 1-3.050-3.050l6.800-6.800A5.600 5.600 0 0 1 18 2.700l-3.400 3.400.7 2.900 2.900.7z",
  opportunity:
    "M12 1.500c1.100 6.300 4.100 9.400 10.500 10.500C16.100 13.100 13.100 16.200 12 22.500 10.900 16.200 7.900 13.100 1.500 12 7.900 10.900 10.900 7.800 12 1.500z",
};

export const LOCATE_ICON =
  "M11 2h2v3.060A7 7 0 0 1 18.940 11H22v2h-3.060A7 7 0 0 1 13 18.940V22h-2v-3.060A7 7 0 0 1 5.060 13H2v-2h3.060A7 7 0 0 1 11 5.060zM12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zm0 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4z";
export const CLOSE_ICON =
  "m5.700 4.300 6.300 6.300 6.300-6.300 1.400 1.400-6.300 6.300 6.300 6.300-1.400 1.400-6.300-6.300-6.300 6.300-1.400-1.400 6.300-6.300-6.300-6.300z";
export const SHARE_ICON =
  "M12 2.500 7.500 7l1.400 1.400L11 6.300V15h2V6.300l2.100 2.100L16.500 7zM5 10h3.500v2H7v8h10v-8h-1.500v-2H19v12H5z";
export const FLAG_ICON = "M5 2h2v1h12l-3 5 3 5H7v9H5z";
export const SCORE_ICON = "M4 13h4v8H4zm6-5h4v13h-4zm6-5h4v18h-4z";
export const BACK_ICON = "M15.500 3.800 17 5.300 10.300 12l6.700 6.700-1.500 1.500L7.300 12z";
export const DONE_ICON =
  "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zm4.800 5.900-6.300 6.300-3.300-3.300-1.400 1.400 4.700 4.700 7.700-7.700z";
export const PLAY_ICON = "M7 4v16l13-8z";
export const PAUSE_ICON = "M6 4h4v16H6zm8 0h4v16h-4z";
export const STEP_ICON = "M5 4v16l10-8zM16 4h3v16h-3z";
