import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";

/** Colours of the map. Those of the layers come from the stylesheet, which the page's controls share. */
export interface Theme {
  readonly name: "light" | "dark";
  readonly layers: Readonly<Record<ReportLayer, string>>;
  /** Counts and icons on a layer's colour. */
  readonly onLayer: string;
  readonly land: string;
  /** Where it is not known what is there. */
  readonly unknown: string;
  readonly water: string;
  readonly waterEdge: string;
  readonly park: string;
  readonly street: string;
  readonly streetEdge: string;
  readonly border: string;
  readonly county: string;
  readonly label: string;
  readonly labelSoft: string;
  readonly halo: string;
  readonly grid: string;
}

const LIGHT: Omit<Theme, "layers" | "name"> = {
  onLayer: "#ffffff",
  land: "#f7f5f0",
  unknown: "#ebe6db",
  water: "#d3dfe6",
  waterEdge: "#b9cbd5",
  park: "#e3ead8",
  street: "#ffffff",
  streetEdge: "#dfd8ca",
  border: "#b5ab9a",
  county: "#e4ded2",
  label: "#4c4a45",
  labelSoft: "#74706a",
  halo: "#f7f5f0",
  grid: "#8d8471",
};

const DARK: Omit<Theme, "layers" | "name"> = {
  onLayer: "#10151a",
  land: "#1b2027",
  unknown: "#222932",
  water: "#143142",
  waterEdge: "#31566b",
  park: "#1f3329",
  street: "#55616e",
  streetEdge: "#13181d",
  border: "#5d6873",
  county: "#303942",
  label: "#c9d0d6",
  labelSoft: "#a5afb8",
  halo: "#12171c",
  grid: "#8fa0b0",
};

const darkScheme = matchMedia("(prefers-color-scheme: dark)");
let chosen: Theme["name"] | undefined;
const listeners: (() => void)[] = [];
const tell = (): void => {
  for (const listener of listeners) listener();
};
darkScheme.addEventListener("change", () => {
  if (chosen === undefined) tell();
});

/** Draws the map in a theme whatever the system asks for; `undefined` follows the system again. */
export function chooseTheme(name: Theme["name"] | undefined): void {
  const before = themeName();
  chosen = name;
  if (themeName() !== before) tell();
}

const themeName = (): Theme["name"] => chosen ?? (darkScheme.matches ? "dark" : "light");

/** The theme that was chosen, or else the one that the system asks for now. */
export function currentTheme(): Theme {
  const css = getComputedStyle(document.documentElement);
  const layers = Object.fromEntries(REPORT_LAYERS.map((layer) => [layer, css.getPropertyValue(`--${layer}`).trim()]));
  return {
    ...(themeName() === "dark" ? DARK : LIGHT),
    name: themeName(),
    layers: layers as Record<ReportLayer, string>,
  };
}

export function onThemeChange(listener: () => void): void {
  listeners.push(listener);
}
