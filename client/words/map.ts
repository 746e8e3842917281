/** What the badge of the built-in basemap says, where a city is sketched and where nothing is. */
export const SKETCH_WORDS = {
  sketched: {
    title: "Sketch map",
    text: "Drawn by hand: main streets, shores and parks, good to about 100 m. Do not find your way by it.",
  },
  bare: {
    title: "No streets here yet",
    text: "Nobody has sketched this place. Reports are shown where they belong all the same.",
  },
} as const;

/** For whoever runs the service; the name is set in code's type. */
export const OWN_STREETS = ["Whoever runs this service gets real streets with ", "BASEMAP_STYLE_URL", "."] as const;
export const ABOUT_MAP = "About this map";

export const ALLOW_LOCATION = "Your browser's settings for this site allow it.";
